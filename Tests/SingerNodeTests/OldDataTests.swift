import SingerCore
import SingerDHT
import SingerStore
import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerNode

@Suite(.timeLimit(.minutes(1))) struct OldDataTests {
    /// A record of alice's device that tells of a log of so many entries.
    private func put(head: UInt64, of person: Person, at home: TestNode, by node: TestNode) async throws {
        let account = try #require(try await home.store.localAccounts().first)
        let keys = try #require(account.sealed.open(passphrase: "correct-horse").flatMap { Keys(secret: $0) })
        let now = Node.systemClock() + 1_000
        let record = AccountRecord(
            certificate: account.certificate, node: NodeSecret().publicKey, endpoints: [], onlineUntil: 0, seen: now, followers: 0, following: 0,
            posts: Int(head), head: head, lastPost: nil, tail: [])
        await node.directory.put(AccountRecord.place(person.login.account, record.sealed(by: keys.device)), permanent: true)
    }

    @Test func `a peer whose data is older than its log in the network writes nothing, and goes on with a new device`() async throws {
        try await withNodes(2) { cluster in
            let node = cluster[0].node
            var alice = try await cluster[0].register("alice")
            try await alice.post("one")
            let old = try await cluster[0].store.localAccounts()[0].certificate.device
            await node.logout(alice.login)
            await node.forgetWhatTheNetworkSaid(of: alice.login.account)
            try await put(head: 9, of: alice, at: cluster[0], by: cluster[1])

            alice = try await cluster[0].login("alice")
            await #expect(throws: NodeError.self) { try await alice.post("two") }
            #expect(try await alice.timeline().map(\.text) == ["one"])
            await node.logout(alice.login)
            alice = try await cluster[0].login("alice")
            try await alice.post("two")
            #expect(try await alice.timeline().map(\.text) == ["two", "one"])
            #expect(try await cluster[0].store.localAccounts()[0].certificate.device != old)
        }
    }

    @Test func `a follow that comes back to a peer whose data was put back is told to whom it is about`() async throws {
        try await withNodes(2) { cluster in
            let alice = try await cluster[0].register("alice")
            let bob = try await cluster[1].register("bob")
            let first = try await alice.post("one")
            // Written after the copy was made: neither on the disk nor in the outbox.
            let follow = try await cluster[0].next(
                .follow(Followee(account: bob.login.account, name: bob.login.name)), of: alice, after: first)
            await cluster[0].node.enqueue([follow], from: nil, isNews: false)
            try await bob.push { if case .follow = $0 { true } else { false } }
            // And it is kept up with.
            try await bob.post("hello")
            try await alice.post(saying: "hello")
            try await eventually { try await cluster[0].store.creditors().isEmpty }
        }
    }

    @Test func `an account whose device wrote two logs goes on with a new one at the next login`() async throws {
        try await withNodes(1) { cluster in
            var alice = try await cluster[0].register("alice")
            let first = try await alice.post("one")
            try await alice.post("two")
            let fork = try await cluster[0].next(.post(Post(text: PostText(typed: "fork"))), of: alice, after: first)
            await cluster[0].node.enqueue([fork], from: nil, isNews: false)
            try await eventually { try await cluster[0].store.isQuarantined(fork.header.device) }
            await #expect(throws: NodeError.self) { try await alice.post("three") }
            await cluster[0].node.logout(alice.login)
            alice = try await cluster[0].login("alice")
            try await alice.post("three")
            #expect(try await alice.timeline().first?.text == "three")
        }
    }
}

/// Two machines of one account, one of which has its clock ahead.
@Suite(.timeLimit(.minutes(1))) struct LaterWordTests {
    @Test func `whom another device follows by a clock that is ahead can be unfollowed at once`() async throws {
        try await withNodes(1) { cluster in
            let alice = try await cluster[0].register("alice")
            let bob = try await cluster[0].register("bob")
            let account = try #require(try await cluster[0].store.localAccounts().first { $0.account == alice.login.account })
            let root = try #require(account.sealed.open(passphrase: "correct-horse").flatMap { Keys(secret: $0) }).root
            let phone = try #require(DeviceSecret(secret: Data(repeating: 7, count: 32)))
            let follow = Entry(
                .follow(Followee(account: bob.login.account, name: bob.login.name)), after: nil, by: phone,
                certificate: Certificate(device: phone.publicKey, name: alice.login.name, root: root, now: Node.systemClock()),
                now: Node.systemClock() + Limits.clockSkewMax / 2)
            await cluster[0].node.enqueue([follow], from: nil, isNews: false)
            try await eventually { try await cluster[0].store.isFollowing(alice.login.account, bob.login.account) }
            _ = try await alice.node.unfollow("bob", by: alice.login)
            #expect(try await !cluster[0].store.isFollowing(alice.login.account, bob.login.account))
            _ = try await alice.node.follow("bob", by: alice.login)
            #expect(try await cluster[0].store.isFollowing(alice.login.account, bob.login.account))
        }
    }
}

extension TestNode {
    /// An entry of a session's log that nobody has seen yet.
    func next(_ content: Entry.Content, of person: Person, after last: ShownID) async throws -> Entry {
        let account = try #require(try await store.localAccounts().first { $0.account == person.login.account })
        let keys = try #require(account.sealed.open(passphrase: "correct-horse").flatMap { Keys(secret: $0) })
        let before = try #require(try await store.entry(last.hash))
        return Entry(
            content, after: (before.id, before.header.seq, before.header.created), by: keys.device, certificate: account.certificate, now: Node.systemClock())
    }
}

extension Node {
    /// As after a start.
    fileprivate func forgetWhatTheNetworkSaid(of account: AccountKey) { ownLogs[account] = nil }
}
