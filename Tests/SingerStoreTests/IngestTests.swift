import SingerCore
import SingerStore
import SingerTesting
import Testing

import struct Foundation.Data

@Suite struct IngestTests {
    var alice = TestAuthor("alice")
    var bob = TestAuthor("bob")

    @Test mutating func `an entry that is here already changes nothing`() async throws {
        let peer = try TestStore()
        let post = alice.post("hello")
        #expect(try await peer.ingest(post).map(\.isStored) == [true])
        #expect(try await peer.ingest(post, post) == [.duplicate, .duplicate])
        #expect(try await peer.store.postCount() == 1)
        #expect(try await peer.pushes(for: alice) == ["alice: hello"])
    }

    @Test mutating func `an entry of a kind that only a later version knows is kept, with or without its body, and shown nowhere`() async throws {
        let peer = try TestStore()
        let first = alice.post("one")
        let poll = alice.write(.unknown(9, body: Data("poll".utf8)))
        let bare = alice.write(.unknown(255, body: Data("gone".utf8))).withoutBody
        let second = alice.post("two")
        #expect(try await peer.ingest(first, poll, bare, second).allSatisfy(\.isStored))
        #expect(try await peer.texts(of: alice) == ["two", "one"])
        #expect(try await peer.pushes(for: alice) == ["alice: one", "alice: two"])
        #expect(try await peer.store.entry(poll.id) == poll)
        #expect(try await peer.store.entry(bare.id) == bare)
        #expect(try await peer.store.heldLogs(of: alice.account).map(\.ranges) == [[1...4]])
    }

