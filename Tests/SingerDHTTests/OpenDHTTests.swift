import Foundation
import Logging
import SingerCore
import Testing

@testable import SingerDHT

/// What only the real directory has: sockets, hostile bytes, a file of peers.
@Suite(.serialized)
struct OpenDHTTests {
    @Test(.timeLimit(.minutes(1)))
    func `networks of different names never mix`() async throws {
        let first = try await Cluster.openDHT(network: "one-\(UUID())")
        let peer = try #require(Endpoint(host: "127.0.0.1", port: await first.status().port))
        let other = try await Cluster.openDHT(network: "two-\(UUID())", bootstrap: [peer])
        let claim = try Sample.claim("alice", by: RootKey())
        await first.put(claim, permanent: true)
        // Long enough for three attempts to join.
        #expect(await other.all(claim.place, .nameClaim, within: .seconds(1)) == [])
        try await Task.sleep(for: .seconds(2))
        #expect(await !other.status().isConnected)
        #expect(await other.all(claim.place, .nameClaim, within: .seconds(5)) == [])
        await first.shutdown()
        await other.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `of two networks that become one each finds the other's claim to a name`() async throws {
        let network = "test-\(UUID())"
        let (earlier, later) = (try Sample.claim("alice", by: RootKey(), at: 1_000), try Sample.claim("alice", by: RootKey(), at: 2_000))
        let first = try await Cluster.openDHT(network: network, holding: [earlier])
        let peer = try #require(Endpoint(host: "127.0.0.1", port: await first.status().port))
        let second = try await Cluster.openDHT(network: network, bootstrap: [peer], holding: [later])
        let both: Set = [earlier.envelope, later.envelope]
        for node in [first, second] {
            #expect(await Set(node.reads(earlier.place, .nameClaim) { Set($0) == both }) == both)
        }
        await first.shutdown()
        await second.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a node comes back through its cache, without a bootstrap`() async throws {
        let cache = FileManager.default.temporaryDirectory.appendingPathComponent("nodes-\(UUID())")
        defer { try? FileManager.default.removeItem(at: cache) }
        let network = "test-\(UUID())"
        let stays = try await Cluster.openDHT(network: network)
        let peer = try #require(Endpoint(host: "127.0.0.1", port: await stays.status().port))
        let leaves = try await Cluster.openDHT(network: network, bootstrap: [peer], nodeCache: cache)
        await leaves.connected()
        await leaves.shutdown()
        let attributes = try FileManager.default.attributesOfItem(atPath: cache.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(NodeCache(url: cache).load() == [peer])

        let back = try await Cluster.openDHT(network: network, nodeCache: cache)
        await back.connected()
        await back.shutdown()
        await stays.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a bootstrap peer that comes up later is found`() async throws {
        let network = "test-\(UUID())"
        let placeholder = try await Cluster.openDHT(network: network)
        let port = await placeholder.status().port
        await placeholder.shutdown()
        let peer = try #require(Endpoint(host: "localhost", port: port))
        let early = try await Cluster.openDHT(network: network, bootstrap: [peer])
        // With a dead peer alone it is a lone node, and works as one at once.
        let claim = try Sample.claim("alice", by: RootKey())
        await early.put(claim, permanent: true)
        let start = ContinuousClock.now
        #expect(await early.all(claim.place, .nameClaim, within: .seconds(10)) == [claim.envelope])
        #expect(ContinuousClock.now - start < .seconds(1))
        let late = try await Cluster.openDHT(network: network, port: port)
        await early.connected()
        #expect(await late.reads(claim))
        await early.shutdown()
        await early.shutdown()
        await late.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `nodes that were told of one peer only meet all the others, though nobody puts or gets anything`() async throws {
        let network = "test-\(UUID())"
        let hub = try await Cluster.openDHT(network: network)
        let peer = try #require(Endpoint(host: "127.0.0.1", port: await hub.status().port))
        var nodes: [OpenDHTDirectory] = []
        for _ in 0..<4 { nodes.append(try await Cluster.openDHT(network: network, bootstrap: [peer])) }
        for node in nodes { await node.meets(4) }
        for node in nodes + [hub] { await node.shutdown() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `parts of a network that each have peers become one, when a bootstrap peer of one comes up in the other`() async throws {
        let network = "test-\(UUID())"
        let placeholder = try await Cluster.openDHT(network: network)
        let shared = try #require(Endpoint(host: "127.0.0.1", port: await placeholder.status().port))
        await placeholder.shutdown()
        let first = try await Cluster.openDHT(network: network)
        let second = try await Cluster.openDHT(network: network)
        let ports = [await first.status().port, await second.status().port]
        let ends = try ports.map { try #require(Endpoint(host: "127.0.0.1", port: $0)) }
        let here = try await Cluster.openDHT(network: network, bootstrap: [ends[0], shared])
        await here.meets(1)
        let there = try await Cluster.openDHT(network: network, bootstrap: [ends[1]], port: shared.port)
        for node in [here, there, first, second] { await node.meets(3) }
        for node in [here, there, first, second] { await node.shutdown() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a node whose peers are gone says so, and finds them when they are back`() async throws {
        let network = "test-\(UUID())"
        let first = try await Cluster.openDHT(network: network)
        let port = await first.status().port
        let peer = try #require(Endpoint(host: "127.0.0.1", port: port))
        let second = try await Cluster.openDHT(network: network, bootstrap: [peer])
        await second.connected()
        #expect(await second.status().publicHosts == ["127.0.0.1"])
        await first.shutdown()
        // OpenDHT finds out when it asks: a get does.
        let probing = Task {
            while !Task.isCancelled { _ = await second.all(.providers(RootKey().publicKey), .provider, within: .seconds(5)) }
        }
        await second.disconnected()
        probing.cancel()
        let again = try await Cluster.openDHT(network: network, port: port)
        await second.connected()
        await second.shutdown()
        await again.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["127.0.0.1", "::1", "0.0.0.0", ""])
    func `a port in use is told`(_ host: String) async throws {
        func start(_ port: Int) async throws(DirectoryError) -> OpenDHTDirectory {
            try await OpenDHTDirectory(
                configuration: .init(host: host, port: port, network: "test", discovery: false), logger: Logger(label: "test"))
        }
        let first = try await start(0)
        let port = await first.status().port
        #expect(port > 0)
        let error = await #expect(throws: DirectoryError.self) { _ = try await start(port) }
        #expect(error?.description.contains("Address already in use") == true, "\(String(describing: error))")
        await first.shutdown()
        // And is free again at once.
        await (try await start(port)).shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a host that is no address of this machine is told`() async throws {
        for host in ["example.org", "192.0.2.1", "::g"] {
            await #expect(throws: DirectoryError.self, "\(host)") {
                _ = try await OpenDHTDirectory(
                    configuration: .init(host: host, port: 0, network: "test", discovery: false), logger: Logger(label: "test"))
            }
        }
        await #expect(throws: DirectoryError.badPort(70_000)) {
            _ = try await OpenDHTDirectory(configuration: .init(port: 70_000, network: "test"), logger: Logger(label: "test"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `bytes that are no record are never read, and never stored by others`() async throws {
        let cluster = Cluster(.openDHT)
        try await cluster.add(3)
        let hostile = try #require(cluster.nodes[0] as? OpenDHTDirectory)
        let claim = try Sample.claim("alice", by: RootKey())
        for (index, bytes) in [Data(), Data([1, 2, 3]), Data(repeating: 255, count: 60_000), claim.envelope.encoded.dropLast()].enumerated() {
            let fake = PlacedRecord(place: claim.place, valueID: UInt64(index + 2), envelope: claim.envelope)
            hostile.putUnchecked(Data(bytes), fake)
        }
        await cluster.nodes[1].put(claim, permanent: true)
        #expect(await cluster.nodes[2].reads(claim))
        #expect(await cluster.nodes[2].all(claim.place, .nameClaim, within: .seconds(5)) == [claim.envelope])
        let honest = try #require(cluster.nodes[2] as? OpenDHTDirectory)
        #expect(await honest.stores(1))
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `values of foreign types are not stored`() async throws {
        let cluster = Cluster(.openDHT)
        try await cluster.add(2)
        let (hostile, honest) = (try #require(cluster.nodes[0] as? OpenDHTDirectory), try #require(cluster.nodes[1] as? OpenDHTDirectory))
        let claim = try Sample.claim("alice", by: RootKey())
        for type: UInt16 in [0, 1, 3, 4, 8, 0x5300, 0xffff] { hostile.node.putForeign(Data("junk".utf8), type: type, at: claim.place) }
        await hostile.put(claim, permanent: true)
        #expect(await honest.reads(claim))
        #expect(await honest.stores(1))
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `many nodes start, talk and stop at the same time`() async throws {
        let network = "test-\(UUID())"
        let first = try await Cluster.openDHT(network: network)
        let peer = try #require(Endpoint(host: "127.0.0.1", port: await first.status().port))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<12 {
                group.addTask {
                    let node = try await Cluster.openDHT(network: network, bootstrap: [peer])
                    await node.connected()
                    let claim = try Sample.claim("user\(index)", by: RootKey())
                    let listening = node.listen(claim.place, .nameClaim, besides: nil)
                    await node.put(claim, permanent: true)
                    for await _ in listening { break }
                    #expect(await first.reads(claim))
                    // Half of them are dropped without a shutdown.
                    if index.isMultiple(of: 2) { await node.shutdown() }
                }
            }
            try await group.waitForAll()
        }
        await first.shutdown()
    }
}

extension OpenDHTDirectory {
    /// Whether so many values come to lie at this node, and no more: all that were sent before have been answered.
    func stores(_ count: Int) async -> Bool {
        // The node counts once a second at the least.
        for _ in 0..<30 where node.status.storedValues != count { try? await Task.sleep(for: .milliseconds(100)) }
        return node.status.storedValues == count
    }
}
