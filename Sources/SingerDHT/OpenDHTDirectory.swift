internal import COpenDHT
public import Logging
public import SingerCore
internal import Synchronization

internal import struct Foundation.Data

/// The directory in the real network: a node of OpenDHT.
///
/// It stores what is near to it for others, within limits: only what `StorageRule` allows, and as much as there is time to
/// verify and 256 MiB to keep.
public final class OpenDHTDirectory: Directory {
    let node: NodeHandle
    let logger: Logger
    let cache: NodeCache?
    private let broadcast: ChangeBroadcast
    private let upkeep: Mutex<Task<Void, Never>?>

    /// Binds the port, starts the node, and begins to join through the bootstrap peers and those of the node cache.
    ///
    /// Returns at once: that there are peers is told by `changes`. Without any, everything works locally.
    ///
    /// - Parameter records: lie here, and are announced, before anything comes from others: of two claims to a name a node keeps the first that it has,
    ///   and each owner is to find the other's.
    public init(configuration: Configuration, holding records: [PlacedRecord] = [], logger: Logger) async throws(DirectoryError) {
        guard let port = UInt16(exactly: configuration.port) else { throw .badPort(configuration.port) }
        let broadcast = ChangeBroadcast()
        let node = try NodeHandle(
            host: configuration.host, port: port, network: Self.networkID(configuration.network), discovery: configuration.discovery,
            gate: StorageGate(), changed: { broadcast.send() },
            log: { message in logger.debug("OpenDHT", metadata: ["message": "\(message)"]) })
        self.node = node
        self.broadcast = broadcast
        self.logger = logger
        cache = configuration.nodeCache.map { NodeCache(url: $0) }
        upkeep = Mutex(nil)
        for record in records { await put(record, permanent: true) }
        let keeping = Upkeep(node: node, changes: broadcast, bootstrap: configuration.bootstrap, cache: cache, logger: logger)
        upkeep.withLock { $0 = Task { await keeping.run() } }
    }

    deinit {
        upkeep.withLock { $0?.cancel() }
        broadcast.finish()
    }

    public func put(_ record: PlacedRecord, permanent: Bool) async {
        node.put(record.envelope.encoded, record.envelope.kind, at: record.place, valueID: record.valueID, permanent: permanent)
    }

    public func withdraw(_ place: DirectoryKey, valueID: UInt64) async {
        node.cancelPut(at: place, valueID: valueID)
    }

    public func get(_ place: DirectoryKey, _ kind: RecordKind) -> AsyncStream<Envelope> {
        RecordStream(of: node.get(place, kind), at: place, kind, limit: Limits.recordsPerKeyMax) { [logger] in
            logger.debug("refused a record read", metadata: ["kind": "\(kind)"])
        }.envelopes
    }

    public func listen(_ place: DirectoryKey, _ kind: RecordKind, besides writer: Bytes32<Never>?) -> AsyncStream<Envelope> {
        RecordStream(of: node.listen(place, kind), at: place, kind, besides: writer, limit: nil) { [logger] in
            logger.debug("refused a record heard", metadata: ["kind": "\(kind)"])
        }.envelopes
    }

    public func meet(_ endpoint: Endpoint) async {
        if let port = UInt16(exactly: endpoint.port) { node.ping(endpoint.host, port) }
    }

    public func status() async -> DirectoryStatus {
        let status = node.status
        return DirectoryStatus(port: status.port, goodNodes: status.goodNodes, publicHosts: status.publicHosts)
    }

    public func changes() -> AsyncStream<Void> { broadcast.stream() }

    public func shutdown() async {
        let task = upkeep.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
        node.stop()
        broadcast.finish()
    }

    /// A network's name as OpenDHT takes it. 0 is the public network, which must not be met by any name.
    static func networkID(_ name: String) -> UInt32 {
        let hash = EntryID.sha256(Data("singer network\n\(name)".utf8)).bytes.prefix(4)
        return max(1, hash.reduce(0) { $0 << 8 | UInt32($1) })
    }
}

extension OpenDHTDirectory {
    /// Puts any bytes at a place, without asking the storage rule, as a hostile node would.
    func putUnchecked(_ bytes: Data, _ record: PlacedRecord) {
        node.put(bytes, record.envelope.kind, at: record.place, valueID: record.valueID, permanent: true, force: true)
    }
}
