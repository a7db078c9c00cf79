internal import SingerCore

/// LIST, INVITE, KICK and MODE of ordinary channels. Who created a channel is its operator.
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

    func mode(_ call: IRCCall) {
        let target = call.parameters[0]
        if IRCName.isView(target) {
            guard call.client.views[target.ircFolded] != nil else { return numeric(.noSuchChannel, call, [target], "No such channel") }
            if call.parameters.count > 1, call.parameters[1].contains("b") { return numeric(.endOfBanList, call, [target], "End of channel ban list") }
            return numeric(.channelModeIs, call, [target, "+n"])
        }
        if target.utf8.first == UInt8(ascii: "#") {
            guard let channel = channels[target.ircFolded] else { return numeric(.noSuchChannel, call, [target], "No such channel") }
            channelMode(channel, call)
        } else {
            userMode(target, call)
        }
    }

    private func userMode(_ target: String, _ call: IRCCall) {
        guard let user = call.client.user else { return }
        guard let named = users[target.ircFolded] else { return numeric(.noSuchNick, call, [target], "No such nick/channel") }
        guard named === user else { return numeric(.usersDontMatch, call, [], "Can't change mode for other users") }
        guard let changes = call.parameter(1) else {
            return numeric(.userModeIs, call, ["+" + (user.isBot ? "B" : "") + (user.isInvisible ? "i" : "")])
        }
        var isAdding = true
        var made = (added: "", removed: "")
        var isUnknown = false
        for mode in changes {
            switch mode {
            case "+": isAdding = true
            case "-": isAdding = false
            case "B" where user.isBot != isAdding, "i" where user.isInvisible != isAdding:
                if mode == "B" { user.isBot = isAdding } else { user.isInvisible = isAdding }
                if isAdding { made.added.append(mode) } else { made.removed.append(mode) }
            case "B", "i": break
            default: isUnknown = true
            }
        }
        if isUnknown { numeric(.unknownUserModeFlag, call, [], "Unknown MODE flag") }
        let text = (made.added.isEmpty ? "" : "+" + made.added) + (made.removed.isEmpty ? "" : "-" + made.removed)
        guard !text.isEmpty else { return }
        let message = IRCOutgoing("MODE", [user.nick, text], source: user.source)
        call.reply(message)
        send(message, to: user, except: call.client)
    }

    private func channelMode(_ channel: IRCChannel, _ call: IRCCall) {
        guard let user = call.client.user else { return }
        guard let changes = call.parameter(1) else {
            let isInside = channel.members[user.number] != nil
            let key = channel.key.map { ["k"] + (isInside ? [$0] : []) } ?? []
            numeric(.channelModeIs, call, [channel.name, "+" + channel.modes.sorted().map(String.init).joined() + key.prefix(1).joined()] + key.dropFirst())
            return numeric(.creationTime, call, [channel.name, String(channel.created / 1_000)])
        }
        if changes == "b" || changes == "+b", call.parameters.count == 2 {
            return numeric(.endOfBanList, call, [channel.name], "End of channel ban list")
        }
        guard channel.isOperator(user) else { return numeric(.operatorPrivilegesNeeded, call, [channel.name], "You're not a channel operator") }
        var arguments = call.parameters.dropFirst(2)
        var isAdding = true
        var letters = ""
        var sign: Bool?
        var shown: [String] = []
        func made(_ mode: Character, _ argument: String? = nil) {
            if sign != isAdding { letters.append(isAdding ? "+" : "-") }
            sign = isAdding
            letters.append(mode)
            if let argument { shown.append(argument) }
        }
        for mode in changes {
            switch mode {
            case "+": isAdding = true
            case "-": isAdding = false
            case "i", "m", "n", "s", "t":
                guard channel.modes.contains(mode) != isAdding else { continue }
                if isAdding { channel.modes.insert(mode) } else { channel.modes.remove(mode) }
                made(mode)
            case "k":
                let key = arguments.popFirst()
                guard !isAdding || key?.isEmpty == false else { continue }
                channel.key = isAdding ? key?.prefix(bytes: 32) : nil
                made(mode, isAdding ? channel.key : "*")
            case "o", "v":
                guard let nick = arguments.popFirst() else { continue }
                guard let named = users[nick.ircFolded], var member = channel.members[named.number] else {
                    numeric(.userNotInChannel, call, [nick, channel.name], "They aren't on that channel")
                    continue
                }
                if mode == "o" { member.isOperator = isAdding } else { member.isVoiced = isAdding }
                channel.members[named.number] = member
                made(mode, named.nick)
            case "b": numeric(.endOfBanList, call, [channel.name], "End of channel ban list")
            default: numeric(.unknownMode, call, [String(mode)], "is unknown mode char to me")
            }
        }
        guard !letters.isEmpty else { return }
        let message = IRCOutgoing("MODE", [channel.name, letters] + shown, source: user.source)
        call.reply(message)
        send(message, to: channel, except: call.client)
    }
}
