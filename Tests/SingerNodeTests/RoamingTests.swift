import SingerCore
import SingerStore
import Testing

@testable import SingerNode

private let strong = "correct-horse-battery"

@Suite(.timeLimit(.minutes(1))) struct RoamingTests {
    @Test func `an account with a strong passphrase logs in at a peer that never saw it, as a device of its own`() async throws {
        try await withNodes(2) { cluster in
            let here = try await cluster[0].register("Alice", strong)
            let there = try await cluster[1].login("alice", strong)
            #expect(there.login.account == here.login.account)
            #expect(there.login.name.text == "Alice")
            let devices = try await [cluster[0], cluster[1]].asyncMap { try await $0.store.localAccounts()[0].certificate.device }
            #expect(devices[0] != devices[1])
            // From now on without the network.
            await cluster[1].node.logout(there.login)
            #expect(try await cluster[1].login("alice", strong).login.account == here.login.account)
        }
    }

    @Test func `two who log in at once at a peer that never saw the account are one device`() async throws {
        try await withNodes(2) { cluster in
            _ = try await cluster[0].register("alice", strong)
            async let first = cluster[1].node.login(.of("alice"), passphrase: strong)
            async let second = cluster[1].node.login(.of("alice"), passphrase: strong)
            let (one, other) = (Person(cluster[1].node, try await first), Person(cluster[1].node, try await second))
            try await one.post("from one")
            try await other.post("from the other")
            let logs = try await cluster[1].store.heldLogs(of: one.login.account).filter { $0.ranges.last?.upperBound ?? 0 > 0 }
            #expect(logs.map(\.device) == [try await cluster[1].store.localAccounts()[0].certificate.device])
            #expect(try await cluster[1].node.devices(one.login).count == 2)
        }
    }

    @Test func `what was written and followed elsewhere is there, and each device sees what the other writes`() async throws {
        try await withNodes(3) { cluster in
            let diogo = try await cluster[2].register("diogo")
            try await diogo.post("before")
            let here = try await cluster[0].register("alice", strong)
            try await here.post("from here")
            _ = try await cluster[0].node.follow("diogo", by: here.login)
            try await here.post(saying: "before")

            let there = try await cluster[1].login("alice", strong)
            try await eventually { try await cluster[1].node.following(of: nil, there.login).map(\.name) == ["diogo"] }
            try await eventually { try await there.timeline().map(\.text) == here.timeline().map(\.text) }
            try await diogo.post("after")
            try await there.post(saying: "after")
            try await there.post("from there")
            try await here.post(saying: "from there")
            try await here.post("from here again")
            try await there.post(saying: "from here again")
            #expect(try await there.timeline().map(\.text) == here.timeline().map(\.text))
        }
    }

    /// An account at home at two peers, which have heard of each other and hold its post.
    private func aliceAtTwoPeers(_ cluster: Cluster) async throws -> (here: Person, post: ShownID) {
        let here = try await cluster[0].register("alice", strong)
        let there = try await cluster[1].login("alice", strong)
        let post = try await here.post("hello")
        try await eventually { try await there.timeline().map(\.text) == ["hello"] }
        let account = here.login.account
        for index in [0, 1] { try await eventually { await cluster[index].node.servedElsewhere.contains(account) } }
        return (here, post)
    }

    @Test func `what people at one peer of an account do to it is known at its other peer`() async throws {
        try await withNodes(2) { cluster in
            let (here, post) = try await aliceAtTwoPeers(cluster)
            let eve = try await cluster[1].register("eve")
            _ = try await eve.node.follow("alice", by: eve.login)
            _ = try await eve.node.like(post.hash.text, by: eve.login)
            let reply = try await eve.node.reply(to: post.hash.text, "hi alice", by: eve.login)
            try await eventually { try await cluster[0].store.isFollowing(eve.login.account, here.login.account) }
            try await eventually { try await cluster[0].store.post(post.hash)?.likes == 1 }
            try await eventually { try await cluster[0].store.post(reply.hash)?.text == "hi alice" }
            _ = try await eve.node.unfollow("alice", by: eve.login)
            try await eventually { try await !cluster[0].store.isFollowing(eve.login.account, here.login.account) }
            try await eventually { try await cluster[1].store.creditors().isEmpty }
        }
    }

    @Test func `what is delivered to one peer of an account comes to its other one, too`() async throws {
        try await withNodes(3) { cluster in
            let (_, post) = try await aliceAtTwoPeers(cluster)
            // One of them is told; that one owes it to the other.
            let bob = try await cluster[2].register("bob")
            let found = try await bob.node.feed(of: "alice", bob.login, count: 1, before: nil)
            #expect(found.map(\.id.hash) == [post.hash])
            let reply = try await bob.node.reply(to: post.hash.text, "hi alice", by: bob.login)
            for index in [0, 1] { try await eventually { try await cluster[index].store.post(reply.hash)?.text == "hi alice" } }
            for index in [0, 1] { try await eventually { try await cluster[index].store.creditors().isEmpty } }
        }
    }

    @Test func `a weak or wrong passphrase leads nowhere`() async throws {
        try await withNodes(2) { cluster in
            _ = try await cluster[0].register("alice", "fifteen-letters")
            _ = try await cluster[0].register("bob", strong)
            await #expect(throws: NodeError.badLogin) { try await cluster[1].login("alice", "fifteen-letters") }
            await #expect(throws: NodeError.badLogin) { try await cluster[1].login("bob", strong + "x") }
            await #expect(throws: NodeError.badLogin) { try await cluster[1].login("carol", strong) }
        }
    }

    @Test func `a changed passphrase opens the account elsewhere, and the old one no longer does`() async throws {
        try await withNodes(3) { cluster in
            let alice = try await cluster[0].register("alice", strong)
            let old = try await cluster[1].login("alice", strong)
            await cluster[1].node.logout(old.login)
            try await cluster[0].node.changePassphrase(alice.login, from: strong, to: "another-horse-battery")
            await #expect(throws: NodeError.badLogin) { try await cluster[2].login("alice", strong) }
            #expect(try await cluster[2].login("alice", "another-horse-battery").login.account == alice.login.account)
            // Where the account is at home under the passphrase of before, too.
            #expect(try await cluster[1].login("alice", "another-horse-battery").login.account == alice.login.account)
        }
    }

    @Test func `a passphrase made weak takes the key out of the network`() async throws {
        try await withNodes(2) { cluster in
            let alice = try await cluster[0].register("alice", strong)
            try await cluster[0].node.changePassphrase(alice.login, from: strong, to: "short-one")
            await #expect(throws: NodeError.badLogin) { try await cluster[1].login("alice", strong) }
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
