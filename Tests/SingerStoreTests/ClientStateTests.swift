import GRDB
import SingerCore
import SingerStore
import SingerTesting
import Testing

@Suite struct ClientStateTests {
    var alice = TestAuthor("alice")
    var bob = TestAuthor("bob")

    @Test func `what clients leave is there after a restart, each account's own`() async throws {
        let directory = TemporaryDirectory()
        do {
            let peer = try TestStore(directory)
            try await peer.addLocal(alice)
            try await peer.addLocal(bob)
            try await peer.store.setReadMarker(of: alice.account, at: "&home", 1_000)
            try await peer.store.setReadMarker(of: alice.account, at: "#talk", 5_000)
            try await peer.store.setReadMarker(of: alice.account, at: "#talk", 2_000)
            try await peer.store.setMetadata(of: alice.account, ["url": "old", "gone": ""])
            try await peer.store.setMetadata(of: alice.account, ["url": "https://example.org", "gone": nil])
            try await peer.store.setChannels(of: alice.account, ["#b", "#a", "#a"])
            peer.store.close()
        }
        let peer = try TestStore(directory)
        let expected = ClientState(readMarkers: ["&home": 1_000, "#talk": 5_000], metadata: ["url": "https://example.org"], channels: ["#a", "#b"])
        #expect(try await peer.store.clientState(of: alice.account) == expected)
        #expect(try await peer.store.clientState(of: bob.account) == ClientState())
    }

    @Test func `the oldest marker makes room for a new one, on disk as in memory`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        var state = ClientState()
        for number in 0...Limits.readMarkersMax {
            state.mark("#\(number)", Milliseconds(number))
            try await peer.store.setReadMarker(of: alice.account, at: "#\(number)", Milliseconds(number))
        }
        #expect(state.readMarkers.count == Limits.readMarkersMax)
        #expect(state.readMarkers["#0"] == nil)
        #expect(try await peer.store.clientState(of: alice.account) == state)
    }

    @Test func `an account keeps no more than its bounds, and accounts of other peers nothing`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let many = Dictionary(uniqueKeysWithValues: (0...Limits.metadataKeysMax).map { ("key\($0)", "x") })
        await #expect(throws: StoreError.self) { try await peer.store.setMetadata(of: alice.account, many) }
        await #expect(throws: StoreError.self) {
            try await peer.store.setMetadata(of: alice.account, ["key": String(repeating: "x", count: Limits.metadataValueBytesMax + 1)])
        }
        await #expect(throws: StoreError.self) { try await peer.store.setChannels(of: alice.account, (0...Limits.clientChannelsMax).map { "#\($0)" }) }
        await #expect(throws: StoreError.self) {
            try await peer.store.setReadMarker(of: alice.account, at: String(repeating: "x", count: Limits.clientNameBytesMax + 1), 1)
        }
        #expect(try await peer.store.clientState(of: alice.account) == ClientState())
        var stranger = bob
        try await peer.ingest(stranger.post("hello"))
        await #expect(throws: StoreError.self) { try await peer.store.setReadMarker(of: stranger.account, at: "&home", 1) }
    }

    /// Takes a store back to the schema before this one, as an older version left it.
    @Test func `a data directory of an older version is brought up to date`() async throws {
        let directory = TemporaryDirectory()
        do {
            let peer = try TestStore(directory)
            try await peer.addLocal(alice)
            peer.store.close()
        }
        let queue = try DatabaseQueue(path: directory.path + "/singer.db")
        try await queue.write { db in
            for table in ["read_marker", "metadata", "client_channel"] { try db.execute(sql: "DROP TABLE \(table)") }
            try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = 'clients'")
        }
        try queue.close()
        let peer = try TestStore(directory)
        try await peer.store.setReadMarker(of: alice.account, at: "&home", 1_000)
        #expect(try await peer.store.clientState(of: alice.account).readMarkers == ["&home": 1_000])
    }
}