    @Test mutating func `what comes back of a log that is written here is owed again, and nothing else`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        var phone = TestAuthor("alice", device: "phone")
        try await peer.ingest(bob.post("hello"), phone.follow(bob))
        #expect(try await peer.store.creditors().isEmpty)
        let follow = alice.follow(bob)
        try await peer.ingest(alice.post("one"), follow, follow)
        #expect(try await peer.store.owed(to: bob.account, count: 10) == [follow])
        #expect(try await peer.store.owed([follow]).map(\.recipients) == [[bob.account]])
    }

    @Test mutating func `an entry from the future waits for its time`() async throws {
        let peer = try TestStore()
        let now = TestAuthor.start
        let edge = alice.post("ten minutes ahead", at: now + Limits.clockSkewMax)
        let ahead = alice.post("too far ahead", at: now + Limits.clockSkewMax + 1_000)
        #expect(try await peer.ingest(edge, now: now).map(\.isStored) == [true])
        #expect(try await peer.ingest(ahead, ahead, now: now) == [.parked, .parked])
        #expect(try await peer.store.nextParkedDue() == now + 1_000)
        #expect(try await peer.store.ingestParked(now: now + 999).isEmpty)
        #expect(try await peer.texts(of: alice) == ["ten minutes ahead"])
        #expect(try await peer.store.ingestParked(now: now + 1_000).map(\.entry) == [ahead])
        #expect(try await peer.texts(of: alice) == ["too far ahead", "ten minutes ahead"])
        #expect(try await peer.store.ingestParked(now: now + 1_000).isEmpty)
        #expect(try await peer.store.nextParkedDue() == nil)
    }

    @Test mutating func `what is dated beyond all waiting is not taken for known, and comes in when its time is near`() async throws {
        let peer = try TestStore()
        let now = TestAuthor.start
        let week: Milliseconds = 7 * 24 * 60 * 60 * 1_000
        let far = alice.post("in a far future", at: now + week + 1)
        #expect(try await peer.ingest(far, now: now) == [.crowded])
        #expect(try await peer.store.nextParkedDue() == nil)
        #expect(try await peer.ingest(far, now: now + 1) == [.parked])
    }

    @Test mutating func `two entries at one place put the device in quarantine`() async throws {
        let peer = try TestStore()
        let first = alice.post("first")
        var other = alice.fork()
        let said = alice.post("one thing")
        let also = other.post("another thing")
        try await peer.ingest(first, said)
        #expect(try await peer.ingest(also) == [.equivocation])
        #expect(try await peer.ingest(alice.post("afterwards")) == [.quarantined])
        #expect(try await peer.ingest(said) == [.quarantined])
        #expect(try await peer.texts(of: alice) == ["one thing", "first"])
        #expect(try await peer.store.entry(also.id) == nil)
        // Another device of the same account is heard.
        var phone = TestAuthor("alice", device: "phone")
        #expect(try await peer.ingest(phone.post("from the phone")).map(\.isStored) == [true])
    }

    @Test mutating func `a device of this peer in quarantine writes no more`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        var restored = alice.fork()
        _ = try await peer.append("one thing", by: alice)
        #expect(try await peer.ingest(restored.post("another thing")) == [.equivocation])
        let author = alice
        await #expect(throws: StoreError.refused(.quarantined)) { _ = try await peer.append("more", by: author) }
    }

    @Test mutating func `an entry that does not follow from its neighbours is proof of a second log`() async throws {
        let peer = try TestStore()
        var fork = alice.fork()
        let log = alice.posts(4)
        _ = fork.post("another first")
        let second = fork.post("another second")
        let third = fork.post("another third")
        try await peer.ingest(log[0])
        #expect(try await peer.ingest(second) == [.equivocation])
        #expect(try await peer.ingest(log[1]) == [.quarantined])
        let other = try TestStore()
        try await other.ingest(log[3])
        #expect(try await other.ingest(third) == [.equivocation])
    }

    @Test mutating func `a post that came without its body is completed`() async throws {
        let peer = try TestStore()
        let post = alice.post("hello #world")
        #expect(try await peer.ingest(post.withoutBody).map(\.isStored) == [true])
        // Its author has not deleted it: whoever holds the body back shows nothing, not a deletion.
        #expect(try await peer.store.post(post.id) == nil)
        #expect(try await peer.texts(of: alice) == [])
        #expect(try await peer.ingest(post.withoutBody) == [.duplicate])
        #expect(try await peer.ingest(post) == [.completed])
        #expect(try await peer.texts(of: alice) == ["hello #world"])
        #expect(try await peer.store.search("hello", by: alice.account, count: 5).count == 1)
        #expect(try await peer.ingest(post) == [.duplicate])
    }

    @Test mutating func `a forward that is completed shows its original`() async throws {
        let peer = try TestStore()
        let forward = bob.forward(alice.post("original"), comment: "look")
        try await peer.ingest(forward.withoutBody)
        #expect(try await peer.ingest(forward) == [.completed])
        #expect(try await peer.store.post(forward.id)?.forward?.text == "original")
    }

    @Test mutating func `a forward brings its original, and the same original once`() async throws {
        let peer = try TestStore()
        let original = alice.post("original")
        let forward = bob.forward(original, comment: "look")
        try await peer.ingest(forward)
        let view = try #require(try await peer.store.post(forward.id))
        #expect(view.text == "look")
        #expect(view.forward?.text == "original")
        #expect(view.forward?.author.name == "alice")
        #expect(try await peer.ingest(original) == [.duplicate])
        #expect(try await peer.store.postCount() == 2)
    }

    @Test mutating func `a device that forwards what it has not written yet does not stop the batch`() async throws {
        let peer = try TestStore()
        var fork = alice.fork()
        let rival = fork.post("also the first")
        let forward = alice.forward(rival)
        let innocent = bob.post("hello")
        let outcomes = try await peer.ingest(forward, innocent)
        #expect(!outcomes[0].isStored)
        #expect(outcomes[1].isStored)
    }

    @Test func `one refused entry of a batch does not undo the others`() async throws {
        let peer = try TestStore()
        let log = alice.unsignedLog(5)
        let outcomes = try await peer.ingest([log[0], log[0], log[2], log[1]])
        #expect(outcomes.map(\.isStored) == [true, false, true, true])
    }
}
