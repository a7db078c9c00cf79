public import SingerCore
import SingerReplication

/// What went over the links.
public struct Traffic: Sendable {
    public internal(set) var messages = 0
    public internal(set) var bytes = 0
    /// Messages that did not verify, and links that were closed because too much waited on them.
    public internal(set) var refused = 0
    public internal(set) var overflows = 0
    /// Whole copies of each entry that left the peer of its author, pushed or asked for.
    public internal(set) var homeCopies: [EntryID: Int] = [:]
    public internal(set) var homePushes: [EntryID: Int] = [:]
    /// Of the bytes, those from honest peers, by what they say.
    public internal(set) var honest: [String: Int] = [:]
    var countsHomeCopies: Set<AccountKey> = []

    mutating func count(_ message: Replica.Message, bytes size: Int, isHome: Bool, isHostile: Bool) {
        messages += 1
        bytes += size
        if !isHostile { honest[message.kind, default: 0] += size }
        guard isHome, case .entries(let entries, let want) = message else { return }
        for entry in entries where countsHomeCopies.contains(entry.header.account) {
            homeCopies[entry.id, default: 0] += 1
            if want == nil { homePushes[entry.id, default: 0] += 1 }
        }
    }
}
