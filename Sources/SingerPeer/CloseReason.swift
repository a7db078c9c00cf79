internal import SingerCore

/// Why a link ended.
public enum CloseReason: Hashable, Sendable {
    /// This side closed it, and said why.
    case closedHere(String)
    /// The other side closed it, or went away.
    case closedThere
    /// The other side took less than it was sent, and what waited for it reached `Limits.linkQueueFramesMax` or `linkQueueBytesMax`.
    case queueFull(frames: Int, bytes: Int)
    /// Nothing was heard for `PeerTimings.silenceMax`, or nothing was taken of what waited.
    case silence
    /// The other side announced a frame of no bytes, or of more than `Limits.frameBytesMax`.
    case badLength(UInt32)
    /// The other side sent a frame that is no `WireFrame`.
    case malformed
    /// This side tried to send a frame of more than `Limits.frameBytesMax`.
    case tooLargeToSend(bytes: Int)
    /// The task that read `frames` stopped doing so.
    case notRead
    /// The transport was shut down.
    case shutdown
    /// The connection failed.
    case failed(String)
}

extension CloseReason: CustomStringConvertible {
    /// One line for a person.
    public var description: String {
        switch self {
        case .closedHere(let reason): reason
        case .closedThere: "the other side closed the link"
        case .queueFull(let frames, let bytes): "the other side is too slow: \(frames) frames (\(bytes) bytes) wait for it"
        case .silence: "the other side is silent"
        case .badLength(let length): "the other side announced a frame of \(length) bytes"
        case .malformed: "the other side sent a frame that cannot be read"
        case .tooLargeToSend(let bytes): "a frame of \(bytes) bytes is over the limit of \(Limits.frameBytesMax)"
        case .notRead: "nobody reads from the link"
        case .shutdown: "this peer is shutting down"
        case .failed(let reason): "the connection failed: \(reason)"
        }
    }

    /// Whether what was queued before still goes out, and TLS says goodbye. Otherwise the socket closes at once: its other end is
    /// hostile, dead, or too slow to be waited for.
    var isGraceful: Bool {
        switch self {
        case .closedHere, .shutdown, .notRead, .tooLargeToSend: true
        case .closedThere, .queueFull, .silence, .badLength, .malformed, .failed: false
        }
    }
}
