internal import SingerCore

/// WHOWAS, AWAY, SETNAME.
extension IRCServer {
    func whowas(_ call: IRCCall) {
        guard let nick = call.parameter(0) else { return numeric(.noNicknameGiven, call, [], "No nickname given") }
        let count = call.parameter(1).flatMap { Int($0) } ?? 0
        for nick in Self.targets(nick) {
            let found = whowas.reversed().filter { $0.nick.ircFolded == nick.ircFolded }
            for was in found.prefix(count > 0 ? count : .max) {
                numeric(.whowasUser, call, [was.nick, was.userName, was.host, "*"], was.realName)
                numeric(.whoisServer, call, [was.nick, serverName], Timestamp.utc(was.left))
            }
            if found.isEmpty { numeric(.wasNoSuchNick, call, [nick], "There was no such nickname") }
        }
        numeric(.endOfWhowas, call, [nick], "End of WHOWAS")
    }

    func away(_ call: IRCCall) {
        let text = call.parameter(0)?.prefix(bytes: IRCLimits.awayBytesMax)
        // draft/pre-away: `*` says that nobody sits at this client, without saying so to anybody.
        let isSilent = call.client.capabilities.contains(.preAway) && text == "*"
        guard let user = call.client.user else {
            if call.client.capabilities.contains(.preAway) {
                call.client.away = isSilent ? nil : text
            } else {
                numeric(.notRegistered, call, [], "You have not registered")
            }
            return
        }
        if text == nil {
            numeric(.unAway, call, [], "You are no longer marked as being away")
        } else {
            numeric(.nowAway, call, [], "You have been marked as being away")
        }
        if !isSilent { setAway(user, text) }
    }

    func setAway(_ user: IRCUser, _ text: String?) {
        guard user.away != text else { return }
        user.away = text
        let message = action(of: user, "AWAY", text: text)
        sendToPeers(of: user, message, includingSelf: false, having: .awayNotify, monitors: true)
    }

    func setName(_ call: IRCCall) {
        guard let user = call.client.user else { return }
        let name = call.parameters[0]
        guard name.utf8.count <= IRCLimits.realNameBytesMax, !name.isEmpty else {
            return fail(call, "SETNAME", "INVALID_REALNAME", [], "A realname has 1 to \(IRCLimits.realNameBytesMax) bytes")
        }
        user.realName = name
        let message = action(of: user, "SETNAME", text: name)
        if call.client.capabilities.contains(.setName) { call.reply(message) }
        sendToPeers(of: user, message, includingSelf: true, except: call.client, having: .setName, monitors: true)
    }
}
