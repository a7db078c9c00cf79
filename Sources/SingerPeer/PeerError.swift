public import SingerCore

/// Why there is no listener or no link.
public enum PeerError: Error, Hashable, Sendable {
    /// TLS did not take the certificate or key of this node.
    case badIdentity(reason: String)
    case portInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
    case unreachable(Endpoint, reason: String)
    case connectTimedOut(Endpoint)
    case handshakeTimedOut(Endpoint)
    /// What answered is not a peer, or refused to be one.
    case handshakeFailed(Endpoint, reason: String)
    /// Another peer than the one that was expected.
    case wrongKey(Endpoint, expected: NodeKey, found: NodeKey)
    /// As many links are open as there may be; of those that others dialled there may be fewer.
    case linksFull
    /// The transport was shut down.
    case stopped
}

extension PeerError: CustomStringConvertible {
    /// One line for a person.
    public var description: String {
        switch self {
        case .badIdentity(let reason): "this node's key cannot be used for TLS: \(reason)"
        case .portInUse(let host, let port): "port \(port) on \(host) is already in use"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host) port \(port): \(reason)"
        case .unreachable(let endpoint, let reason): "cannot reach \(endpoint): \(reason)"
        case .connectTimedOut(let endpoint): "\(endpoint) does not answer"
        case .handshakeTimedOut(let endpoint): "\(endpoint) accepts connections but does not answer as a Singer peer"
        case .handshakeFailed(let endpoint, let reason): "\(endpoint) is not a Singer peer: \(reason)"
        case .wrongKey(let endpoint, let expected, let found): "\(endpoint) is another peer: expected key \(expected), found \(found)"
        case .linksFull: "there is no room for more links"
        case .stopped: "the peer transport is shut down"
        }
    }
}
