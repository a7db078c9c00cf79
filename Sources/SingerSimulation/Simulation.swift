public import SingerCore
public import SingerReplication

internal import struct Foundation.Data

/// Replicas with disks in memory, on a network that can be broken, in virtual time. The same seed, the same run.
///
/// A link is a TCP connection: what goes over it comes in order and once, until it breaks, and what is under way then is lost.
/// Tests may ask for worse (`Faults`).
public struct Simulation: Sendable {
    public struct Peer: Sendable {
        public let node: NodeKey
        public internal(set) var replica: Replica
        public internal(set) var disk = Disk()
        public internal(set) var settled: [Replica.Debt] = []
        public internal(set) var accepted: [Entry] = []
        /// Sequence numbers in the order in which they were committed, and in which they came over links. Kept with `keepsHistory`.
        public internal(set) var commits: [UInt64] = []
        public internal(set) var arrived: [UInt64] = []
        public internal(set) var dials: [(at: Milliseconds, to: NodeKey)] = []
        public var isUp = true
        /// Leaves wants without an answer.
        public var isSilent = false
        /// Its process is stopped: links stay up, nothing is answered, and whoever dials it waits in vain.
        public var hangs = false
        /// How wrong its clock is.
        var skew: Milliseconds = 0
        var mischief: Mischief?
        var dialling: Set<NodeKey> = []
        var wires: [Int: Wire] = [:]
        /// Peers that have not noticed that this one is gone.
        var mourners: [Int] = []
        /// Counts starts: what was under way at a crash is lost.
        var life = 0
        var tickDue: Milliseconds?
        var ticks = 0
        /// What it was told to keep or to tell, for tests.
        public internal(set) var proofs: [Equivocation] = []
        public internal(set) var behind: [UInt64] = []
        public internal(set) var receipts: [UInt64: Int] = [:]
    }

    /// One direction of a link.
    struct Wire: Sendable {
        let id: UInt64
        var lastArrival: Milliseconds = 0
        var frames = 0
        var bytes = 0
        /// A wall stands between: nothing comes through, and before long both ends notice.
        var isCut = false
    }

    public struct Faults: Sendable {
        /// Messages that are lost or come twice although the link goes on: worse than TCP.
        public var lossOneIn = 0
        public var repeatOneIn = 0
        /// Messages for which the link waits (packets are sent again), and messages at which it breaks.
        public var stallOneIn = 0
        public var breakOneIn = 0
        public var latencyMin = 5
        /// Where it is greater than the least one.
        public var latencyMax = 0
        public var isInOrder = false

        public init() {}

        public init(lossOneIn: Int, repeatOneIn: Int, latencyMax: Int) {
            self.lossOneIn = lossOneIn
            self.repeatOneIn = repeatOneIn
            self.latencyMax = latencyMax
            latencyMin = 0
        }
    }

    enum Event: Sendable {
        case message(Replica.Message, bytes: Int, from: Int, wire: UInt64, hops: UInt8)
        case commit([Entry], from: NodeKey?, hops: UInt8, isNews: Bool)
        case dialled(NodeKey)
        case lookedUp(AccountKey)
        case unparked
        case edgesRead(AccountKey)
        case tick
        case lost(Int, wire: UInt64)
    }

