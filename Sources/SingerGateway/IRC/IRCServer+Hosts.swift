/// A user's host changes when their account does (IRCv3 chghost).
extension IRCServer {
    func tellHost(of user: IRCUser, from source: String, _ call: IRCCall) {
        var change = action(of: user, "CHGHOST", [user.userName, user.host])
        change.source = source
        if call.client.capabilities.contains(.changeHost) { call.reply(change) }
        sendToPeers(of: user, change, includingSelf: true, except: call.client, having: .changeHost, monitors: true)
        var quit = action(of: user, "QUIT", text: "Changing host")
        quit.source = source
        simulateReturn(of: user, quit)
    }

    /// Clients that do not know chghost learn the new host by seeing the user go and come.
    private func simulateReturn(of user: IRCUser, _ quit: IRCOutgoing) {
        var told: Set<Int> = []
        for channel in user.channels.values.sorted(by: { $0.name < $1.name }) {
            let modes = channel.members[user.number].map { ($0.isOperator ? "o" : "") + ($0.isVoiced ? "v" : "") } ?? ""
            for member in channel.members.values where member.user !== user {
                for client in member.user.clients where !client.capabilities.contains(.changeHost) {
                    if told.insert(client.number).inserted { send(quit, to: client) }
                    send(joinMessage(user, channel.name, client.capabilities), to: client)
                    guard !modes.isEmpty else { continue }
                    send(IRCOutgoing("MODE", [channel.name, "+" + modes] + modes.map { _ in user.nick }, source: serverName), to: client)
                }
            }
        }
    }
}
