internal import SingerCore

/// INVITE and KICK of ordinary channels. Who created a channel is its operator.
extension IRCServer {
    func invite(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        guard !call.parameters.isEmpty else { return invitations(user, call) }
        guard call.parameters.count > 1 else { return needMoreParameters(call) }
        let (nick, name) = (call.parameters[0], call.parameters[1])
        if IRCName.isView(name) { return await inviteToView(nick, name, call) }
        guard let invited = users[nick.ircFolded] else { return numeric(.noSuchNick, call, [nick], "No such nick/channel") }
        guard let channel = channels[name.ircFolded] else { return numeric(.noSuchChannel, call, [name], "No such channel") }
        guard channel.members[user.number] != nil else { return numeric(.notOnChannel, call, [name], "You're not on that channel") }
        guard channel.members[invited.number] == nil else { return numeric(.userOnChannel, call, [nick, name], "is already on channel") }
        guard !channel.modes.contains("i") || channel.isOperator(user) else {
            return numeric(.operatorPrivilegesNeeded, call, [name], "You're not a channel operator")
        }
        // Those who left without coming are forgotten.
        if channel.invited.count >= IRCLimits.invitedMax { channel.invited.formIntersection(users.values.map(\.number)) }
        channel.invited.insert(invited.number)
        numeric(.inviting, call, [invited.nick, channel.name])
        if let away = invited.away { numeric(.away, call, [invited.nick], away) }
        let message = action(of: user, "INVITE", [invited.nick, channel.name])
        send(message, to: invited)
        send(message, to: channel, except: call.client, having: .inviteNotify)
    }

    private func invitations(_ user: IRCUser, _ call: IRCCall) {
        for channel in channels.values.filter({ $0.invited.contains(user.number) }).sorted(by: { $0.name < $1.name }) {
            numeric(.inviteList, call, [channel.name])
        }
        numeric(.endOfInviteList, call, [], "End of /INVITE list")
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
            let message = event(of: user, "KICK", [channel.name, kicked.nick], text: reason)
            keep(message, of: user, in: channel)
            call.reply(message)
            send(message, to: channel, except: call.client)
            leave(channel, kicked)
        }
    }
}
