public import SingerCore
public import SingerReplication

/// What a virtual peer has committed: a store reduced to the rules that replication leans on.
public struct Disk: Sendable {
    /// One copy of an entry, shared by all virtual peers that hold the same bytes.
    public final class Copy: Sendable {
        public let entry: Entry

        init(_ entry: Entry) { self.entry = entry }
    }

    struct Stored: Sendable {
        var copy: Copy
        /// Links that it crossed on its way here.
        let hops: UInt8
    }

    struct Log: Sendable {
        var entries: [UInt64: Stored] = [:]
        var proof: Equivocation?
    }

    public struct Edge: Hashable, Sendable {
        public let follower: AccountKey
        public let followee: AccountKey
    }

    public struct Word: Hashable, Sendable {
        public let follows: Bool
        let created: Milliseconds
    }

    enum Outcome {
        case stored, completed, duplicate, parked, quarantined
        case equivocation(Equivocation)
    }

    var logs: [DeviceKey: Log] = [:]
    var deleted: Set<EntryID> = []
    var parked: [EntryID: Entry] = [:]
    var debts: [(entry: Entry, recipient: AccountKey)] = []
    /// The latest word on each edge of which either end is an account of this peer.
    public internal(set) var edges: [Edge: Word] = [:]
    /// Accounts of this peer, with the device that writes here.
    public internal(set) var hosted: [AccountKey: DeviceKey] = [:]

    public func entry(_ device: DeviceKey, _ seq: UInt64) -> Entry? { logs[device]?.entries[seq]?.copy.entry }

    public func held(_ device: DeviceKey) -> SequenceSet { SequenceSet((logs[device]?.entries ?? [:]).keys.sorted().map { $0...$0 }) }

    /// Whom the accounts of this peer follow.
    var following: [AccountKey] { edges.filter { $0.value.follows && hosted[$0.key.follower] != nil }.map(\.key.followee).unique() }

    /// The earliest date of the next word on an edge, by whatever device: it takes the place of the one that is known here.
    func dateDue(_ content: Entry.Content, by account: AccountKey) -> Milliseconds {
        switch content {
        case .follow(let who), .unfollow(let who): edges[Edge(follower: account, followee: who.account)].map { $0.created + 1 } ?? 0
        case .post, .profile, .like, .unlike, .delete, .revoke, .unknown: 0
        }
    }

    /// Posts without bodies that nobody has deleted.
    func withheld(_ device: DeviceKey) -> [UInt64] {
        (logs[device]?.entries ?? [:]).filter { $1.copy.entry.body == nil && !deleted.contains($1.copy.entry.id) }.keys.sorted()
    }

    mutating func ingest(_ copy: Copy, hops: UInt8, now: Milliseconds, share: (Entry) -> Copy) -> Outcome {
        let entry = copy.entry
        let (device, seq) = (entry.header.device, entry.header.seq)
        if entry.header.created > now + Limits.clockSkewMax {
            if parked.count < Self.parkedMax { parked[entry.id] = entry }
            return .parked
        }
        let log = logs[device]
        if log?.proof != nil { return .quarantined }
        if let held = log?.entries[seq] {
            if held.copy.entry.id != entry.id { return conflict(held.copy.entry, entry) }
            guard held.copy.entry.body == nil, entry.body != nil, !deleted.contains(entry.id) else { return .duplicate }
            logs[device]?.entries[seq]?.copy = copy
            return .completed
        }
        if let before = log?.entries[seq - 1]?.copy.entry,
            !Entry.follows(entry.header, after: before.id, (before.header.seq, before.header.created))
        {
            return conflict(before, entry)
        }
        if let after = log?.entries[seq + 1]?.copy.entry, !Entry.follows(after.header, after: entry.id, (seq, entry.header.created)) {
            return conflict(after, entry)
        }
        let isDeleted = entry.header.kind == .post && deleted.contains(entry.id)
        logs[device, default: Log()].entries[seq] = Stored(copy: isDeleted ? share(entry.stripped) : copy, hops: hops)
        apply(entry, share: share)
        return .stored
    }

    static let parkedMax = 10_000

    private mutating func conflict(_ one: Entry, _ other: Entry) -> Outcome {
        guard let proof = Equivocation(one, other) else { return .duplicate }
        logs[one.header.device]?.proof = proof
        return .equivocation(proof)
    }

    private mutating func apply(_ entry: Entry, share: (Entry) -> Copy) {
        switch entry.content {
        case .follow(let who): set(Edge(follower: entry.header.account, followee: who.account), true, entry.header.created)
        case .unfollow(let who): set(Edge(follower: entry.header.account, followee: who.account), false, entry.header.created)
        case .delete(let target):
            guard target.account == entry.header.account else { return }
            deleted.insert(target.entry)
            // Whichever device of the account wrote it.
            for (device, log) in logs {
                for (seq, stored) in log.entries where stored.copy.entry.id == target.entry && stored.copy.entry.header.account == target.account {
                    logs[device]?.entries[seq]?.copy = share(stored.copy.entry.stripped)
                }
            }
        case .post, .profile, .like, .unlike, .revoke, .unknown, nil: break
        }
    }

    private mutating func set(_ edge: Edge, _ follows: Bool, _ created: Milliseconds) {
        guard hosted[edge.follower] != nil || hosted[edge.followee] != nil else { return }
        if let word = edges[edge], (word.created, word.follows ? 0 : 1) >= (created, follows ? 0 : 1) { return }
        edges[edge] = Word(follows: follows, created: created)
    }
}

extension Entry {
    /// The same entry as it is kept after its deletion.
    package var stripped: Entry {
        (try? Entry(trusting: headerBytes, signature: signature, body: nil, certificate: certificate)) ?? self
    }
}

extension Sequence where Element: Comparable & Hashable {
    /// Each element once, ascending.
    func unique() -> [Element] { Set(self).sorted() }
}
