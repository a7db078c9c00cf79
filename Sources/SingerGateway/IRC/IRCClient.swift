internal import NIOCore
internal import SingerCore
internal import SingerNode

/// One connection. Lives in the `IRCServer` actor.
final class IRCClient {
    let number: Int
    let output: ClientOutput
    var liveness: IRCLiveness
    var liveCheck: Scheduled<Void>?
    var capabilities: IRCCapabilities = []
    var capVersion = 301
    var registration = IRCRegistration()
    /// Set when registration is complete.
    var user: IRCUser? {
        didSet { speech = nil }
    }
    var login: Login?
    /// The login whose timeline it is being shown.
    var settling: Login?
    /// The login that it is told what is new for.
    var told: Login?
    /// Posts that came before the login, and that the client fetches by itself.
    var postsToSkip = 0
    /// Views that this connection looks at, by folded channel name.
    var views: [String: IRCView] = [:]
    /// By folded nick.
    var monitored: [String: Monitored] = [:]
    /// Of those, nicks that nobody here has any more, and whose accounts may have sessions elsewhere: it is being found out.
    var nicksLeft: Set<String> = []
    var subscriptions: Set<String> = []
    var sasl: IRCSASL?
    var multiline: IRCMultiline?
    var idStyle = IDStyle.suffix
    /// Set before registration; the user takes them over.
    var metadata: [String: String] = [:]
    var away: String?
    /// Where it spoke last: see `IRCServer+Relay`.
    var speech: IRCSpeech?
    var isGone = false

    /// A nick on the list of MONITOR, and what the client was told of it last.
    struct Monitored {
        let nick: String
        var isOnline = false
    }

    /// Where ids stand in the text of posts.
    enum IDStyle: String {
        case off
        case prefix
        case suffix
    }

    init(number: Int, output: ClientOutput, liveness: IRCLiveness) {
        self.liveness = liveness
        self.number = number
        self.output = output
    }

    /// Before it has a nick: `*`.
    var nick: String { user?.nick ?? registration.nick ?? "*" }
}

struct IRCView {
    let view: View
    /// As the client wrote it.
    let channel: String
    let opened: Milliseconds
    /// What was last shown in it: of a deleted post nothing else tells where it was.
    private var shown: [Shown] = []
    /// Posts in `shown`.
    private var shownCount = 0

    private enum Shown {
        case post(EntryID)
        /// All views that were shown the same refer to one list.
        case posts([EntryID])

        var count: Int {
            switch self {
            case .post: 1
            case .posts(let posts): posts.count
            }
        }

        func contains(_ id: EntryID) -> Bool {
            switch self {
            case .post(let post): post == id
            case .posts(let posts): posts.contains(id)
            }
        }
    }

    init(view: View, channel: String, opened: Milliseconds) {
        self.view = view
        self.channel = channel
        self.opened = opened
    }

    func hasShown(_ id: EntryID) -> Bool { shown.contains { $0.contains(id) } }

    mutating func didShow(_ id: EntryID) {
        if !hasShown(id) { note(.post(id)) }
    }

    mutating func didShow(_ posts: [EntryID]) { note(.posts(posts)) }

    private mutating func note(_ new: Shown) {
        shown.append(new)
        shownCount += new.count
        while shownCount > IRCLimits.shownMax, shown.count > 1 { shownCount -= shown.removeFirst().count }
    }
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
