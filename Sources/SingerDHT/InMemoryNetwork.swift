public import SingerCore
internal import Synchronization

/// A network of `InMemoryDirectory` nodes in one process: every connected node stores every record, and news travels at once.
///
/// It keeps the rules of the real one, and nothing depends on time but what `advance` says.
public final class InMemoryNetwork: Sendable {
    private let state = Mutex(InMemoryState())

    public init() {}

    /// Lets time pass: records that nobody announces any more come to the end of their lives.
    public func advance(by span: Milliseconds) { state.withLock { $0.advance(by: span) } }

    func join(_ changes: ChangeBroadcast) -> Int { run { $0.join(changes) } }
    func leave(_ node: Int) { run { $0.leave(node) } }
    func setConnected(_ node: Int, _ isConnected: Bool) { run { $0.setConnected(node, isConnected) } }
    func isConnected(_ node: Int) -> Bool { state.withLock { $0.nodes[node]?.isConnected ?? false } }
    func goodNodes(_ node: Int) -> Int { state.withLock { max(0, $0.reachable(from: node).count - 1) } }

    func put(_ record: PlacedRecord, permanent: Bool, force: Bool, by node: Int) {
        run { $0.put(record, permanent: permanent, force: force, by: node) }
    }

    func withdraw(_ place: DirectoryKey, valueID: UInt64, by node: Int) { run { $0.withdraw(place, valueID, by: node) } }

    func get(_ place: DirectoryKey, _ kind: RecordKind, by node: Int) -> [Envelope] {
        state.withLock { state in
            let records = state.records(at: place, kind, for: node)
            return records.filter { StorageRule.allows($0.envelope, at: place, valueID: $0.valueID) }.map(\.envelope)
        }
    }

    func listen(_ place: DirectoryKey, _ kind: RecordKind, by node: Int) -> AsyncStream<Envelope> {
        let (stream, continuation) = AsyncStream.makeStream(of: Envelope.self, bufferingPolicy: .bufferingNewest(Limits.recordsPerKeyMax))
        guard let id = run({ $0.listen(place, kind, continuation, by: node) }) else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.run { $0.endListen(id, by: node) } }
        return stream
    }

    /// What the state wants to tell is told outside the lock: whoever hears it may come back.
    @discardableResult
    private func run<Result: Sendable>(_ body: (inout InMemoryState) -> Result) -> Result {
        let (result, effects) = state.withLock { state in
            let result = body(&state)
            defer { state.effects = [] }
            return (result, state.effects)
        }
        for effect in effects { effect.carryOut() }
        return result
    }
}
