import SingerCore
import SingerReplication

extension Replica.Message {
    /// Roughly what the message takes on a link: fields of the schema with their tags, and the frame around them.
    var bytes: Int {
        switch self {
        case .have(let states):
            8 + states.reduce(0) { sum, state in sum + 40 + state.held.values.reduce(0) { $0 + 38 + 8 * min($1.ranges.count, Limits.rangesMax) } }
        case .announce(let news): 8 + 78 * news.count
        case .want: 84
        case .entries(let entries, let want): 8 + 160 + (want == nil ? 0 : 78) + entries.reduce(0) { $0 + $1.wireBytes }
        case .delivery(let debt): 8 + 200 + debt.entry.wireBytes
        case .receipt: 76
        case .graft, .prune: 40
        case .refer(let referral): 44 + 64 * referral.peers.count
        case .equivocation: 700
        case .digest: 14
        case .buckets(let sums): 10 + 8 * sums.count
        }
    }

    /// What it is, in a word.
    var kind: String {
        switch self {
        case .have: "have"
        case .announce: "announce"
        case .want: "want"
        case .entries(_, let want): want == nil ? "pushed" : "answered"
        case .delivery, .receipt: "deliveries"
        case .graft, .prune: "graft, prune"
        case .refer: "refer"
        case .equivocation: "proofs"
        case .digest, .buckets: "digests"
        }
    }
}
