internal import NIOCore

/// PING to clients that are silent, and the end of those that stay so.
extension IRCServer {
    func watch(_ client: IRCClient) { check(client, at: client.liveness.firstCheck) }

    private func check(_ client: IRCClient, at time: NIODeadline) {
        let number = client.number
        client.liveCheck = eventLoop.scheduleTask(deadline: time) { [self] in
            Task { await self.checkLiveness(of: number) }
        }
    }

    private func checkLiveness(of number: Int) async {
        guard let client = clients[number], !client.isGone else { return }
        switch client.liveness.check(now: .now(), isRegistered: client.user != nil) {
        case .wait(let time): check(client, at: time)
        case .ping(let time):
            send(IRCOutgoing("PING", source: nil, text: serverName), to: client)
            check(client, at: time)
        case .close(let reason):
            let output = client.output
            await depart(client, reason, isLost: true)
            output.cut(Self.farewell("Closing link: \(reason)"))
        }
    }
}
