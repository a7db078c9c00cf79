internal import NIOCore
internal import SingerCore
internal import SingerNode

/// Somebody with a nick: a guest, or an account, with one or more connections. Lives in the `IRCServer` actor.
final class IRCUser {
    /// Tells users apart for as long as they are here; nicks change.
    let number: Int
    var nick: String
    var userName: String
    var host: String
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
        self.realName = realName
        signedOn = now
        lastActive = now
    }

    static let guestHost = "guest.singer"

    /// `nick!user@host`
    var source: String { "\(nick)!\(userName)@\(host)" }

    /// Under which what outlives a nick is kept.
    var key: IRCPartyKey { account.map { .account($0.key) } ?? .guest(number) }
}

struct IRCAccount: Hashable, Sendable {
    let key: AccountKey
    let name: String

    /// As in `diogo!diogo@77d0a1b2.key`.
    var host: String { Self.host(of: key) }

    static func host(of key: AccountKey) -> String { Fingerprint(key).description.filter { $0 != "-" }.prefix(8) + ".key" }

    static func source(of user: UserView) -> String { "\(user.name)!\(user.name)@\(host(of: user.account))" }
}

enum IRCPartyKey: Hashable, Sendable {
    case account(AccountKey)
    case guest(Int)
}

/// One connection. Lives in the `IRCServer` actor.
final class IRCClient {
    let number: Int
    let outbox: IRCOutbox
    var capabilities: IRCCapabilities = []
    var capVersion = 301
    var registration = IRCRegistration()
    /// Set when registration is complete.
    var user: IRCUser?
    var login: Login?
    var pushing: Task<Void, Never>?
    /// Posts that came before the login, and that the client fetches by itself.
    var postsToSkip = 0
    /// Views that this connection looks at, by folded channel name.
    var views: [String: IRCView] = [:]
    var monitored: [String: String] = [:]
    var subscriptions: Set<String> = []
    var sasl: IRCSASL?
    var multiline: IRCMultiline?
    var idStyle = IDStyle.suffix
    /// Set before registration; the user takes them over.
    var metadata: [String: String] = [:]
    var away: String?
    var isGone = false

    /// Where ids stand in the text of posts.
    enum IDStyle: String {
        case off
        case prefix
        case suffix
    }

    init(number: Int, outbox: IRCOutbox) {
        self.number = number
        self.outbox = outbox
    }

    /// Before it has a nick: `*`.
    var nick: String { user?.nick ?? registration.nick ?? "*" }
}

struct IRCView: Hashable, Sendable {
    let view: View
    /// As the client wrote it.
    let channel: String
}

/// How far a connection is with its registration.
struct IRCRegistration {
    var nick: String?
    /// What it asked for while somebody else had it; a client that shares that account's nick can have it after all.
    var nickRefused: String?
    var userName: String?
    var realName = ""
    /// Between CAP LS or CAP REQ and CAP END.
    var isNegotiating = false
    /// Whether the gateway's password was given, or none is needed.
    var isAdmitted = false
    /// Whether the nick is an account's name, whatever the client asks for.
    var isNamed = false

    /// Whether everything is there that a user needs.
    var isComplete: Bool { nick != nil && userName != nil && !isNegotiating }
}

/// An ordinary channel of this peer. It ends with its last member.
final class IRCChannel {
    let name: String
    let created: Milliseconds
    var members: [Int: Member] = [:]
    var topic: Topic?
    var modes: Set<Character> = ["n", "t"]
    var key: String?
    var metadata: [String: String] = [:]
    var history = IRCHistory()
    /// Those who were invited, by the number of the user.
    var invited: Set<Int> = []

    struct Member {
        let user: IRCUser
        var isOperator = false
        var isVoiced = false

        func prefix(isMulti: Bool) -> String {
            if isOperator { return isMulti && isVoiced ? "@+" : "@" }
            return isVoiced ? "+" : ""
        }
    }

    struct Topic {
        let text: String
        let setBy: String
        let setAt: Milliseconds
    }

    init(name: String, now: Milliseconds) {
        self.name = name
        created = now
    }

    var sortedMembers: [Member] { members.values.sorted { $0.user.number < $1.user.number } }

    func isOperator(_ user: IRCUser) -> Bool { members[user.number]?.isOperator == true }
}

/// What was said in an ordinary channel or between two users, as long as the peer runs. The oldest goes first.
struct IRCHistory {
    private(set) var items: [IRCHistoryItem] = []

    mutating func append(_ item: IRCHistoryItem) {
        items.append(item)
        if items.count > IRCLimits.historyMessagesMax { items.removeFirst(items.count - IRCLimits.historyMessagesMax) }
    }

    func item(_ messageID: String) -> IRCHistoryItem? { items.last { $0.messageID == messageID } }

    mutating func remove(_ messageID: String) { items.removeAll { $0.messageID == messageID } }
}

/// A message as it was sent, so that it can be sent again.
struct IRCHistoryItem: Sendable {
    let messageID: String
    let time: Milliseconds
    let source: String
    /// Of the sender.
    let party: IRCPartyKey?
    let account: String?
    let isBot: Bool
    /// PRIVMSG, NOTICE, TAGMSG or TOPIC.
    let command: String
    let target: String
    /// More than one for a multi-line message; none for TAGMSG.
    let lines: [Line]
    let clientTags: [IRCMessage.Tag]

    struct Line: Hashable, Sendable {
        let text: String
        /// Whether it continues the line before, without a newline between them.
        var isContinued = false
    }

    func outgoing(_ line: Line?) -> IRCOutgoing {
        var message = IRCOutgoing(command, [target], source: source, text: line?.text)
        message.time = time
        message.account = account
        message.isBot = isBot
        return message
    }
}
