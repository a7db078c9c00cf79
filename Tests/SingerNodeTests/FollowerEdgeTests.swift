import SingerCore
import SingerDHT
import SingerNode
import SingerPeer
import SingerStore
import SingerTesting
import Testing

/// Who follows whom, as it lies in the DHT.
@Suite(.timeLimit(.minutes(1))) struct FollowerEdgeTests {
    @Test func `shards double as the list grows`() {
        #expect([0, 127, 128, 255, 256, 1_000, 100_000].map { EntryRecord.shards(followers: $0) } == [1, 1, 2, 2, 4, 8, 64])
    }

    @Test func `the followers of somebody popular are found in all shards, by one who has heard of none`() async throws {
        try await withNodes(2) { cluster in
            let alice = TestAuthor("alice")
            await cluster[1].directory.put(NameClaim(name: alice.name, root: alice.root, created: TestAuthor.start).placed, permanent: true)
            let count = 48
            for number in 0..<count {
                var follower = TestAuthor("follower\(number)")
                guard let edge = EntryRecord.followerEdge(follower.follow(alice), shards: 4, by: follower.device) else { continue }
                await cluster[1].directory.put(edge, permanent: true)
            }
            let bob = try await cluster[0].register("bob")
            try await eventually { try await bob.node.followers(of: "alice", bob.login).count == count }
        }
    }

    @Test func `a follow of somebody popular lies in the shard that is the follower's, and goes with the unfollow`() async throws {
        try await withNodes(1) { cluster in
            var alice = TestAuthor("alice")
            try await cluster[0].meet(alice, alice.post("hello"))
            let record = AccountRecord(
                certificate: alice.certificate, node: NodeSecret().publicKey, endpoints: [], onlineUntil: 0, seen: TestAuthor.start, followers: 1_000,
                following: 0, posts: 1, head: 1, lastPost: nil, tail: [])
            #expect(try await cluster[0].store.keep(record, record.sealed(by: alice.device)))
            let bob = try await cluster[0].register("bob")
            let place = DirectoryKey.followers(alice.account, shard: EntryRecord.shard(of: bob.login.account, of: 8))
            func kinds() async throws -> [Entry.Kind] {
                try await cluster[0].directory.all(place, .followerEdge, within: .seconds(1)).map { try EntryRecord.entry(in: $0).header.kind }
            }
            _ = try await bob.node.follow("alice", by: bob.login)
            try await eventually { try await kinds() == [.follow] }
            _ = try await bob.node.unfollow("alice", by: bob.login)
            try await eventually { try await kinds() == [.unfollow] }
            // What counts is on the disk, to be put again.
            try await eventually {
                try await cluster[0].store.edges(unfollowsSince: 0, count: 10).map { try EntryRecord.entry(in: $0.envelope).header.kind } == [.unfollow]
            }
        }
    }

    @Test func `what a peer said over a link is on the disk when the link is gone`() async throws {
        try await withNodes(2) { cluster in
            let names = (0..<5).map { "author\($0)" }
            for name in names { try await cluster[0].register(name).post("hello") }
            let bob = try await cluster[1].register("bob")
            for name in names { _ = try await bob.node.follow(name, by: bob.login) }
            try await eventually { await cluster[0].node.peers().first?.feeds ?? 0 >= names.count }
            await cluster[1].transport.shutdown()
            try await eventually { try await cluster[0].store.memories().map(\.node) == [cluster[1].transport.key] }
        }
    }
}
