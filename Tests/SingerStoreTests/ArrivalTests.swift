import GRDB
import SingerCore
import SingerTesting
import Testing

@testable import SingerStore

@Suite struct ArrivalTests {
    var alice = TestAuthor("alice")
    var bob = TestAuthor("bob")
    var carol = TestAuthor("carol")

    @Test mutating func `each post of oneself and of the followed arrives once`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        try await peer.ingest(alice.follow(bob))
        let posts = bob.posts(3)
        try await peer.ingest([posts[0], posts[0], posts[2], posts[1], posts[1]])
        try await peer.ingest(carol.post("stranger"), alice.post("mine"))
        #expect(try await peer.pushes(for: alice) == ["bob: bob 1", "bob: bob 3", "bob: bob 2", "alice: mine"])
        let arrivals = try await peer.store.arrivals(for: alice.account, after: 0)
        #expect(arrivals.cursor == (try await peer.store.latestArrival()))
        #expect(try await peer.store.arrivals(for: alice.account, after: arrivals.cursor).news.isEmpty)
    }

    @Test mutating func `more than fits at once comes in parts, each once`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        try await peer.ingest(alice.follow(bob, at: TestAuthor.start - 1))
        let log = bob.unsignedLog(UInt64(Limits.rowsMax * 2 + 50))
        try await peer.ingest(log)
        let first = try await peer.store.arrivals(for: alice.account, after: 0)
        #expect(first.news.isFull)
        #expect(first.news.pushes.count == Limits.rowsMax)
        #expect(try await peer.pushes(for: alice).count == log.count)
    }

    @Test mutating func `of the past of somebody just followed, the latest twenty`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let posts = bob.posts(60)
        let follow = alice.follow(bob, at: bob.clock)
        try await peer.ingest(follow)
        try await peer.ingest(posts)
        #expect(try await peer.pushes(for: alice) == posts.suffix(Limits.backlogPostsMax).map { "bob: bob \($0.header.seq)" })
        let cursor = try await peer.store.latestArrival()
        bob.clock += 10_000
        try await peer.ingest(bob.post("news"))
        #expect(try await peer.pushes(for: alice, after: cursor) == ["bob: news"])
        let backlog = try await peer.store.backlog([(bob.account, cursor)])
        #expect(backlog.map(\.text) == posts.suffix(Limits.backlogPostsMax).map { "bob \($0.header.seq)" })
    }

    @Test mutating func `follows, unfollows and likes are told to whom they concern`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let post = alice.post("mine")
        try await peer.ingest(post, bob.follow(alice), bob.like(post), carol.follow(alice), carol.unfollow(alice))
        #expect(try await peer.pushes(for: alice) == ["alice: mine", "bob follows", "bob likes", "carol unfollows"])
        // Bob and carol are told nothing of it.
        #expect(try await peer.pushes(for: carol) == [])
    }

    @Test mutating func `an old word on an edge that comes late is not told`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let follow = bob.follow(alice)
        let unfollow = bob.unfollow(alice)
        try await peer.ingest(unfollow, follow)
        #expect(try await peer.pushes(for: alice) == ["bob unfollows"])
    }

    @Test mutating func `deletions are told of what may have been shown, and what is deleted already is not shown`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let early = bob.post("early")
        let late = bob.post("late")
        try await peer.ingest(alice.follow(bob, at: TestAuthor.start), early)
        let cursor = try await peer.store.latestArrival()
        try await peer.ingest(bob.delete(early), bob.delete(late), late)
        #expect(try await peer.pushes(for: alice, after: cursor) == ["deleted"])
        #expect(try await peer.pushes(for: alice) == [])
    }

    @Test mutating func `the muted are not heard`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let post = alice.post("mine")
        try await peer.ingest(post, alice.follow(bob), bob.follow(alice), bob.like(post), bob.post("hello"))
        try await peer.store.mute(alice.account, bob.account, true)
        #expect(try await peer.pushes(for: alice) == ["alice: mine"])
        let views = Store.NewsQuestion(account: alice.account, cursor: try await peer.store.latestArrival(), views: [.user(carol.account): 0])
        try await peer.ingest(carol.forward(bob.post("of the muted"), comment: "look"), carol.post("seen"))
        #expect(try await peer.store.arrivals([views])[0].get().news.pushes.map(describe) == ["carol: seen"])
    }

    @Test mutating func `who asks together is told the same as who asks alone`() async throws {
        let peer = try TestStore()
        var readers = (0..<5).map { TestAuthor("reader\($0)") }
        for reader in readers { try await peer.addLocal(reader) }
        // Two follow bob, one of them carol too; one mutes him; one writes; one is followed.
        for index in [0, 1, 2] { try await peer.ingest(readers[index].follow(bob, at: TestAuthor.start)) }
        try await peer.ingest(readers[1].follow(carol, at: TestAuthor.start))
        try await peer.store.mute(readers[2].account, bob.account, true)
        let gone = bob.post("gone")
        try await peer.ingest(gone)
        let cursor = try await peer.store.latestArrival()
        try await peer.ingest(bob.posts(3))
        try await peer.ingest(carol.post("hello"), bob.follow(readers[4]), readers[3].post("mine"))
        let expected = [["bob: bob 1", "bob: bob 2", "bob: bob 3"], ["bob: bob 1", "bob: bob 2", "bob: bob 3", "carol: hello"], [], ["reader3: mine"]]
        func ask(_ expected: [[String]]) async throws {
            for (reader, expected) in zip(readers, expected) { #expect(try await peer.pushes(for: reader, after: cursor) == expected) }
            let questions = readers.map { Store.NewsQuestion(account: $0.account, cursor: cursor) }
            let told = try await peer.store.arrivals(questions).map { try $0.get().news.pushes.map(describe) }
            #expect(told == expected)
        }
        try await ask(expected + [["bob follows"]])
        // What is no post is told beside what is.
        try await peer.ingest(bob.delete(gone))
        var told = [expected[0] + ["deleted"], expected[1] + ["deleted"], [], expected[3], ["bob follows"]]
        try await ask(told)
        // A forward is not for whoever mutes the author of what is forwarded.
        var dave = TestAuthor("dave")
        let post = dave.post("of the muted")
        try await peer.ingest(post)
        try await peer.store.mute(readers[0].account, dave.account, true)
        try await peer.ingest(bob.forward(post, comment: "look"))
        told[1].append("bob: look")
        try await ask(told)
    }

    @Test mutating func `what is damaged for one who asks is read for the others all the same`() async throws {
        let peer = try TestStore()
        for author in [alice, bob] { try await peer.addLocal(author) }
        try await peer.ingest(alice.follow(carol), bob.follow(alice), carol.post("damaged"), alice.post("whole"))
        try await peer.store.write { db in try db.execute(sql: "UPDATE post SET hash = x'00' WHERE text = 'damaged'") }
        let answers = try await peer.store.arrivals([alice, bob].map { Store.NewsQuestion(account: $0.account, cursor: 0) })
        #expect(throws: StoreError.self) { try answers[0].get() }
        #expect(try answers[1].get().news.pushes.map(describe) == ["alice: whole"])
    }

    @Test mutating func `at login the latest fifty of what came meanwhile are shown`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let follow = alice.follow(bob, at: TestAuthor.start - 1)
        try await peer.ingest(follow)
        try await peer.store.setSeen(alice.account, try await peer.store.latestArrival())
        #expect(try await peer.store.unseen(by: alice.account).posts == 0)

        try await peer.ingest(bob.posts(30))
        try await peer.ingest(alice.post("mine"))
        var unseen = try await peer.store.unseen(by: alice.account)
        #expect(unseen.posts == 30)
        #expect(try await peer.pushes(for: alice, after: unseen.cursor).count == 31)

        try await peer.ingest(bob.posts(50))
        unseen = try await peer.store.unseen(by: alice.account)
        #expect(unseen.posts == 80)
        #expect(try await peer.pushes(for: alice, after: unseen.cursor).count == Limits.unseenPostsMax)

        let latest = try await peer.store.latestArrival()
        try await peer.store.setSeen(alice.account, latest)
        try await peer.store.setSeen(alice.account, latest - 10)
        #expect(try await peer.store.unseen(by: alice.account).posts == 0)
        #expect(try await peer.store.unseen(by: alice.account).cursor == latest)

        // What is not shown is not counted.
        let gone = bob.post("gone")
        try await peer.ingest([gone, bob.delete(gone), bob.post("stays")])
        #expect(try await peer.store.unseen(by: alice.account).posts == 1)
    }

    @Test mutating func `what concerns accounts of other peers is owed to them, until it is settled`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        try await peer.addLocal(carol)
        let post = bob.post("hello")
        let local = carol.post("hello")
        try await peer.ingest(post, local)
        let follow = try await peer.append(.follow(bob.followee), by: alice)
        #expect(follow.recipients == [bob.account])
        #expect(try await peer.append(.follow(carol.followee), by: alice).recipients == [], "an account of this peer is owed nothing")
        #expect(try await peer.append(.like(post.reference), by: alice).recipients == [bob.account])
        #expect(try await peer.append(.like(local.reference), by: alice).recipients == [])
        #expect(
            try await peer.append(.post(Post(text: .of("@bob @BOB @carol @nobody @alice"), replyTo: post.reference)), by: alice).recipients == [bob.account])
        #expect(try await peer.append(.post(Post(forwarding: post, comment: .of(""))), by: alice).recipients == [bob.account])
        #expect(try await peer.append("to nobody in particular", by: alice).recipients == [])
        #expect(try await peer.store.creditors() == [bob.account])
        let owed = try await peer.store.owed(to: bob.account, count: 10)
        #expect(owed.count == 4 && owed.first == follow.entry)
        #expect(try await peer.store.owed(to: bob.account, count: 2) == owed.prefix(2).map(\.self))
        try await peer.store.settle(follow.entry.id, recipient: carol.account)
        #expect(try await peer.store.owedCount() == 4)
        try await peer.store.settle(follow.entry.id, recipient: bob.account)
        try await peer.store.settle(follow.entry.id, recipient: bob.account)
        #expect(try await peer.store.owed(to: bob.account, count: 10) == owed.dropFirst().map(\.self))
    }
}
