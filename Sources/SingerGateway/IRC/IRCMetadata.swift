internal import SingerCore

/// Whose metadata it is.
enum IRCMetadataOwner {
    case user(IRCUser)
    case channel(IRCChannel)
    /// A connection that is not yet anybody's.
    case unregistered(IRCClient)

    var name: String {
        switch self {
        case .user(let user): user.nick
        case .channel(let channel): channel.name
        case .unregistered(let client): client.nick
        }
    }

    /// As far as a client may see them.
    func values(_ client: IRCClient) -> [String: String] {
        switch self {
        case .user(let user): user.metadata
        case .channel(let channel):
            channel.modes.contains("i") && client.user.flatMap { channel.members[$0.number] } == nil ? [:] : channel.metadata
        case .unregistered(let client): client.metadata
        }
    }

    func isOwn(_ client: IRCClient) -> Bool {
        switch self {
        case .user(let user): user === client.user
        case .channel(let channel): client.user.map { channel.isOperator($0) } ?? false
        case .unregistered: true
        }
    }
}

/// In which words a client is told: those of draft/metadata-2, or of its revision draft/metadata-3 (ircv3-specifications, pull request 613).
enum IRCMetadataVersion {
    case two
    case three

    init(_ capabilities: IRCCapabilities) {
        self = capabilities.contains(.metadata2) && !capabilities.contains(.metadata) ? .two : .three
    }

    var invalidKey: String { self == .two ? "KEY_INVALID" : "INVALID_KEY" }
    var invalidValue: String { self == .two ? "VALUE_INVALID" : "INVALID_VALUE" }
    var invalidSubcommand: String { self == .two ? "SUBCOMMAND_INVALID" : "INVALID_PARAMS" }
    var tooManySubscriptions: String { self == .two ? "TOO_MANY_SUBS" : "LIMIT_REACHED" }
}

extension IRCCapabilities {
    /// Whether news of metadata may be sent, in either version.
    var hasMetadata: Bool { contains(.metadata) || contains(.metadata2) }
}