    public var peers: [Peer]
    public internal(set) var now: Milliseconds
    public var faults = Faults()
    public var random: SplitMix64
    public let seed: UInt64
    /// How long a commit takes.
    public var commitTime: Milliseconds = 2
    /// What a lookup finds.
    public var directory: [AccountKey: [Int]] = [:]
    public var homes: [AccountKey: [Int]] = [:]
    /// The latest word on each edge that was put into the DHT, by who is followed, by who follows.
    var edgeRecords: [AccountKey: [AccountKey: Entry]] = [:]
    /// Pairs that cannot reach each other.
    public var walls: Set<Set<Int>> = []
    /// Two sides that cannot reach each other: by peer.
    var sides: [Bool] = []
    public var keepsHistory = true
    /// Contacts that one lookup finds at most.
    public var contactsMax = Int.max
    public internal(set) var wants = 0
    public internal(set) var traffic = Traffic()
    var audit: Audit?
    /// The other entries that equivocating devices wrote at the same places.
    var twins: [EntryID: Entry] = [:]
    /// A number that differs where two runs differ.
    public internal(set) var trace: UInt64 = 0
    var agenda = Agenda<(peer: Int, life: Int, event: Event)>()
    var indices: [NodeKey: Int] = [:]
    /// One object for each entry, whoever holds it.
    var copies: [EntryID: [Disk.Copy]] = [:]
    var wiresMade: UInt64 = 0
    /// How far the entries that are being handled have come.
    var hopsUnderWay: UInt8 = 0

    /// - Parameter now: Unix time at the beginning.
    public init(_ count: Int, seed: UInt64 = 1, now: Milliseconds) {
        self.seed = seed
        self.now = now
        random = SplitMix64(state: seed)
        peers = (0..<count).map { Peer(node: Self.node($0), replica: Replica(seed: seed &+ UInt64($0))) }
        for index in peers.indices { indices[peers[index].node] = index }
    }

    public static func node(_ index: Int) -> NodeKey {
        guard let key = NodeKey(EntryID.sha256(Data("node \(index)".utf8)).bytes) else { preconditionFailure("a hash has 32 bytes") }
        return key
    }

    public static func endpoints(_ index: Int) -> [Endpoint] { [Endpoint(host: "peer\(index)", port: 4_000)].compactMap { $0 } }

    public func index(of node: NodeKey) -> Int? { indices[node] }

    public var links: Set<Set<Int>> { Set(peers.indices.flatMap { peer in peers[peer].wires.keys.map { [peer, $0] } }) }

    /// Items that a replica may keep: a hundred links, each of which says what it can about twenty feeds, and some more.
    static let footprintMax = 250_000

    /// Ticks of a peer between two looks at what it keeps: counting it is work in proportion to it, and one tick adds little.
    static let ticksPerFootprint = 64

    private mutating func measure(_ peer: Int) {
        peers[peer].ticks += 1
        guard audit != nil, peers[peer].ticks % Self.ticksPerFootprint == 0 else { return }
        if peers[peer].replica.footprint > Self.footprintMax { audit?.violation("peer \(peer) keeps too much in memory") }
    }

    // MARK: Events for a peer

    public mutating func tell(_ peer: Int, _ event: Replica.Event) {
        let local = now + peers[peer].skew
        let actions = peers[peer].replica.handle(event, now: local)
        for action in actions { carryOut(action, at: peer) }
        let next = Self.nextTick(&peers[peer].replica, after: local)
        guard let due = next.map({ now + max(1, $0 - local) }), due < peers[peer].tickDue ?? .max else { return }
        peers[peer].tickDue = due
        later(due - now, peer, .tick)
    }

    /// In place: a copy of the replica for each event is a tenth of the work.
    private static func nextTick(_ replica: inout Replica, after now: Milliseconds) -> Milliseconds? { replica.nextTick(after: now) }

    /// Lets virtual time pass.
    public mutating func run(for duration: Milliseconds) { run(until: now + duration) }

    public mutating func run(until end: Milliseconds) {
        while let (due, item) = agenda.take(dueBy: end) {
            now = due
            guard peers[item.peer].life == item.life else { continue }
            guard peers[item.peer].isUp, !peers[item.peer].hangs else {
                if case .tick = item.event { peers[item.peer].tickDue = nil }
                continue
            }
            happen(item.event, at: item.peer)
        }
        now = max(now, end)
    }

    mutating func later(_ delay: Milliseconds, _ peer: Int, _ event: Event) {
        agenda.put((peer, peers[peer].life, event), at: now + max(1, delay))
    }

