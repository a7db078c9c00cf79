internal import NIOCore

/// How long a transport waits for what. Tests use shorter ones.
public struct PeerTimings: Sendable, Hashable {
    /// From the start of a dial to a TCP connection, name lookup included.
    public var connect: Duration = .seconds(5)
    /// From a TCP connection to a link.
    public var handshake: Duration = .seconds(10)
    /// A link that has heard nothing for this long asks the other side for a sign of life.
    public var pingAfter: Duration = .seconds(20)
    /// A link that has heard nothing for this long is closed.
    public var silenceMax: Duration = .seconds(60)
    /// How long a closing link waits for the other side to say goodbye too.
    public var goodbye: Duration = .seconds(1)

    public init() {}
}

extension TimeAmount {
    /// Saturates: a wait of more than a hundred years is as good as one of a hundred.
    init(_ duration: Duration) {
        let seconds = min(max(duration.components.seconds, 0), 3_155_760_000)
        self = .nanoseconds(seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
