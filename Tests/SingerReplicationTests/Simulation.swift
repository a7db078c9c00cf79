import SingerCore
import SingerReplication
import SingerTesting

import struct Foundation.Data

/// Replicas with stores in memory, on a network that a test can break, in virtual time. The same seed, the same run.
///
/// A link is a TCP connection: what is under way on it is lost when it breaks, and only then. With `faults` it also loses,
/// repeats and reorders, which is worse than TCP; call `breakAll` when the faults end, as TCP would have done.
struct Simulation {
    struct Peer {
        let node: NodeKey
        var replica: Replica
        var entries: [DeviceKey: [UInt64: Entry]] = [:]
        var hosted: Set<AccountKey> = []
        var settled: [Replica.Debt] = []
        var accepted: [Entry] = []
        /// Sequence numbers in the order in which they were committed.
        var commits: [UInt64] = []
        /// Sequence numbers in the order in which they came over links.
        var arrived: [UInt64] = []
        var dials: [(at: Milliseconds, to: NodeKey)] = []
        var dialling: Set<NodeKey> = []
        var isUp = true
        /// Leaves wants without an answer.
        var isSilent = false
    }

    enum Event {
        case message(Replica.Message, from: Int)
        case commit([Entry], from: NodeKey?, isNews: Bool)
        case dialled(NodeKey)
        case lookedUp(AccountKey)
    }

    struct Faults {
        var lossOneIn = 0
        var repeatOneIn = 0
        var latencyMax = 0
    }

    var peers: [Peer]
    var now: Milliseconds = TestAuthor.start
    var faults = Faults()
    var random: Generator
    /// How long a commit takes.
    var commitTime: Milliseconds = 2
    /// What a lookup finds.
    var directory: [AccountKey: [Int]] = [:]
    var homes: [AccountKey: Int] = [:]
    /// Pairs that cannot reach each other.
    var walls: Set<Set<Int>> = []
    private(set) var links: Set<Set<Int>> = []
    private(set) var wants = 0
    private var agenda: [Milliseconds: [(peer: Int, event: Event)]] = [:]

    init(_ count: Int, seed: UInt64 = 1) {
        random = Generator(seed: seed)
        peers = (0..<count).map { Peer(node: Self.node($0), replica: Replica(seed: seed &+ UInt64($0))) }
    }

    static func node(_ index: Int) -> NodeKey { EntryID.sha256(Data("node \(index)".utf8)).converted() }

    static func endpoints(_ index: Int) -> [Endpoint] { [Endpoint(host: "peer\(index)", port: 4_000)].compactMap { $0 } }

    func index(of node: NodeKey) -> Int { peers.firstIndex { $0.node == node } ?? -1 }

    // MARK: What a test does

    /// A peer's own feed.
    mutating func host(_ author: TestAuthor, at peer: Int, _ log: [Entry]) {
        peers[peer].hosted.insert(author.account)
        homes[author.account] = peer
        directory[author.account, default: []].append(peer)
        tell(peer, .hosting(author.account))
        give(log, to: peer)
    }

    /// Entries that a peer had in its store when it started.
    mutating func give(_ log: some Sequence<Entry>, to peer: Int) {
        var held: [DeviceKey: SequenceSet] = [:]
        var account: AccountKey?
        for entry in log {
            account = entry.header.account
            peers[peer].entries[entry.header.device, default: [:]][entry.header.seq] = entry
            held[entry.header.device, default: SequenceSet()].insert(entry.header.seq)
        }
        for (device, set) in held { if let account { tell(peer, .holding(account, device, set)) } }
    }

    /// A new entry, written at the peer.
    mutating func publish(_ entry: Entry, at peer: Int) {
        peers[peer].entries[entry.header.device, default: [:]][entry.header.seq] = entry
        tell(peer, .stored([entry], from: nil, isNews: true))
    }

    mutating func follow(_ author: TestAuthor, at peer: Int) { tell(peer, .following(author.account)) }

    mutating func tell(_ peer: Int, _ event: Replica.Event) {
        let actions = peers[peer].replica.handle(event, now: now)
        for action in actions { carryOut(action, at: peer) }
    }

    mutating func connect(_ a: Int, _ b: Int) {
        guard peers[a].isUp, peers[b].isUp, links.insert([a, b]).inserted else { return }
        tell(a, .linkUp(peers[b].node))
        tell(b, .linkUp(peers[a].node))
    }

