internal import SingerCore

/// LIST, INVITE and KICK of ordinary channels. Who created a channel is its operator.
extension IRCServer {
    func list(_ call: IRCCall) {
        let conditions = call.parameter(0).map { Self.targets($0) } ?? []
        numeric(.listStart, call, ["Channel"], "Users  Name")
        for channel in channels.values.sorted(by: { $0.name < $1.name }) where isVisible(channel, to: call.client.user) {
            let count = channel.members.count
            let isMeant = conditions.isEmpty || conditions.contains { Self.matches(channel.name, count, $0) }
            guard isMeant else { continue }
            numeric(.list, call, [channel.name, String(count)], channel.topic?.text ?? "")
        }
        numeric(.listEnd, call, [], "End of /LIST")
    }

    /// ELIST=MNU: a mask, `!` and a mask, `<` or `>` and a number of members.
    private static func matches(_ name: String, _ count: Int, _ condition: String) -> Bool {
        let rest = String(condition.dropFirst())
        return switch condition.first {
        case "<": count < Int(rest) ?? 0
        case ">": count > Int(rest) ?? .max
        case "!": !IRCName.matches(name, mask: rest)
        default: IRCName.matches(name, mask: condition)
        }
    }

    func invite(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        let (nick, name) = (call.parameters[0], call.parameters[1])
        if IRCName.isView(name) { return await inviteToView(nick, name, call) }
        guard let invited = users[nick.ircFolded] else { return numeric(.noSuchNick, call, [nick], "No such nick/channel") }
        guard let channel = channels[name.ircFolded] else { return numeric(.noSuchChannel, call, [name], "No such channel") }
        guard channel.members[user.number] != nil else { return numeric(.notOnChannel, call, [name], "You're not on that channel") }
        guard channel.members[invited.number] == nil else { return numeric(.userOnChannel, call, [nick, name], "is already on channel") }
        guard !channel.modes.contains("i") || channel.isOperator(user) else {
            return numeric(.operatorPrivilegesNeeded, call, [name], "You're not a channel operator")
        }
        channel.invited.insert(invited.number)
        numeric(.inviting, call, [invited.nick, channel.name])
        if let away = invited.away { numeric(.away, call, [invited.nick], away) }
        var message = IRCOutgoing("INVITE", [invited.nick, channel.name], source: user.source)
        message.time = now
        message.account = user.account?.name
        send(message, to: invited)
        send(message, to: channel, except: call.client, having: .inviteNotify)
    }

    func kick(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        let (name, nick) = (call.parameters[0], call.parameters[1])
        if IRCName.isView(name) { return await kickFromView(nick, name, call) }
        guard let channel = channels[name.ircFolded] else { return numeric(.noSuchChannel, call, [name], "No such channel") }
        guard channel.members[user.number] != nil else { return numeric(.notOnChannel, call, [name], "You're not on that channel") }
        guard channel.isOperator(user) else { return numeric(.operatorPrivilegesNeeded, call, [name], "You're not a channel operator") }
        for nick in Self.targets(nick) {
            guard let kicked = users[nick.ircFolded], channel.members[kicked.number] != nil else {
                numeric(.userNotInChannel, call, [nick, name], "They aren't on that channel")
                continue
            }
            let reason = (call.parameter(2) ?? user.nick).prefix(bytes: IRCLimits.kickBytesMax)
            let message = IRCOutgoing("KICK", [channel.name, kicked.nick], source: user.source, text: reason)
            call.reply(message)
            send(message, to: channel, except: call.client)
            leave(channel, kicked)
        }
    }
}
