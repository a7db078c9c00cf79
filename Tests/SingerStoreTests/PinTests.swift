import GRDB
import SingerCore
import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerStore

@Suite struct PinTests {
    var alice = TestAuthor("alice")
    var impostor = TestAuthor("Alice", key: "of an impostor")

    private func mark(_ author: TestAuthor) -> String { "\(author.name)~\(Fingerprint(author.account).mark.prefix(4))" }

    @Test mutating func `the key that a claim gave the name keeps it, whatever comes from others`() async throws {
        let peer = try TestStore()
        try await peer.ingest(impostor.post("I am alice"))
        #expect(try await peer.store.pinned(alice.name) == nil)
        #expect(try await peer.store.user(impostor.account)?.name == "Alice")
        #expect(try await peer.store.learn(alice.claim).name == "alice")
        #expect(try await peer.store.pinned(alice.name)?.account == alice.account)
        #expect(try await peer.store.user(impostor.account)?.name == mark(impostor))
        #expect(try await peer.store.account(named: .of("ALICE"))?.account == alice.account)
        #expect(try await peer.store.account(named: .of(mark(impostor)))?.account == impostor.account)
        #expect(try await peer.store.account(named: .of(mark(alice)))?.account == alice.account)
        #expect(try await peer.store.account(named: .of("alice~aaaa")) == nil)
        #expect(try await peer.store.account(named: .of("bob")) == nil)
        // Nor does a later claim change it, nor anything else that comes.
        #expect(try await peer.store.learn(impostor.claim).name == mark(impostor))
        try await peer.ingest(impostor.posts(3))
        #expect(try await peer.store.pinned(alice.name)?.account == alice.account)
    }

    @Test mutating func `what strangers send never pins a name, and the first of them is shown without a mark`() async throws {
        let peer = try TestStore()
        var bob = TestAuthor("bob")
        try await peer.ingest(bob.follow(impostor))
        #expect(try await peer.store.pinned(alice.name) == nil)
        try await peer.ingest(alice.post("I am alice"))
        #expect(try await peer.store.pinned(alice.name) == nil)
        // Who speaks for herself comes before whom others only mention.
        #expect(try await peer.store.user(alice.account)?.name == "alice")
        #expect(try await peer.store.user(impostor.account)?.name == mark(impostor))
    }

    @Test mutating func `somebody who was only mentioned is known by their own name once they speak`() async throws {
        let peer = try TestStore()
        var bob = TestAuthor("bob")
        let name = try #require(Username("ally"))
        try await peer.ingest(bob.write(.follow(Followee(account: alice.account, name: name))))
        #expect(try await peer.store.following(of: bob.account).map(\.name) == ["ally"])
        try await peer.ingest(alice.post("hello"))
        #expect(try await peer.store.account(named: .of("ally")) == nil)
        #expect(try await peer.store.following(of: bob.account).map(\.name) == ["alice"])
    }

    @Test mutating func `a claim of the network pins`() async throws {
        let peer = try TestStore()
        #expect(try await peer.store.learn(alice.claim).name == "alice")
        try await peer.ingest(impostor.post("I am alice"))
        #expect(try await peer.store.account(named: .of("alice"))?.account == alice.account)
    }

    @Test(arguments: [
        "UPDATE account SET pinned = 0", "UPDATE account SET key = zeroblob(32)", "UPDATE account SET pinned = 1",
        "UPDATE account SET certified = 0 WHERE pinned = 1", "UPDATE account SET name = 'Bob', folded = 'bob' WHERE pinned = 1",
        "DELETE FROM account WHERE pinned = 1",
    ])
    mutating func `the schema itself refuses to change a pin`(sql: String) async throws {
        let peer = try TestStore()
        _ = try await peer.store.learn(alice.claim)
        _ = try await peer.store.learn(impostor.claim)
        await #expect(throws: StoreError.self) { try await peer.store.write { db in try db.execute(sql: sql) } }
        #expect(try await peer.store.account(named: .of("alice"))?.account == alice.account)
    }

    @Test mutating func `a newer record replaces an older one`() async throws {
        let peer = try TestStore()
        func record(_ seen: Milliseconds) -> (AccountRecord, Envelope) {
            let record = AccountRecord(
                certificate: alice.certificate, node: NodeSecret().publicKey, endpoints: [], onlineUntil: 0, seen: seen, followers: 0, following: 0, posts: 0,
                head: 0, lastPost: nil, tail: [])
            return (record, record.sealed(by: alice.device))
        }
        let (old, oldEnvelope) = record(1_000)
        let (new, newEnvelope) = record(2_000)
        #expect(try await peer.store.keep(new, newEnvelope))
        #expect(try await !peer.store.keep(old, oldEnvelope))
        #expect(try await !peer.store.keep(new, newEnvelope))
        #expect(try await peer.store.records(of: alice.account) == [newEnvelope])
    }
}

extension TestAuthor {
    var claim: NameClaim { NameClaim(name: name, root: root, created: TestAuthor.start) }
}
