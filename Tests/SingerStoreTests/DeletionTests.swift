import GRDB
import SingerCore
import SingerTesting
import Testing

@testable import SingerStore

@Suite struct DeletionTests {
    static let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2], [2, 3, 1, 0], [0, 2, 1, 3]]

    /// The post, the post again, its deletion, and a forward of it by somebody else, in any order.
    @Test(arguments: orders) func `the body of a deleted post does not come back, in whatever order things come`(order: [Int]) async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        let post = alice.post("regret @bob #tag")
        let entries = [post, post, alice.delete(post), bob.forward(post, comment: "look")]
        for round in 0..<2 {
            for index in order { try await peer.ingest(entries[index]) }
            let view = try #require(try await peer.store.post(post.id), "round \(round)")
            #expect(view.isDeleted)
            #expect(view.text == "")
            #expect(try await peer.store.entry(post.id)?.body == nil)
            #expect(try await peer.store.search("regret", by: bob.account, count: 5).isEmpty)
            let forward = try #require(try await peer.store.post(entries[3].id))
            #expect(forward.forward?.isDeleted == true)
            #expect(forward.forward?.text == "")
            #expect(forward.text == "look")
            let words = try await peer.store.read { [id = post.id.data] db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM word JOIN post USING (entry_id) WHERE hash = ?", arguments: [id])
            }
            #expect(words == 0)
        }
        // Its place in the log stays, so that others can still be given the chain.
        #expect(try await peer.store.heldLogs(of: alice.account).first?.ranges == [1...2])
        #expect(try await peer.store.entries(of: alice.device.publicKey, in: 1...2).map(\.body).first == .some(nil))
    }

    @Test func `whoever catches up gets a deleted post without its body, and then its deletion`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        let post = alice.post("regret")
        try await peer.ingest(post.withoutBody, alice.delete(post), alice.post("no regret"))
        let view = try #require(try await peer.store.post(post.id))
        #expect(view.isDeleted && view.text == "")
        #expect(try await peer.texts(of: alice) == ["no regret", ""])
    }

    @Test func `a deleted reply keeps its place in its conversation, and says no more what it answered`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        let root = alice.post("root")
        let middle = bob.post("middle", replyTo: root)
        let leaf = alice.post("leaf", replyTo: middle)
        try await peer.ingest(root, middle, leaf, bob.delete(middle))
        for post in [root, middle, leaf] {
            let thread = try await peer.store.thread(of: post.id)
            #expect(thread.map(\.text) == ["root", "", "leaf"])
            #expect(thread.map(\.replyTo?.hash) == [nil, nil, middle.id])
        }
        #expect(try await peer.store.details(of: root.id)?.replies == 0)
    }

    @Test func `only the author deletes`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        var mallory = TestAuthor("mallory")
        let post = alice.post("stays")
        let claimed = mallory.write(.delete(EntryReference(entry: post.id, account: mallory.account)))
        try await peer.ingest(mallory.delete(post), claimed)
        try await peer.ingest(post)
        try await peer.ingest(mallory.delete(post))
        #expect(try await peer.texts(of: alice) == ["stays"])
    }

    @Test func `another device of the author deletes too`() async throws {
        let peer = try TestStore()
        var laptop = TestAuthor("alice", device: "laptop")
        var phone = TestAuthor("alice", device: "phone")
        let post = laptop.post("regret")
        try await peer.ingest(phone.delete(post), post)
        #expect(try await peer.store.post(post.id)?.isDeleted == true)
    }

    @Test func `a delete takes nothing but posts`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        let follow = alice.follow(TestAuthor("bob"))
        try await peer.ingest(follow, alice.delete(follow))
        #expect(try await peer.store.entry(follow.id)?.body != nil)
        #expect(try await peer.store.isFollowing(alice.account, TestAuthor("bob").account))
    }

    @Test func `the schema itself keeps the body away`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        let post = alice.post("regret")
        try await peer.ingest(post, alice.delete(post))
        await #expect(throws: StoreError.self) {
            try await peer.store.write { db in try db.execute(sql: "UPDATE entry SET body = x'00' WHERE kind = 1") }
        }
    }
}
