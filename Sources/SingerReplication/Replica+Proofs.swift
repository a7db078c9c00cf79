import SingerCore

/// What peers prove to each other: that they hold an entry, or that a device wrote two logs.
extension Replica {
    // MARK: Receipts

    /// Notes what a peer says it holds of an account of this peer.
    mutating func witness(_ account: AccountKey, _ held: [DeviceKey: SequenceSet], by node: NodeKey) -> [Action] {
        guard feeds[account]?.isHosted == true, let own = feeds[account]?.own else { return [] }
        guard feeds[account]?.witnesses[node] != nil || makeRoom(forWitnessOf: account) else { return [] }
        let last = feeds[account]?.logs[own]?.held.last ?? 0
        let recent = last - min(last, Self.receiptsRecent) + 1
        let before = feeds[account]?.witnesses[node]?[own] ?? SequenceSet()
        for (device, set) in held where feeds[account]?.logs[device] != nil {
            feeds[account]?.witnesses[node, default: [:]][device, default: SequenceSet()].formUnion(set)
            feeds[account]?.witnesses[node]?[device]?.keepLatest(Self.witnessedRangesMax)
        }
        guard last > 0, let set = held[own] else { return [] }
        // Only of the latest entries: whoever tells of a long log tells nothing new of most of it.
        return set.intersection(recent...last).flatMap { before.missing(in: $0) }.joined().map {
            .held(account, own, $0, holders: holders(of: account, own, $0))
        }
    }

    /// Whoever has no link any more gives its place up to one that has.
    private mutating func makeRoom(forWitnessOf account: AccountKey) -> Bool {
        guard let witnesses = feeds[account]?.witnesses, witnesses.count >= Limits.witnessesMax else { return true }
        guard let gone = witnesses.keys.filter({ links[$0] == nil }).min() else { return false }
        feeds[account]?.witnesses[gone] = nil
        return true
    }

    /// Of a log that a peer holds: an honest one has it in one piece, and perhaps some older ones.
    private static let witnessedRangesMax = 4

    /// Entries at the end of a log whose holders are told one by one.
    private static let receiptsRecent: UInt64 = 16

    // MARK: Two logs of one device

    mutating func equivocated(_ proof: Equivocation, from source: NodeKey?) -> [Action] {
        guard let feed = feeds[proof.account], feed.hasRoom(for: proof.device), feed.logs[proof.device]?.proof == nil else { return [] }
        for want in (feed.logs[proof.device]?.asked ?? [:]).keys { release(want) }
        feeds[proof.account]?.logs[proof.device, default: Log()].proof = proof
        feeds[proof.account]?.logs[proof.device]?.coming = [:]
        feeds[proof.account]?.logs[proof.device]?.awaited = [:]
        feeds[proof.account]?.unannounced[proof.device] = nil
        // Once, to all that have to do with the feed: those who have it already stop there.
        return ties[proof.account].filter { $0.key != source && ($0.value.isSubscriber || $0.value.source != nil) }.keys.sorted().map {
            .send(.equivocation(proof), to: $0)
        }
    }

    mutating func receive(_ proof: Equivocation, from node: NodeKey) -> [Action] {
        guard let feed = feeds[proof.account], feed.hasRoom(for: proof.device), feed.logs[proof.device]?.proof == nil else { return [] }
        return [.quarantine(proof, from: node)]
    }

    func proofs(of account: AccountKey) -> [Equivocation] {
        (feeds[account]?.logs ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value.proof)
    }
}
