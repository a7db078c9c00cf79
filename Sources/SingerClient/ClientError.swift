/// Why there is no conversation with a peer. One line for a person each.
package enum ClientError: Error, Hashable, CustomStringConvertible {
    case unknownHost(String)
    case unreachable(peer: String, reason: String, isHere: Bool)
    /// Something else answers there. With the beginning of what it said.
    case notSinger(peer: String, said: String)
    case silent(peer: String)
    case lineTooLong(peer: String)
    case lost(peer: String)
    /// The peer refuses; in its own words.
    case refused(String)

    package var description: String {
        switch self {
        case .unknownHost(let host): "no host is called \(host)"
        case .unreachable(let peer, let reason, isHere: true): "no peer at \(peer) (\(reason)). Start one with: singerd"
        case .unreachable(let peer, let reason, isHere: false): "no peer at \(peer) (\(reason)). Is it running, and does it listen there?"
        case .notSinger(let peer, let said): "what answers at \(peer) is not a Singer peer" + (said.isEmpty ? "" : ": it says \"\(said)\"")
        case .silent(let peer): "what listens at \(peer) does not answer as a Singer peer does"
        case .lineTooLong(let peer): "\(peer) sends a line without an end: that is not a Singer peer"
        case .lost(let peer): "the connection to \(peer) was lost"
        case .refused(let text): text
        }
    }
}
