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
        /// Actions by name, for tests.
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
        case message(Replica.Message, from: Int, wire: UInt64, hops: UInt8)
        case commit([Entry], from: NodeKey?, hops: UInt8, isNews: Bool)
        case dialled(NodeKey)
        case lookedUp(AccountKey)
        case unparked
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
    private var agenda = Agenda<(peer: Int, life: Int, event: Event)>()
    private var indices: [NodeKey: Int] = [:]
    private var copies: [EntryID: [Disk.Copy]] = [:]
    private var wiresMade: UInt64 = 0

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

    // MARK: Events for a peer

    public mutating func tell(_ peer: Int, _ event: Replica.Event) {
        let actions = peers[peer].replica.handle(event, now: now + peers[peer].skew)
        for action in actions { carryOut(action, at: peer) }
        planTick(of: peer)
    }

    private mutating func planTick(of peer: Int) {
        let local = now + peers[peer].skew
        guard let due = peers[peer].replica.nextTick(after: local).map({ now + max(1, $0 - local) }), due < peers[peer].tickDue ?? .max else { return }
        peers[peer].tickDue = due
        later(due - now, peer, .tick)
    }

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
        case .message(let message, let from, let wire, let hops): arrive(message, from: from, wire: wire, hops: hops, at: peer)
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
        case .tick:
            guard peers[peer].tickDue == now else { return }
            peers[peer].tickDue = nil
            tell(peer, .tick)
            if audit != nil, peers[peer].replica.footprint > Self.footprintMax { audit?.violation("peer \(peer) keeps too much in memory") }
        case .lost(let other, let wire): if peers[peer].wires[other]?.id == wire { disconnect(peer, other) }
        }
    }

    /// Folds an event into the trace.
    private mutating func note(_ event: Event, at peer: Int) {
        let (kind, detail): (UInt64, UInt64) =
            switch event {
            case .message(let message, let from, _, _): (1, UInt64(from) << 32 | UInt64(message.bytes))
            case .commit(let entries, _, let hops, _): (2, (entries.first?.id.leadingWord ?? 0) &+ UInt64(entries.count) &+ UInt64(hops))
            case .dialled(let node): (3, node.leadingWord)
            case .lookedUp(let account): (4, account.leadingWord)
            case .unparked: (5, 0)
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

    // MARK: Links

    func canReach(_ a: Int, _ b: Int) -> Bool {
        peers[a].isUp && peers[b].isUp && (walls.isEmpty || !walls.contains([a, b])) && (sides.isEmpty || sides[a] == sides[b])
    }

    public mutating func connect(_ a: Int, _ b: Int) {
        guard peers[a].isUp, peers[b].isUp, peers[a].wires[b] == nil else { return }
        wiresMade += 1
        peers[a].wires[b] = Wire(id: wiresMade)
        peers[b].wires[a] = Wire(id: wiresMade)
        tell(a, .linkUp(peers[b].node, Self.endpoints(b)))
        if peers[b].wires[a] != nil { tell(b, .linkUp(peers[a].node, Self.endpoints(a))) }
    }

    public mutating func disconnect(_ a: Int, _ b: Int) {
        guard peers[a].wires.removeValue(forKey: b) != nil else { return }
        peers[b].wires[a] = nil
        if peers[a].isUp { tell(a, .linkDown(peers[b].node)) }
        if peers[b].isUp { tell(b, .linkDown(peers[a].node)) }
    }

    public mutating func breakAll() {
        for a in peers.indices { for b in peers[a].wires.keys.sorted() where a < b { disconnect(a, b) } }
    }

    mutating func send(_ message: Replica.Message, from peer: Int, to other: Int, hops: UInt8 = 0) {
        guard let wire = peers[peer].wires[other], let message = tampered(message, from: peer, to: other) else { return }
        if faults.lossOneIn > 0, random.oneIn(faults.lossOneIn) { return }
        let bytes = message.bytes
        traffic.count(message, bytes: bytes, isHome: isHome(peer, of: message))
        if !canReach(peer, other) {
            // The other side of the wall: the kernel sends again for a while, then the link is gone.
            if !wire.isCut {
                peers[peer].wires[other]?.isCut = true
                later(Milliseconds(1_000 + random.below(20_000)), peer, .lost(other, wire: wire.id))
            }
            return
        }
        if faults.breakOneIn > 0, random.oneIn(faults.breakOneIn) { return later(1, peer, .lost(other, wire: wire.id)) }
        if wire.frames >= Limits.linkQueueFramesMax || wire.bytes + bytes > Limits.linkQueueBytesMax {
            traffic.overflows += 1
            return later(1, peer, .lost(other, wire: wire.id))
        }
        peers[peer].wires[other]?.frames += 1
        peers[peer].wires[other]?.bytes += bytes
        let times = faults.repeatOneIn > 0 && random.oneIn(faults.repeatOneIn) ? 2 : 1
        for _ in 0..<times {
            var latency = Milliseconds(faults.latencyMin)
            if faults.latencyMax > faults.latencyMin { latency += Milliseconds(random.below(faults.latencyMax - faults.latencyMin)) }
            if faults.stallOneIn > 0, random.oneIn(faults.stallOneIn) { latency += Milliseconds(200 + random.below(1_300)) }
            if faults.isInOrder {
                // A link of 16 Mbit/s.
                latency = max(now + latency, peers[peer].wires[other]?.lastArrival ?? 0) + Milliseconds(bytes / 2_000) - now
                peers[peer].wires[other]?.lastArrival = now + latency
            }
            later(latency, other, .message(message, from: peer, wire: wire.id, hops: hops))
        }
    }

    private func isHome(_ peer: Int, of message: Replica.Message) -> Bool {
        guard case .entries(let entries, _) = message, let entry = entries.first else { return false }
        return homes[entry.header.account]?.contains(peer) == true
    }

    // MARK: What the shell does

    private mutating func arrive(_ message: Replica.Message, from: Int, wire: UInt64, hops: UInt8, at peer: Int) {
        guard peers[peer].wires[from]?.id == wire else { return }
        peers[from].wires[peer]?.frames -= 1
        peers[from].wires[peer]?.bytes -= message.bytes
        if audit != nil, audit?.verifies(message) == false {
            traffic.refused += 1
            return disconnect(peer, from)
        }
        if case .entries(let entries, _) = message {
            if keepsHistory { peers[peer].arrived += entries.map(\.header.seq) }
            hopsUnderWay = hops
        }
        tell(peer, .received(message, from: peers[from].node))
    }

    /// How far the entries that are being handled have come.
    private var hopsUnderWay: UInt8 = 0

    mutating func commit(_ entries: [Entry], from source: NodeKey?, hops: UInt8, isNews: Bool, at peer: Int) {
        var new: [Entry] = []
        var known: [Entry] = []
        for entry in entries {
            let copy = share(entry)
            let outcome = peers[peer].disk.ingest(copy, hops: hops, now: now + peers[peer].skew) { Disk.Copy($0) }
            switch outcome {
            case .stored, .completed: new.append(entry)
            case .duplicate, .quarantined: known.append(entry)
            case .parked:
                known.append(entry)
                later(entry.header.created - Limits.clockSkewMax - now - peers[peer].skew, peer, .unparked)
            case .equivocation(let proof):
                known.append(entry)
                peers[peer].proofs.append(proof)
                tell(peer, .equivocated(proof, from: nil))
            }
            if case .stored = outcome { audit?.stored(entry, at: peer, hops: hops, isNews: isNews, now: now) }
        }
        if !known.isEmpty { tell(peer, .known(known)) }
        if keepsHistory { peers[peer].commits += new.map(\.header.seq) }
        if !new.isEmpty { tell(peer, .stored(new, from: source, isNews: isNews)) }
        for entry in new {
            // Another device of an account here, or this one before its disk was put back.
            guard let own = peers[peer].disk.hosted[entry.header.account], own != entry.header.device || source != nil else { continue }
            keepUp(entry, at: peer)
        }
        noteBodies(new, at: peer)
    }

    /// An account here has followed somebody, or ceased to, elsewhere or in a past that was lost.
    private mutating func keepUp(_ entry: Entry, at peer: Int) {
        switch entry.content {
        case .follow(let who), .unfollow(let who):
            if peers[peer].disk.following.contains(who.account) { takeUp(who.account, at: peer) } else { tell(peer, .unfollowed(who.account)) }
        case .post, .profile, .like, .unlike, .delete, .revoke, nil: break
        }
    }

    /// Tells the replica which posts lack their bodies, where that may have changed.
    private mutating func noteBodies(_ entries: [Entry], at peer: Int) {
        let mayHaveChanged = entries.contains { $0.body == nil || $0.header.kind == .delete }
        guard mayHaveChanged else { return }
        for account in entries.map(\.header.account).unique() { tellWithheld(of: account, to: peer) }
    }

    mutating func tellWithheld(of account: AccountKey, to peer: Int) {
        var withheld: [DeviceKey: SequenceSet] = [:]
        for (device, log) in peers[peer].disk.logs where log.entries.first?.value.copy.entry.header.account == account {
            withheld[device] = SequenceSet(peers[peer].disk.withheld(device).map { $0...$0 })
        }
        tell(peer, .withheld(account, withheld))
    }

    /// One object for all copies of the same bytes.
    mutating func share(_ entry: Entry) -> Disk.Copy {
        for copy in copies[entry.id] ?? [] where (copy.entry.body == nil) == (entry.body == nil) && copy.entry.signature == entry.signature { return copy }
        let copy = Disk.Copy(entry)
        copies[entry.id, default: []].append(copy)
        return copy
    }

    private mutating func tellContacts(of account: AccountKey, to peer: Int) {
        var found = directory[account] ?? []
        if found.count > contactsMax {
            var some: Set<Int> = []
            for _ in 0..<contactsMax { some.insert(found[random.below(found.count)]) }
            found = some.sorted()
        }
        for other in (found + (homes[account] ?? [])).unique() where other != peer {
            let isHome = homes[account]?.contains(other) == true
            tell(peer, .contact(.init(account: account, node: peers[other].node, endpoints: Self.endpoints(other), isHome: isHome)))
        }
        tell(peer, .lookupEnded(account))
    }

    private mutating func carryOut(_ action: Replica.Action, at peer: Int) {
        switch action {
        case .store(let entries, let source, let isNews):
            later(commitTime, peer, .commit(entries, from: source, hops: hopsUnderWay, isNews: isNews))
        case .send(let message, let node):
            if case .want = message { wants += 1 }
            guard let other = index(of: node) else { return }
            var hops: UInt8 = 0
            if case .entries(let entries, _) = message, let header = entries.first?.header {
                hops = (peers[peer].disk.logs[header.device]?.entries[header.seq]?.hops ?? 0) &+ 1
            }
            send(message, from: peer, to: other, hops: hops)
        case .answer(let want, let node):
            guard !peers[peer].isSilent, let other = index(of: node) else { return }
            let log = peers[peer].disk.logs[want.device]?.entries ?? [:]
            var (batch, bytes, hops): ([Entry], Int, UInt8) = ([], 0, 0)
            for seq in want.range where batch.count < Limits.batchEntriesMax {
                guard let stored = log[seq], stored.copy.entry.header.account == want.account else { continue }
                bytes += stored.copy.entry.wireBytes
                if bytes > Limits.batchBytesMax, !batch.isEmpty { break }
                batch.append(stored.copy.entry)
                hops = max(hops, stored.hops)
            }
            send(.entries(batch, answers: want), from: peer, to: other, hops: hops &+ 1)
        case .sendRecord, .unwanted: break
        case .dial(let node, _):
            precondition(peers[peer].dialling.insert(node).inserted, "peer \(peer) dials the same peer twice at once, seed \(seed)")
            if keepsHistory { peers[peer].dials.append((now, node)) }
            let isThere = index(of: node).map { canReach(peer, $0) } ?? false
            let hangs = index(of: node).map { peers[$0].hangs } ?? false
            later(hangs ? 10_000 : isThere || !faults.isInOrder ? 20 : 500, peer, .dialled(node))
        case .lookUp(let account): later(faults.isInOrder ? 100 : 10, peer, .lookedUp(account))
        case .accept(let entry, let recipient, let node):
            guard let other = index(of: node) else { return }
            let isHere = peers[peer].disk.hosted[recipient] != nil
            if isHere {
                if keepsHistory, !peers[peer].accepted.contains(entry) { peers[peer].accepted.append(entry) }
                commit([entry], from: nil, hops: 1, isNews: false, at: peer)
            }
            send(.receipt(entry.id, recipient: recipient, isUnknown: !isHere), from: peer, to: other)
        case .settle(let debt):
            if keepsHistory { peers[peer].settled.append(debt) }
            peers[peer].disk.debts.removeAll { $0.entry.id == debt.entry.id && $0.recipient == debt.recipient }
        case .close(let node): if let other = index(of: node) { disconnect(peer, other) }
        case .quarantine(let proof, let node):
            let isNew = peers[peer].disk.logs[proof.device]?.proof == nil
            peers[peer].disk.logs[proof.device, default: Disk.Log()].proof = peers[peer].disk.logs[proof.device]?.proof ?? proof
            if isNew { peers[peer].proofs.append(proof) }
            tell(peer, .equivocated(proof, from: node))
        case .ownLogBehind(_, _, let last): peers[peer].behind.append(last)
        case .held(_, _, let seq, let holders): if keepsHistory { peers[peer].receipts[seq] = holders }
        }
    }
}
