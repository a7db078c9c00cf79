internal import SingerCore

/// Bounds of the peer link that concern nobody outside this module. `Limits` has the others.
enum PeerLimits {
    /// Handshakes with peers that dialled this one, at one time. One more closes the oldest of them: an honest peer is done
    /// in a few round trips, so those that dawdle make room for it.
    static let handshakesMax = 64
    /// Links that others dialled: the rest of `Limits.linksMax` is for those that this peer dials, whoever comes.
    static let acceptedLinksMax = Limits.linksMax * 3 / 4
    /// Connections that the kernel holds until they are accepted.
    static let backlog: Int32 = 256
    /// Frames are joined into writes of about this size, so that a burst costs few system calls.
    static let chunkBytes = 64 << 10
    /// What is handed to TLS and the socket before they are done with it; the rest waits where it is cheap to drop.
    static let inFlightBytesMax = 256 << 10
    /// A reader that lags behind by this much stops the reading from the socket, which goes on when it is back at the lower mark.
    static let unreadBytesHigh = 256 << 10
    static let unreadBytesLow = 64 << 10
    /// What a frame costs in memory beyond its bytes, so that tiny frames count too.
    static let frameOverheadBytes = 256
}
