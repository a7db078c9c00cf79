import SingerCore
import SingerReplication

/// Who follows whom, as the DHT holds it: for those who lost what they were told.
extension Simulation {
    /// How long after its start a peer has read who follows its accounts.
    static let edgesReadTime: Milliseconds = 2_000

    /// Puts a follow or an unfollow under the account that it is about; the later one stays.
    mutating func putEdge(_ entry: Entry, of followee: AccountKey) {
        if let other = edgeRecords[followee]?[entry.header.account], other.header.created > entry.header.created { return }
        edgeRecords[followee, default: [:]][entry.header.account] = entry
    }

    mutating func readEdges(of account: AccountKey, at peer: Int) {
        let edges = (edgeRecords[account] ?? [:]).values.filter { peers[peer].disk.entry($0.header.device, $0.header.seq)?.id != $0.id }
        if !edges.isEmpty { commit(edges.sorted { $0.id < $1.id }, from: nil, hops: 1, isNews: false, at: peer) }
    }

    /// Whether the network holds more of a device's log than its own disk.
    func isOwnLogOld(_ device: DeviceKey, of account: AccountKey, at peer: Int) -> Bool {
        let last = peers[peer].replica.lastHeld(account, device)
        return edgeRecords.values.contains { edges in edges[account].map { $0.header.device == device && $0.header.seq > last } ?? false }
    }
}
