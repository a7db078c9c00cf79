/// MONITOR, and those who are told who comes and goes.
extension IRCServer {
    func monitor(_ call: IRCCall) async {
        let client = call.client
        let nicks = call.parameter(1).map { $0.split(separator: ",").map(String.init) } ?? []
        switch call.parameters[0].asciiUppercased {
        case "+":
            let elsewhere = await followees(of: client, unlessHere: nicks)
            guard !client.isGone else { return }
            let added = add(nicks, call)
            showMonitored(added, elsewhere, call)
            for nick in added {
                guard let user = users[nick.ircFolded] else { continue }
                for message in subscribed(user.nick, user.metadata, client) { call.reply(message) }
            }
        case "-":
            for nick in nicks { unwatch(nick.ircFolded, client) }
        case "C":
            for nick in client.monitored.keys { unwatch(nick, client) }
        case "L":
            monitorReplies(.monitorList, client.monitored.values.map(\.nick).sorted(), call)
            numeric(.endOfMonitorList, call, [], "End of MONITOR list")
        case "S":
            let listed = client.monitored.values.map(\.nick).sorted()
            showMonitored(listed, await followees(of: client, unlessHere: listed), call)
        default:
            numeric(.needMoreParameters, call, ["MONITOR"], "MONITOR is followed by +, -, C, L or S")
        }
    }

    /// - Returns: those that are on the list now.
    private func add(_ nicks: [String], _ call: IRCCall) -> [String] {
        let client = call.client
        var added: [String] = []
        for (index, nick) in nicks.enumerated() {
            // Masks, and what can't be a nick, are never online.
            guard IRCName.isNick(nick) else { continue }
            let folded = nick.ircFolded
            guard client.monitored.count < IRCLimits.monitorMax || client.monitored[folded] != nil else {
                numeric(.monitorListFull, call, [String(IRCLimits.monitorMax), nicks[index...].joined(separator: ",")], "Monitor list is full.")
                break
            }
            if client.monitored[folded] == nil { client.monitored[folded] = IRCClient.Monitored(nick: nick) }
            watchers[folded, default: []].insert(client.number)
            added.append(nick)
        }
        return added
    }

    private func showMonitored(_ nicks: [String], _ elsewhere: [String: IRCFollowee], _ call: IRCCall) {
        var online: [String] = []
        var offline: [String] = []
        for nick in nicks {
            let source = users[nick.ircFolded]?.source ?? elsewhere[nick.ircFolded].flatMap { $0.isOnline ? $0.source : nil }
            call.client.monitored[nick.ircFolded]?.isOnline = source != nil
            if let source { online.append(source) } else { offline.append(nick) }
        }
        monitorReplies(.monitorOnline, online, call)
        monitorReplies(.monitorOffline, offline, call)
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
        let folded = nick.ircFolded
        for number in watchers[folded] ?? [] {
            guard let client = clients[number], client.user != nil else { continue }
            if let user {
                tellMonitor(client, nick, user.source)
                for message in subscribed(user.nick, user.metadata, client) { send(message, to: client) }
            } else if client.login == nil {
                tellMonitor(client, nick, nil)
            } else {
                // An account that it follows may have other sessions, here or elsewhere.
                client.nicksLeft.insert(nick)
                if client.nicksLeft.count == 1 { Task { await self.tellUnlessElsewhere(number) } }
            }
        }
    }

    /// However many nicks change meanwhile, they are looked for together.
    private func tellUnlessElsewhere(_ number: Int) async {
        while let client = clients[number], !client.nicksLeft.isEmpty {
            let nicks = client.nicksLeft
            let elsewhere = await followees(of: client, unlessHere: nicks.sorted())
            client.nicksLeft.subtract(nicks)
            guard clients[number] != nil else { return }
            for nick in nicks where users[nick.ircFolded] == nil && elsewhere[nick.ircFolded]?.isOnline != true { tellMonitor(client, nick, nil) }
        }
    }

    /// Tells what a client does not know of a nick on its list.
    ///
    /// - Parameter source: of who has the nick; `nil`: nobody is online by that name.
    func tellMonitor(_ client: IRCClient, _ nick: String, _ source: String?) {
        guard let watched = client.monitored[nick.ircFolded], watched.isOnline != (source != nil) else { return }
        client.monitored[nick.ircFolded]?.isOnline = source != nil
        send(message(source == nil ? .monitorOffline : .monitorOnline, to: client, [], source ?? nick), to: client)
    }
}
