import SingerCore
import SingerDHT
import SingerStore
import SingerTesting
import Testing

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
}

extension Node {
    /// As after a start.
    fileprivate func forgetWhatTheNetworkSaid(of account: AccountKey) { ownLogs[account] = nil }
}
