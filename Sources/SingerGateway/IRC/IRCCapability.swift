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
    static let noImplicitNamesDraft = Self(rawValue: 1 << 24)
    static let preAway = Self(rawValue: 1 << 25)
    static let readMarker = Self(rawValue: 1 << 26)
    static let metadata2 = Self(rawValue: 1 << 27)
    static let noImplicitNames = Self(rawValue: 1 << 28)

    /// Those that change how a line looks; two sessions that agree in them can be sent the same bytes.
    static let tagged: Self = [.accountTag, .messageTags, .serverTime]
    /// The same, for what is said, which may have several lines.
    static let saying: Self = tagged.union([.batch, .multiline])

    /// The names, in the order of CAP LS.
    static let names: [(name: String, capability: Self)] = [
        ("account-notify", .accountNotify), ("account-tag", .accountTag), ("away-notify", .awayNotify), ("batch", .batch),
        ("cap-notify", .capNotify), ("chghost", .changeHost), ("draft/account-registration", .accountRegistration),
        ("draft/chathistory", .chatHistory), ("draft/event-playback", .eventPlayback), ("draft/message-redaction", .messageRedaction),
        ("draft/metadata-2", .metadata2), ("draft/metadata-3", .metadata), ("draft/multiline", .multiline), ("draft/no-implicit-names", .noImplicitNamesDraft),
        ("draft/pre-away", .preAway), ("draft/read-marker", .readMarker), ("echo-message", .echoMessage), ("extended-join", .extendedJoin),
        ("extended-monitor", .extendedMonitor), ("invite-notify", .inviteNotify), ("labeled-response", .labeledResponse),
        ("message-tags", .messageTags), ("multi-prefix", .multiPrefix), ("no-implicit-names", .noImplicitNames), ("sasl", .sasl), ("server-time", .serverTime),
        ("setname", .setName),
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
                guard version >= 302 else { return [.multiline, .metadata, .metadata2].contains(capability) ? nil : name }
                return value(of: capability).map { "\(name)=\($0)" } ?? name
            }
    }

    private static func value(of capability: Self) -> String? {
        switch capability {
        case .accountRegistration: "custom-account-name"
        case .metadata, .metadata2:
            "before-connect,max-subs=\(IRCLimits.subscriptionsMax),max-keys=\(IRCLimits.metadataKeysMax),max-value-bytes=\(IRCLimits.metadataValueBytesMax)"
        case .multiline: "max-bytes=\(IRCLimits.multilineBytesMax),max-lines=\(IRCLimits.multilineLinesMax)"
        case .sasl: "PLAIN"
        default: nil
        }
    }

    /// Under the name that it has now, or the one that it had as a draft.
    var hasNoImplicitNames: Bool { !isDisjoint(with: [.noImplicitNames, .noImplicitNamesDraft]) }

    var list: [String] { Self.names.filter { contains($0.capability) }.map(\.name) }
}
