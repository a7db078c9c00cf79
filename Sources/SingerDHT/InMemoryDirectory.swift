public import SingerCore

/// A node of an `InMemoryNetwork`, for tests.
public final class InMemoryDirectory: Directory {
    private let network: InMemoryNetwork
    private let node: Int
    private let broadcast = ChangeBroadcast()

    public init(network: InMemoryNetwork) {
        self.network = network
        node = network.join(broadcast)
    }

    deinit {
        network.leave(node)
        broadcast.finish()
    }

    /// Whether the node can reach others that are connected too. Cut off, it has what lies at itself.
    public var isConnected: Bool {
        get { network.isConnected(node) }
        set { network.setConnected(node, newValue) }
    }

    public func put(_ record: PlacedRecord, permanent: Bool) async {
        network.put(record, permanent: permanent, force: false, by: node)
    }

    /// Puts what the storage rule forbids at this node, as a hostile one would.
    func putUnchecked(_ record: PlacedRecord) {
        network.put(record, permanent: true, force: true, by: node)
    }

    public func withdraw(_ place: DirectoryKey, valueID: UInt64) async {
        network.withdraw(place, valueID: valueID, by: node)
    }

    public func get(_ place: DirectoryKey, _ kind: RecordKind) -> AsyncStream<Envelope> {
        let found = network.get(place, kind, by: node)
        return AsyncStream { continuation in
            for envelope in found { continuation.yield(envelope) }
            continuation.finish()
        }
    }

    public func listen(_ place: DirectoryKey, _ kind: RecordKind, besides writer: Bytes32<Never>?) -> AsyncStream<Envelope> {
        network.listen(place, kind, by: node)
    }

    public func meet(_ endpoint: Endpoint) async {}

    public func status() async -> DirectoryStatus {
        let good = network.goodNodes(node)
        return DirectoryStatus(port: node, goodNodes: good, publicHosts: good > 0 ? ["127.0.0.1"] : [])
    }

    public func changes() -> AsyncStream<Void> { broadcast.stream() }

    public func shutdown() async {
        network.leave(node)
        broadcast.finish()
    }
}