    private mutating func happen(_ event: Event, at peer: Int) {
        note(event, at: peer)
        switch event {
        case .message(let message, let bytes, let from, let wire, let hops): arrive(message, bytes: bytes, from: from, wire: wire, hops: hops, at: peer)
        case .commit(let entries, let source, let hops, let isNews): commit(entries, from: source, hops: hops, isNews: isNews, at: peer)
        case .dialled(let node):
            peers[peer].dialling.remove(node)
            if let other = index(of: node), canReach(peer, other), !peers[other].hangs, peers[other].wires.count < Limits.linksMax, other != peer {
                connect(peer, other)
            } else {
                tell(peer, .dialFailed(node))
            }
        case .lookedUp(let account): tellContacts(of: account, to: peer)
        case .unparked:
            let local = now + peers[peer].skew
            let due = peers[peer].disk.parked.values.filter { $0.header.created <= local + Limits.clockSkewMax }.sorted { $0.id < $1.id }
            for entry in due { peers[peer].disk.parked[entry.id] = nil }
            if !due.isEmpty { commit(due, from: nil, hops: 0, isNews: false, at: peer) }
        case .edgesRead(let account): readEdges(of: account, at: peer)
        case .tick:
            guard peers[peer].tickDue == now else { return }
            peers[peer].tickDue = nil
            tell(peer, .tick)
            measure(peer)
        case .lost(let other, let wire): if peers[peer].wires[other]?.id == wire { disconnect(peer, other) }
        }
    }

    /// Folds an event into the trace.
    private mutating func note(_ event: Event, at peer: Int) {
        let (kind, detail): (UInt64, UInt64) =
            switch event {
            case .message(_, let bytes, let from, _, _): (1, UInt64(from) << 32 | UInt64(bytes))
            case .commit(let entries, _, let hops, _): (2, (entries.first?.id.leadingWord ?? 0) &+ UInt64(entries.count) &+ UInt64(hops))
            case .dialled(let node): (3, node.leadingWord)
            case .lookedUp(let account): (4, account.leadingWord)
            case .unparked: (5, 0)
            case .edgesRead(let account): (8, account.leadingWord)
            case .tick: (6, 0)
            case .lost(let other, _): (7, UInt64(other))
            }
        var mixer = SplitMix64(state: trace ^ UInt64(bitPattern: now) ^ UInt64(peer) << 40 ^ detail &* 31 &+ kind)
        trace = mixer.next()
    }

    // MARK: What peers have and do

    /// An account of a peer, and the device that writes there.
    public mutating func host(_ account: AccountKey, _ device: DeviceKey, at peer: Int) {
        peers[peer].disk.hosted[account] = device
        homes[account, default: []].append(peer)
        directory[account, default: []].append(peer)
        tell(peer, .hosting(account, device))
    }

    /// The account is served there no more; the replica has not heard of it.
    public mutating func evict(_ account: AccountKey, from peer: Int) {
        peers[peer].disk.hosted[account] = nil
        homes[account]?.removeAll { $0 == peer }
    }

    /// Entries of one account that a peer had on its disk when it started.
    public mutating func give(_ log: some Sequence<Entry>, to peer: Int) {
        var account: AccountKey?
        for entry in log {
            account = entry.header.account
            peers[peer].disk.logs[entry.header.device, default: Disk.Log()].entries[entry.header.seq] = Disk.Stored(copy: share(entry), hops: 0)
        }
        guard let account else { return }
        tellHeld(account, at: peer)
    }

    /// Counts how often entries of an account leave its peer, from now on.
    public mutating func countHomeCopies(of account: AccountKey) { traffic.countsHomeCopies.insert(account) }

    /// A new entry, written at the peer.
    public mutating func publish(_ entry: Entry, at peer: Int) { commit([entry], from: nil, hops: 0, isNews: true, at: peer) }
}
