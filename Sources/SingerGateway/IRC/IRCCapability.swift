internal import SingerCore

/// What a client may negotiate (IRCv3 capability-negotiation 302).
struct IRCCapabilities: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    static let accountNotify = Self(rawValue: 1 << 0)
    static let accountTag = Self(rawValue: 1 << 1)
    static let awayNotify = Self(rawValue: 1 << 2)
    static let batch = Self(rawValue: 1 << 3)
    static let capNotify = Self(rawValue: 1 << 4)
    static let changeHost = Self(rawValue: 1 << 5)
    static let echoMessage = Self(rawValue: 1 << 6)
    static let extendedJoin = Self(rawValue: 1 << 7)
    static let extendedMonitor = Self(rawValue: 1 << 8)
    static let inviteNotify = Self(rawValue: 1 << 9)
    static let labeledResponse = Self(rawValue: 1 << 10)
    static let messageTags = Self(rawValue: 1 << 11)
    static let multiPrefix = Self(rawValue: 1 << 12)
    static let sasl = Self(rawValue: 1 << 13)
    static let serverTime = Self(rawValue: 1 << 14)
    static let setName = Self(rawValue: 1 << 15)
    static let standardReplies = Self(rawValue: 1 << 16)
    static let userhostInNames = Self(rawValue: 1 << 17)
    static let accountRegistration = Self(rawValue: 1 << 18)
    static let chatHistory = Self(rawValue: 1 << 19)
    static let eventPlayback = Self(rawValue: 1 << 20)
    static let messageRedaction = Self(rawValue: 1 << 21)
    static let metadata = Self(rawValue: 1 << 22)
    static let multiline = Self(rawValue: 1 << 23)
    static let noImplicitNames = Self(rawValue: 1 << 24)
    static let preAway = Self(rawValue: 1 << 25)
    static let readMarker = Self(rawValue: 1 << 26)

    /// Those that change how a line looks; two sessions that agree in them can be sent the same bytes.
    static let tagged: Self = [.accountTag, .messageTags, .serverTime]

    /// The names, in the order of CAP LS.
    static let names: [(name: String, capability: Self)] = [
        ("account-notify", .accountNotify), ("account-tag", .accountTag), ("away-notify", .awayNotify), ("batch", .batch),
        ("cap-notify", .capNotify), ("chghost", .changeHost), ("draft/account-registration", .accountRegistration),
        ("draft/chathistory", .chatHistory), ("draft/event-playback", .eventPlayback), ("draft/message-redaction", .messageRedaction),
        ("draft/metadata-3", .metadata), ("draft/multiline", .multiline), ("draft/no-implicit-names", .noImplicitNames),
        ("draft/pre-away", .preAway), ("draft/read-marker", .readMarker), ("echo-message", .echoMessage), ("extended-join", .extendedJoin),
        ("extended-monitor", .extendedMonitor), ("invite-notify", .inviteNotify), ("labeled-response", .labeledResponse),
        ("message-tags", .messageTags), ("multi-prefix", .multiPrefix), ("sasl", .sasl), ("server-time", .serverTime), ("setname", .setName),
        ("standard-replies", .standardReplies), ("userhost-in-names", .userhostInNames),
    ]

    static let byName = Dictionary(names.map { ($0.name, $0.capability) }, uniquingKeysWith: { first, _ in first })

    /// As CAP LS lists them. Values, and what means nothing without its value, only for version 302.
    ///
    /// - Parameter isSecure: whether the connection speaks TLS. Then the client is told to come by TLS from now on (IRCv3 sts).
    static func list(version: Int, isSecure: Bool) -> [String] {
        let policy = isSecure && version >= 302 ? ["sts=duration=\(IRCLimits.secureTransportSeconds)"] : []
        return policy
            + names.compactMap { name, capability in
                guard version >= 302 else { return capability == .multiline || capability == .metadata ? nil : name }
                return value(of: capability).map { "\(name)=\($0)" } ?? name
            }
    }

    private static func value(of capability: Self) -> String? {
        switch capability {
        case .accountRegistration: "custom-account-name"
        case .metadata:
            "before-connect,max-subs=\(IRCLimits.subscriptionsMax),max-keys=\(IRCLimits.metadataKeysMax),max-value-bytes=\(IRCLimits.metadataValueBytesMax)"
        case .multiline: "max-bytes=\(IRCLimits.multilineBytesMax),max-lines=\(IRCLimits.multilineLinesMax)"
        case .sasl: "PLAIN"
        default: nil
        }
    }

    var list: [String] { Self.names.filter { contains($0.capability) }.map(\.name) }
}

/// Bounds of the IRC dialect, each with its reason.
enum IRCLimits {
    /// The longest name of an account must fit.
    static let nickBytesMax = Limits.nameCharactersMax
    static let userBytesMax = 16
    static let channelBytesMax = 64
    static let topicBytesMax = 390
    static let awayBytesMax = 390
    static let realNameBytesMax = 150
    static let kickBytesMax = 255
    /// Room for everything that a client may ask for at once, and for a burst; who is further behind does not read.
    static let sendQueueBytesMax = 4 << 20
    static let channelsPerUserMax = 100
    static let channelsMax = 10_000
    static let monitorMax = 100
    static let targetsMax = 8
    /// Of ordinary channels and private messages; views keep theirs in the store.
    static let historyMessagesMax = 500
    static let historyConversationsMax = 50
    static let historyRowsMax = 100
    /// About a screen.
    static let viewPostsShown = 20
    static let multilineBytesMax = 4_096
    static let multilineLinesMax = 32
    static let subscriptionsMax = 50
    static let metadataKeysMax = 20
    static let metadataKeyBytesMax = 64
    static let metadataValueBytesMax = 300
    static let whowasMax = 1_000
    static let readMarkersMax = 1_000
    /// SASL answers come in pieces of this size; the last one is shorter.
    static let authenticateBytesMax = 400
    static let authenticateTotalBytesMax = 2_000
    /// How long clients shall insist on TLS: as long as a certificate is usually renewed well within.
    static let secureTransportSeconds = 30 * 86_400
    /// REGISTER holds a passphrase, which may be longer than what else stands in a line.
    static let registerBytesMax = 1_024
}
