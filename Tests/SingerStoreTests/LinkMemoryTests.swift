import Foundation
import SingerCore
import SingerStore
import SingerTesting
import Testing

/// What other peers said, and follower edges, over restarts.
@Suite struct LinkMemoryTests {
    private func node(_ number: UInt8) throws -> NodeKey { try #require(NodeKey(Data(repeating: number, count: 32))) }

    private func record(of author: TestAuthor, seen: Milliseconds) throws -> AccountRecord {
        AccountRecord(
            certificate: author.certificate, node: try node(9), endpoints: [], onlineUntil: 0, seen: seen, followers: 0, following: 0, posts: 0, head: 0,
            lastPost: nil, tail: [])
    }

    @Test func `what a peer said is kept, less the records that have changed since`() async throws {
        let directory = TemporaryDirectory()
        let (alice, bob) = (TestAuthor("alice"), TestAuthor("bob"))
        do {
            let store = try Store(directory: directory.path)
            for author in [alice, bob] {
                let record = try record(of: author, seen: 1)
                #expect(try await store.keep(record, record.sealed(by: author.device)))
            }
            let changes = try await store.recordChanges()
            #expect(changes == 2)
            for number in 1...3 as ClosedRange<UInt8> {
                try await store.keepMemory(
                    of: node(number), Data([number]), feeds: 2, recordsSent: [alice.account, bob.account], changes: changes)
            }
            try await store.keepMemory(of: node(1), Data([11]), feeds: 2, recordsSent: [], changes: changes)
            try await store.forgetMemory(of: node(2))
            let record = try record(of: bob, seen: 2)
            #expect(try await store.keep(record, record.sealed(by: bob.device)))
            store.close()
        }
        let memories = try await Store(directory: directory.path).memories()
        #expect(try memories.map(\.node) == [node(3), node(1)])
        #expect(memories.map(\.said) == [Data([3]), Data([11])])
        #expect(memories.map(\.recordsSent) == [[alice.account], []])
    }

    @Test func `of more feeds than are remembered the oldest go`() async throws {
        let store = try TestStore().store
        for number in 1...4 as ClosedRange<UInt8> {
            try await store.keepMemory(of: node(number), Data(), feeds: Limits.rememberedFeedsMax / 2, recordsSent: [], changes: 0)
        }
        #expect(try await store.memories().map(\.node) == [node(3), node(4)])
    }

    @Test func `an edge is kept as long as it is the last word`() async throws {
        let fixture = try TestStore()
        let alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        try await fixture.addLocal(alice)
        func edge(_ entry: Entry) throws -> (entry: Entry, envelope: Envelope) {
            (entry, try #require(EntryRecord.followerEdge(entry, by: bob.device)).envelope)
        }
        let (follow, unfollow) = (bob.follow(alice), bob.unfollow(alice))
        try await fixture.ingest(follow)
        try await fixture.store.keep([edge(follow), edge(unfollow)])
        let kept = try await fixture.store.edges(unfollowsSince: 0, count: 10)
        #expect(try kept.map(\.envelope) == [edge(follow).envelope])
        #expect(kept.map(\.follower) == [bob.account] && kept.map(\.followee) == [alice.account])

        try await fixture.ingest(unfollow)
        #expect(try await fixture.store.edges(unfollowsSince: 0, count: 10).isEmpty, "what it says counts no more")
        try await fixture.store.keep([edge(unfollow), edge(follow)])
        #expect(try await fixture.store.edges(unfollowsSince: 0, count: 10).map(\.envelope) == [edge(unfollow).envelope])
        #expect(try await fixture.store.edges(unfollowsSince: unfollow.header.created, count: 10).isEmpty)
    }

    @Test func `a database that was cut to nothing is told, and a directory that is new is not`() throws {
        let directory = TemporaryDirectory()
        try Store(directory: directory.path).close()
        try Store(directory: directory.path).close()
        let path = directory.path + "/singer.db"
        try Data().write(to: .init(fileURLWithPath: path))
        do {
            _ = try Store(directory: directory.path)
            Issue.record("it was opened")
        } catch {
            guard case .corrupt(let why) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(why.hasPrefix("\(path) is damaged") && why.contains(StoreError.remedy))
        }
    }
}
