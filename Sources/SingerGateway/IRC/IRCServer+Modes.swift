internal import SingerCore

/// MODE, of ordinary channels and of oneself.
extension IRCServer {
    func mode(_ call: IRCCall) {
        let target = call.parameters[0]
        if IRCName.isView(target) {
            guard let view = call.client.views[target.ircFolded] else { return numeric(.noSuchChannel, call, [target], "No such channel") }
            if call.parameters.count > 1, call.parameters[1].contains("b") { return numeric(.endOfBanList, call, [target], "End of channel ban list") }
            numeric(.channelModeIs, call, [view.channel, "+n"])
            return numeric(.creationTime, call, [view.channel, String(view.opened / 1_000)])
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
        let message = action(of: user, "MODE", [user.nick, text])
        call.reply(message)
        send(message, to: user, except: call.client)
    }

    private static func isKey(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.first != UInt8(ascii: ":") && text.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != UInt8(ascii: ",") }
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
                guard !isAdding || key.map(Self.isKey) == true else {
                    numeric(.invalidModeParameter, call, [channel.name, "k", key ?? "*"], "A key has no spaces and no commas")
                    continue
                }
                channel.key = isAdding ? key?.prefix(bytes: 32) : nil
                made(mode, isAdding ? channel.key : "*")
            case "o", "v":
                guard let nick = arguments.popFirst() else { continue }
                guard let named = users[nick.ircFolded] else {
                    numeric(.noSuchNick, call, [nick], "No such nick/channel")
                    continue
                }
                guard var member = channel.members[named.number] else {
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
        let message = event(of: user, "MODE", [channel.name, letters] + shown)
        keep(message, of: user, in: channel)
        call.reply(message)
        send(message, to: channel, except: call.client)
    }
}