    mutating func disconnect(_ a: Int, _ b: Int) {
        guard links.remove([a, b]) != nil else { return }
        for (at, events) in agenda {
            agenda[at] = events.filter { peer, event in
                if case .message(_, let from) = event { return Set([peer, from]) != [a, b] }
                return true
            }
        }
        tell(a, .linkDown(peers[b].node))
        tell(b, .linkDown(peers[a].node))
    }

    mutating func breakAll() {
        for link in links.map({ $0.sorted() }).sorted(by: { $0.lexicographicallyPrecedes($1) }) { disconnect(link[0], link[1]) }
    }

    /// Lets virtual time pass; the timers of all peers tick ten times a second.
    mutating func run(for duration: Milliseconds) {
        let end = now + duration
        while now < end {
            now += 1
            while let events = agenda.removeValue(forKey: now) {
                for (peer, event) in events { happen(event, at: peer) }
            }
            if now % 100 == 0 { for peer in peers.indices where peers[peer].replica.hasWork { tell(peer, .tick) } }
        }
    }

    func held(_ author: TestAuthor, at peer: Int) -> [ClosedRange<UInt64>] {
        SequenceSet((peers[peer].entries[author.device.publicKey] ?? [:]).keys.map { $0...$0 }).ranges
    }

    // MARK: What the shell does

    private mutating func later(_ delay: Milliseconds, _ peer: Int, _ event: Event) { agenda[now + max(1, delay), default: []].append((peer, event)) }

    private mutating func happen(_ event: Event, at peer: Int) {
        switch event {
        case .message(let message, let from):
            guard links.contains([peer, from]) else { return }
            if case .entries(let entries, _) = message { peers[peer].arrived += entries.map(\.header.seq) }
            tell(peer, .received(message, from: peers[from].node))
        case .commit(let entries, let source, let isNews):
            let new = entries.filter { peers[peer].entries[$0.header.device]?[$0.header.seq] == nil }
            guard !new.isEmpty else { return }
            for entry in new { peers[peer].entries[entry.header.device, default: [:]][entry.header.seq] = entry }
            peers[peer].commits += new.map(\.header.seq)
            tell(peer, .stored(new, from: source, isNews: isNews))
        case .dialled(let node):
            peers[peer].dialling.remove(node)
            let other = index(of: node)
            if other >= 0, peers[other].isUp, !walls.contains([peer, other]) { connect(peer, other) } else { tell(peer, .dialFailed(node)) }
        case .lookedUp(let account):
            for found in directory[account] ?? [] where found != peer {
                tell(
                    peer,
                    .contact(.init(account: account, node: peers[found].node, endpoints: Self.endpoints(found), isHome: homes[account] == found)))
            }
            tell(peer, .lookupEnded(account))
        }
    }

    private mutating func carryOut(_ action: Replica.Action, at peer: Int) {
        switch action {
        case .store(let entries, let source, let isNews): later(commitTime, peer, .commit(entries, from: source, isNews: isNews))
        case .send(let message, let node):
            if case .want = message { wants += 1 }
            send(message, from: peer, to: index(of: node))
        case .answer(let want, let node):
            guard !peers[peer].isSilent else { return }
            let log = peers[peer].entries[want.device] ?? [:]
            send(.entries(want.range.compactMap { log[$0] }, answers: want), from: peer, to: index(of: node))
        case .sendRecord: break
        case .dial(let node, _):
            precondition(peers[peer].dialling.insert(node).inserted, "peer \(peer) dials the same peer twice at once, seed \(random.seed)")
            peers[peer].dials.append((now, node))
            later(20, peer, .dialled(node))
        case .lookUp(let account): later(10, peer, .lookedUp(account))
        case .accept(let entry, let recipient, let node):
            let isHere = peers[peer].hosted.contains(recipient)
            if isHere, !peers[peer].accepted.contains(entry) { peers[peer].accepted.append(entry) }
            send(.receipt(entry.id, recipient: recipient, isUnknown: !isHere), from: peer, to: index(of: node))
        case .settle(let debt): peers[peer].settled.append(debt)
        }
    }

    private mutating func send(_ message: Replica.Message, from peer: Int, to other: Int) {
        guard links.contains([peer, other]) else { return }
        if faults.lossOneIn > 0, random.oneIn(faults.lossOneIn) { return }
        let copies = faults.repeatOneIn > 0 && random.oneIn(faults.repeatOneIn) ? 2 : 1
        for _ in 0..<copies {
            let latency = faults.latencyMax > 0 ? Milliseconds(random.below(faults.latencyMax)) : 5
            later(latency, other, .message(message, from: peer))
        }
    }
}
