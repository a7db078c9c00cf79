public import SingerCore
import Synchronization

/// The distributed hash table, as the rest of Singer sees it: places that hold signed records.
///
/// Two conformers: `OpenDHTDirectory`, the real one, and `InMemoryDirectory`, for tests. Whatever comes out of
/// a directory has a valid signature and belongs at the place where it lay; storing nodes are not trusted with either.
public protocol Directory: Sendable {
    /// Stores a record at the nodes nearest to its place, in place of an older one of the same signer and value id.
    ///
    /// Alone in the network the record stands locally, and is announced when others join. Nobody waits for the network, nor for the
    /// local node, which takes records in their order.
    ///
    /// - Parameter permanent: keep announcing it for as long as this process runs (or until `withdraw`).
    func put(_ record: PlacedRecord, permanent: Bool) async

    /// Stops announcing a permanent record. Copies elsewhere live on until they expire.
    func withdraw(_ place: DirectoryKey, valueID: UInt64) async

    /// The records of one kind at a place, as they arrive; the stream ends when every node that may hold one has answered.
    ///
    /// Several versions and several signers may come: readers choose, always. At most `Limits.recordsPerKeyMax`.
    func get(_ place: DirectoryKey, _ kind: RecordKind) -> AsyncStream<Envelope>

    /// The records of one kind that lie at a place, and those that will: a value id is reported once, an edit of it is not.
    ///
    /// The stream ends when its consumer's task is cancelled, or the directory shuts down. A consumer that lags behind
    /// loses the oldest, never memory.
    ///
    /// - Parameter writer: whose records need not be reported, because the listener wrote them.
    func listen(_ place: DirectoryKey, _ kind: RecordKind, besides writer: Bytes32<Never>?) -> AsyncStream<Envelope>

    /// Asks whether a node of the network is at an address: what was cut apart joins again by such a hint.
    func meet(_ endpoint: Endpoint) async

    /// What the node knows of its network now.
    func status() async -> DirectoryStatus

    /// Yields when `status` may have changed: a first peer found, all peers lost, another public address. Never finishes
    /// before shutdown; several changes in a row may be one element.
    func changes() -> AsyncStream<Void>

    /// Leaves the network. Every stream ends.
    func shutdown() async
}

public struct DirectoryStatus: Hashable, Sendable {
    /// UDP port, the same for IPv4 and IPv6 where both are bound.
    public var port: Int
    /// Nodes that answered lately.
    public var goodNodes: Int
    /// Hosts under which other nodes see this one, the most often seen first; no ports.
    public var publicHosts: [String]

    public init(port: Int, goodNodes: Int, publicHosts: [String]) {
        self.port = port
        self.goodNodes = goodNodes
        self.publicHosts = publicHosts
    }

    /// Whether there is anybody to store at.
    public var isConnected: Bool { goodNodes > 0 }
}

extension Directory {
    /// All records at a place that arrive within `timeout`.
    public func all(_ place: DirectoryKey, _ kind: RecordKind, within timeout: Duration) async -> [Envelope] {
        let found = Mutex<[Envelope]>([])
        await each(place, kind, within: timeout) { envelope in found.withLock { $0.append(envelope) } }
        return found.withLock { $0 }
    }

    /// Takes the records at a place as they arrive, within `timeout`.
    ///
    /// One node that does not answer keeps a stream open for seconds, when all the others have long said what they hold.
    public func each(
        _ place: DirectoryKey, _ kind: RecordKind, within timeout: Duration, _ take: @escaping @Sendable (Envelope) async -> Void
    ) async {
        let reading = Task {
            for await envelope in get(place, kind) { await take(envelope) }
        }
        let timer = Task {
            try await Task.sleep(for: timeout)
            reading.cancel()
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }
}
