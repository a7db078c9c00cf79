/// MONITOR, and those who are told who comes and goes.
extension IRCServer {
    func monitor(_ call: IRCCall) {
        let client = call.client
        let nicks = call.parameter(1).map { $0.split(separator: ",").map(String.init) } ?? []
        switch call.parameters[0].asciiUppercased {
        case "+":
            var online: [String] = []
            var offline: [String] = []
            var metadata: [IRCOutgoing] = []
            for (index, nick) in nicks.enumerated() {
                // Masks, and what can't be a nick, are never online.
                guard IRCName.isNick(nick) else { continue }
                guard client.monitored.count < IRCLimits.monitorMax || client.monitored[nick.ircFolded] != nil else {
                    numeric(.monitorListFull, call, [String(IRCLimits.monitorMax), nicks[index...].joined(separator: ",")], "Monitor list is full.")
                    break
                }
                client.monitored[nick.ircFolded] = nick
                watchers[nick.ircFolded, default: []].insert(client.number)
                if let user = users[nick.ircFolded] {
                    online.append(user.source)
                    metadata += subscribed(user.nick, user.metadata, client)
                } else {
                    offline.append(nick)
                }
            }
            monitorReplies(.monitorOnline, online, call)
            monitorReplies(.monitorOffline, offline, call)
            for message in metadata { call.reply(message) }
        case "-":
            for nick in nicks { unwatch(nick.ircFolded, client) }
        case "C":
            for nick in client.monitored.keys { unwatch(nick, client) }
        case "L":
            monitorReplies(.monitorList, client.monitored.values.sorted(), call)
            numeric(.endOfMonitorList, call, [], "End of MONITOR list")
        case "S":
            let (online, offline) = client.monitored.values.sorted().reduce(into: ([String](), [String]())) { lists, nick in
                if let user = users[nick.ircFolded] { lists.0.append(user.source) } else { lists.1.append(nick) }
            }
            monitorReplies(.monitorOnline, online, call)
            monitorReplies(.monitorOffline, offline, call)
        default:
            numeric(.needMoreParameters, call, ["MONITOR"], "MONITOR is followed by +, -, C, L or S")
        }
    }

    private func monitorReplies(_ kind: IRCNumeric, _ nicks: [String], _ call: IRCCall) {
        for line in Self.packed(nicks) { numeric(kind, call, [], line.joined(separator: ",")) }
    }

    func unwatch(_ folded: String, _ client: IRCClient) {
        client.monitored[folded] = nil
        watchers[folded]?.remove(client.number)
        if watchers[folded]?.isEmpty == true { watchers[folded] = nil }
    }

    /// Somebody took a nick, or left it.
    func tellWatchers(of nick: String, _ user: IRCUser?) {
        for number in watchers[nick.ircFolded] ?? [] {
            guard let client = clients[number], client.user != nil else { continue }
            send(message(user == nil ? .monitorOffline : .monitorOnline, to: client, [], user?.source ?? nick), to: client)
            if let user { for message in subscribed(user.nick, user.metadata, client) { send(message, to: client) } }
        }
    }
}
