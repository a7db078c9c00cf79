import Foundation
import Logging
import SingerCore
import Testing

@testable import SingerDHT

/// Which conformer a test runs against.
enum Conformer: String, CaseIterable, CustomTestStringConvertible {
    case openDHT, inMemory
    var testDescription: String { rawValue }
}

/// Directories that meet in a network of their own, on loopback or in memory.
final class Cluster {
    private let conformer: Conformer
    private let memory = InMemoryNetwork()
    let network = "test-\(UUID())"
    private(set) var nodes: [any Directory] = []

    init(_ conformer: Conformer) { self.conformer = conformer }

    /// Adds a node which joins through all that are there, and waits until it has found one.
    @discardableResult
    func add() async throws -> any Directory {
        var peers: [Endpoint] = []
        for node in nodes { peers += Endpoint(host: "127.0.0.1", port: await node.status().port).map { [$0] } ?? [] }
        let node: any Directory
        switch conformer {
        case .openDHT: node = try await Self.openDHT(network: network, bootstrap: peers)
        case .inMemory: node = InMemoryDirectory(network: memory)
        }
        nodes.append(node)
        if !peers.isEmpty { await node.connected() }
        return node
    }

    func add(_ count: Int) async throws { for _ in 0..<count { try await add() } }

    func shutdown() async { for node in nodes { await node.shutdown() } }

    static func openDHT(
        network: String, bootstrap: [Endpoint] = [], port: Int = 0, nodeCache: URL? = nil, holding records: [PlacedRecord] = []
    ) async throws -> OpenDHTDirectory {
        let configuration = OpenDHTDirectory.Configuration(
            host: "127.0.0.1", port: port, network: network, bootstrap: bootstrap, discovery: false, nodeCache: nodeCache)
        return try await OpenDHTDirectory(
            configuration: configuration, holding: records, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}

extension Directory {
    /// Returns when there is a peer.
    func connected() async {
        let changes = changes()
        if await status().isConnected { return }
        for await _ in changes where await status().isConnected { return }
    }

    /// Returns when `count` peers have answered.
    func meets(_ count: Int) async {
        let changes = changes()
        if await status().goodNodes >= count { return }
        for await _ in changes where await status().goodNodes >= count { return }
    }

    /// Returns when there is none any more.
    func disconnected() async {
        let changes = changes()
        if await !status().isConnected { return }
        for await _ in changes where await !status().isConnected { return }
    }

    /// Asks until the answer is as expected: storing takes a round trip, and nobody tells when it is over.
    func reads(_ place: DirectoryKey, _ kind: RecordKind, until expected: @escaping @Sendable ([Envelope]) -> Bool) async -> [Envelope] {
        while true {
            let found = await all(place, kind, within: .seconds(5))
            if expected(found) || Task.isCancelled { return found }
            await Task.yield()
        }
    }

    func reads(_ record: PlacedRecord) async -> Bool {
        await reads(record.place, record.envelope.kind) { $0.contains(record.envelope) }.contains(record.envelope)
    }

    func putUnchecked(_ record: PlacedRecord) {
        switch self {
        case let real as OpenDHTDirectory: real.putUnchecked(record.envelope.encoded, record)
        case let memory as InMemoryDirectory: memory.putUnchecked(record)
        default: Issue.record("an unknown conformer")
        }
    }
}
