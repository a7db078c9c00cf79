import SingerCore

/// The nodes of an in-memory network and what lies at each of them: a pure value, whose effects are carried out by its owner.
struct InMemoryState: Sendable {
    struct Slot: Hashable {
        let place: DirectoryKey
        let valueID: UInt64
    }

    struct Stored {
        var record: PlacedRecord
        var expires: Milliseconds
    }

    struct Listener {
        let place: DirectoryKey
        let kind: RecordKind
        let continuation: AsyncStream<Envelope>.Continuation
        /// Value ids that it has heard of.
        var heard: Set<UInt64> = []
    }

    struct Node {
        var isConnected = true
        var stored: [Slot: Stored] = [:]
        /// What it announces to whoever comes.
        var permanent: [Slot: PlacedRecord] = [:]
        var listeners: [Int: Listener] = [:]
        let changes: ChangeBroadcast
    }

    enum Effect {
        case yield(Envelope, AsyncStream<Envelope>.Continuation)
        case finish(AsyncStream<Envelope>.Continuation)
        case change(ChangeBroadcast)

        func carryOut() {
            switch self {
            case .yield(let envelope, let continuation): continuation.yield(envelope)
            case .finish(let continuation): continuation.finish()
            case .change(let changes): changes.send()
            }
        }
    }

    private(set) var nodes: [Int: Node] = [:]
    var effects: [Effect] = []
    private var now: Milliseconds = 0
    private var nextID = 0

    // MARK: Nodes

    mutating func join(_ changes: ChangeBroadcast) -> Int {
        nextID += 1
        nodes[nextID] = Node(changes: changes)
        connected(nextID)
        return nextID
    }

    mutating func leave(_ id: Int) {
        guard let node = nodes.removeValue(forKey: id) else { return }
        for listener in node.listeners.values { effects.append(.finish(listener.continuation)) }
        if node.isConnected { tellChange() }
    }

    mutating func setConnected(_ id: Int, _ isConnected: Bool) {
        guard let node = nodes[id], node.isConnected != isConnected else { return }
        nodes[id]?.isConnected = isConnected
        effects.append(.change(node.changes))
        if isConnected { connected(id) } else { tellChange() }
    }

    /// Whom a node can ask, in a fixed order, itself first.
    func reachable(from id: Int) -> [Int] {
        guard let node = nodes[id] else { return [] }
        guard node.isConnected else { return [id] }
        return [id] + nodes.filter { $0.key != id && $0.value.isConnected }.keys.sorted()
    }

    private mutating func connected(_ id: Int) {
        tellChange()
        for other in reachable(from: id) { announce(from: other) }
        // Listeners hear what they missed.
        for other in reachable(from: id) { tellListeners(of: other) }
    }

    private mutating func tellChange() {
        for node in nodes.values where node.isConnected { effects.append(.change(node.changes)) }
    }

    mutating func advance(by span: Milliseconds) {
        now += span
        for id in nodes.keys.sorted() { announce(from: id) }
        for (id, node) in nodes {
            let living = node.stored.filter { $0.value.expires > now }
            nodes[id]?.stored = living
        }
    }

    // MARK: Records

    mutating func put(_ record: PlacedRecord, permanent: Bool, force: Bool, by id: Int) {
        let slot = Slot(place: record.place, valueID: record.valueID)
        guard nodes[id] != nil, store(record, slot, at: id, force: force) else { return }
        nodes[id]?.permanent[slot] = permanent ? record : nil
        for other in reachable(from: id).dropFirst() { _ = store(record, slot, at: other, force: false) }
        for other in reachable(from: id) { tellListeners(of: other) }
    }

    mutating func withdraw(_ place: DirectoryKey, _ valueID: UInt64, by id: Int) {
        let slot = Slot(place: place, valueID: valueID)
        guard nodes[id]?.permanent.removeValue(forKey: slot) != nil else { return }
        nodes[id]?.stored[slot] = nil
    }

    /// What the nodes that can be reached hold, each envelope once; those of the asking node first.
    func records(at place: DirectoryKey, _ kind: RecordKind, for id: Int) -> [PlacedRecord] {
        var found: [PlacedRecord] = []
        var seen: Set<PlacedRecord> = []
        for other in reachable(from: id) {
            let here = nodes[other]?.stored.values.filter { $0.record.place == place && $0.record.envelope.kind == kind && $0.expires > now } ?? []
            for stored in here.sorted(by: { $0.record.valueID < $1.record.valueID }) where seen.insert(stored.record).inserted {
                found.append(stored.record)
            }
        }
        return Array(found.prefix(Limits.recordsPerKeyMax))
    }

    private mutating func announce(from id: Int) {
        guard let node = nodes[id] else { return }
        for (slot, record) in node.permanent {
            // Its own copy may have given way to a newer one, which somebody else announced.
            if nodes[id]?.stored[slot]?.record == record { nodes[id]?.stored[slot]?.expires = now + record.envelope.kind.lifetime }
            for other in reachable(from: id).dropFirst() { _ = store(record, slot, at: other, force: false) }
        }
    }

    private mutating func store(_ record: PlacedRecord, _ slot: Slot, at id: Int, force: Bool) -> Bool {
        if !force {
            guard StorageRule.allows(record.envelope, at: record.place, valueID: record.valueID) else { return false }
            if let old = nodes[id]?.stored[slot], old.expires > now,
                StorageRule.allows(old.record.envelope, at: slot.place, valueID: slot.valueID), !record.envelope.replaces(old.record.envelope)
            {
                return false
            }
        }
        nodes[id]?.stored[slot] = Stored(record: record, expires: now + record.envelope.kind.lifetime)
        return true
    }

    // MARK: Listening

    mutating func listen(_ place: DirectoryKey, _ kind: RecordKind, _ continuation: AsyncStream<Envelope>.Continuation, by id: Int) -> Int? {
        guard nodes[id] != nil else { return nil }
        nextID += 1
        nodes[id]?.listeners[nextID] = Listener(place: place, kind: kind, continuation: continuation)
        tellListeners(of: id)
        return nextID
    }

    mutating func endListen(_ listener: Int, by id: Int) { nodes[id]?.listeners[listener] = nil }

    private mutating func tellListeners(of id: Int) {
        for (key, listener) in nodes[id]?.listeners ?? [:] {
            for record in records(at: listener.place, listener.kind, for: id)
            where nodes[id]?.listeners[key]?.heard.insert(record.valueID).inserted == true {
                guard StorageRule.allows(record.envelope, at: record.place, valueID: record.valueID) else { continue }
                effects.append(.yield(record.envelope, listener.continuation))
            }
        }
    }
}
