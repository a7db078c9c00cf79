import SingerCore
import SingerStore
import SingerTesting
import Testing

@Suite struct EdgeTests {
    var alice = TestAuthor("alice")
    var bob = TestAuthor("bob")

    private func check(_ entries: [Entry], follows: Bool, _ random: inout Generator) async throws {
        for _ in 0..<6 {
            let order = entries.shuffled(using: &random)
            let peer = try TestStore()
            for entry in order { try await peer.ingest(entry) }
            let what: Comment = "seed \(random.seed): \(order.map(\.header.seq))"
            #expect(try await peer.store.isFollowing(alice.account, bob.account) == follows, what)
            #expect(try await peer.store.following(of: alice.account).map(\.account) == (follows ? [bob.account] : []), what)
            #expect(try await peer.store.followers(of: bob.account).map(\.account) == (follows ? [alice.account] : []), what)
        }
    }

    @Test mutating func `the later word counts, in whatever order they come`() async throws {
        var random = Generator(seed: 1)
        let follow = alice.follow(bob)
        let unfollow = alice.unfollow(bob)
        try await check([follow, unfollow], follows: false, &random)
        let again = alice.follow(bob)
        try await check([follow, unfollow, again], follows: true, &random)
    }

    @Test mutating func `an unfollow wins a tie`() async throws {
        var random = Generator(seed: 2)
        var phone = TestAuthor("alice", device: "phone")
        try await check([alice.follow(bob, at: 5), phone.unfollow(bob, at: 5)], follows: false, &random)
        try await check([phone.follow(bob, at: 7), alice.unfollow(bob, at: 7)], follows: false, &random)
    }

    @Test mutating func `following oneself changes nothing`() async throws {
        let peer = try TestStore()
        try await peer.ingest(alice.follow(alice))
        #expect(try await !peer.store.isFollowing(alice.account, alice.account))
        #expect(try await peer.store.counts(of: alice.account).following == 0)
    }

    @Test mutating func `the later of likes and unlikes counts, in whatever order they come`() async throws {
        let post = bob.post("likeable")
        let like = alice.like(post)
        let unlike = alice.unlike(post)
        for (entries, likes) in [([like, unlike], 0), ([unlike, like], 0), ([unlike], 0), ([like, like], 1)] {
            let peer = try TestStore()
            for entry in entries { try await peer.ingest(entry) }
            try await peer.ingest(post)
            #expect(try await peer.store.post(post.id)?.likes == likes)
            #expect(try await peer.store.likes(alice.account, post.id) == (likes == 1))
            #expect(try await peer.store.details(of: post.id)?.likedBy.map(\.name) == (likes == 1 ? ["alice"] : []))
        }
        let peer = try TestStore()
        try await peer.ingest(post, like, unlike, alice.like(post))
        #expect(try await peer.store.post(post.id)?.likes == 1)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) mutating func `the newest word on a profile field counts`(seed: UInt64) async throws {
        var random = Generator(seed: seed)
        let entries = [
            alice.profile("bio", "old"), alice.profile("url", "http://a"), alice.profile("bio", "new", at: alice.clock), alice.profile("url", ""),
            alice.profile("bio", "newest at the same time", at: alice.clock - 1_000),
        ]
        let peer = try TestStore()
        for entry in entries.shuffled(using: &random) { try await peer.ingest(entry) }
        let profile = try await peer.store.profile(of: alice.account)
        #expect(profile.map { [$0.field, $0.text.string] } == [["bio", "newest at the same time"]], "seed \(seed)")
    }

    @Test mutating func `counts are of what is`() async throws {
        let peer = try TestStore()
        let posts = alice.posts(3)
        try await peer.ingest(posts + [alice.delete(posts[2]), alice.follow(bob), bob.follow(alice), bob.unfollow(alice)])
        let counts = try await peer.store.counts(of: alice.account)
        #expect(counts.posts == 2)
        #expect(counts.following == 1)
        #expect(counts.followers == 0)
        #expect(counts.lastPost == posts[1].id)
    }

    @Test mutating func `those who are greeted at the start are the followers of accounts of this peer`() async throws {
        let peer = try TestStore()
        let carol = TestAuthor("carol")
        try await peer.addLocal(alice)
        try await peer.ingest(alice.follow(bob), bob.follow(carol), bob.follow(alice))
        #expect(try await peer.store.followersOfLocals(count: 10) == [bob.account])
    }
}
