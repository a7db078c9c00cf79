internal import SingerCore
internal import SingerNode

/// Somebody with a nick: a guest, or an account, with one or more connections. Lives in the `IRCServer` actor.
final class IRCUser {
    /// Tells users apart for as long as they are here; nicks change.
    let number: Int
    var nick: String { didSet { source = Self.source(nick, userName, host) } }
    var userName: String { didSet { source = Self.source(nick, userName, host) } }
    var host: String { didSet { source = Self.source(nick, userName, host) } }
    /// `nick!user@host`
    private(set) var source: String
    var realName: String
    var account: IRCAccount?
    var away: String?
    var isBot = false
    var isInvisible = false
    var clients: [IRCClient] = []
    /// By folded name.
    var channels: [String: IRCChannel] = [:]
    var metadata: [String: String] = [:]
    let signedOn: Milliseconds
    var lastActive: Milliseconds

    init(number: Int, nick: String, userName: String, realName: String, now: Milliseconds) {
        self.number = number
        self.nick = nick
        self.userName = userName
        self.host = Self.guestHost
        source = Self.source(nick, userName, Self.guestHost)
        self.realName = realName
        signedOn = now
        lastActive = now
    }

    static let guestHost = "guest.singer"

    private static func source(_ nick: String, _ userName: String, _ host: String) -> String { "\(nick)!\(userName)@\(host)" }

    /// Under which what outlives a nick is kept.
    var key: IRCPartyKey { account.map { .account($0.key) } ?? .guest(number) }
}

struct IRCAccount: Hashable, Sendable {
    let key: AccountKey
    let name: String

    /// As in `diogo!diogo@77d0a1b2.key`.
    var host: String { Self.host(of: key) }

    static func host(of key: AccountKey) -> String { Fingerprint(key).short + ".key" }

    static func source(of user: UserView) -> String { "\(user.name)!\(user.name)@\(host(of: user.account))" }
}

enum IRCPartyKey: Hashable, Sendable {
    case account(AccountKey)
    case guest(Int)
}
