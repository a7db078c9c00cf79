internal import SingerCore
internal import SingerNode

/// Somebody whom an account follows. They need no connection to this peer: their sessions may be at others.
struct IRCFollowee: Sendable {
    let user: UserView
    let followsBack: Bool
    let isOnline: Bool

    var source: String { IRCAccount.source(of: user) }
}

/// Who is online as an account knows it: to nicks of this peer come those whom it follows.
extension IRCServer {
    /// Whom the client's account follows, in alphabetical order; nobody for guests.
    func followees(of client: IRCClient) async -> [IRCFollowee] {
        guard let login = client.login, let followed = try? await node.followed(by: login) else { return [] }
        let online = await node.online(among: followed.map(\.user.account))
        return followed.map { IRCFollowee(user: $0.user, followsBack: $0.followsBack, isOnline: online.contains($0.user.account)) }
    }

    /// The same by folded name; nobody, when all nicks that are of interest are those of users here.
    func followees(of client: IRCClient, unlessHere nicks: [String]) async -> [String: IRCFollowee] {
        guard nicks.contains(where: { users[$0.ircFolded] == nil }) else { return [:] }
        return Dictionary(await followees(of: client).map { ($0.user.name.ircFolded, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func isOn(_ call: IRCCall) async {
        let nicks = call.parameters.flatMap { $0.split(separator: " ").map(String.init) }
        let elsewhere = await followees(of: call.client, unlessHere: nicks)
        let online = nicks.compactMap { nick in
            if nick.ircFolded == IRCName.service { return IRCName.service }
            return users[nick.ircFolded]?.nick ?? elsewhere[nick.ircFolded].flatMap { $0.isOnline ? $0.user.name : nil }
        }
        numeric(.isOn, call, [], online.joined(separator: " "))
    }

    func userHost(_ call: IRCCall) async {
        let nicks = Array(call.parameters.prefix(5))
        let elsewhere = await followees(of: call.client, unlessHere: nicks)
        let found = nicks.compactMap { nick -> String? in
            if let user = users[nick.ircFolded] { return "\(user.nick)=\(user.away == nil ? "+" : "-")\(user.userName)@\(user.host)" }
            return elsewhere[nick.ircFolded].flatMap { $0.isOnline ? "\($0.user.name)=+\($0.user.name)@\(IRCAccount.host(of: $0.user.account))" : nil }
        }
        numeric(.userHost, call, [], found.joined(separator: " "))
    }

    /// Somebody who is followed came or went: away is who has no session.
    func showPresence(of other: UserView, isOnline: Bool, to client: IRCClient) {
        let user = users[other.name.ircFolded]
        // Who is connected here says by themselves that they are away.
        guard isOnline ? user?.away == nil : user == nil else { return }
        let source = IRCAccount.source(of: other)
        if client.capabilities.contains(.awayNotify) {
            var message = IRCOutgoing("AWAY", source: source, text: isOnline ? nil : "offline")
            message.time = now
            message.account = other.name
            send(message, to: client)
        }
        if user == nil { tellMonitor(client, other.name, isOnline ? source : nil) }
    }
}
