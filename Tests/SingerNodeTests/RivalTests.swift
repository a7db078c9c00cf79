import SingerCore
import SingerDHT
import SingerNode
import SingerStore
import SingerTesting
import Testing

/// Names after networks that were apart have joined.
@Suite(.timeLimit(.minutes(1))) struct RivalTests {
    private func isRival(_ push: Push) -> Bool { if case .rival = push { true } else { false } }

    private func rival(of person: Person) async throws -> RivalClaim {
        guard case .rival(let rival) = try await person.push(isRival) else { throw Person.LoggedOut() }
        return rival
    }

    @Test func `when two networks join, both owners of a name are told, each session once`() async throws {
        try await withNodes(2) { cluster in
            for node in cluster.nodes { node.directory.isConnected = false }
            let one = try await cluster[0].register("alice")
            let other = try await cluster[1].register("Alice")
            for node in cluster.nodes { node.directory.isConnected = true }
            for (person, rival) in [(one, other), (other, one)] {
                let told = try await self.rival(of: person)
                #expect(told.name == person.login.name && told.rival == rival.login.account)
                #expect(told.shownAs.lowercased() == "alice~\(Fingerprint(person.login.account).mark.prefix(4))")
            }
            // Both names still work where they were pinned.
            #expect(try await cluster[0].store.pinned(.of("alice"))?.account == one.login.account)
            #expect(try await cluster[1].store.pinned(.of("alice"))?.account == other.login.account)

            // The networks part and join again: that is no news. A new session is told.
            cluster[1].directory.isConnected = false
            cluster[1].directory.isConnected = true
            let session = try await cluster[0].login("alice")
            _ = try await rival(of: session)
            #expect(try await !one.pushed().contains { $0.hasPrefix("rival") })
        }
    }

    @Test func `both owners of a name can be at home at one peer, each with a passphrase and a device of their own`() async throws {
        let (first, second) = ("correct-horse-battery", "another-horse-battery")
        try await withNodes(2) { cluster in
            for node in cluster.nodes { node.directory.isConnected = false }
            let one = try await cluster[0].register("alice", first)
            let other = try await cluster[1].register("alice", second)
            for node in cluster.nodes { node.directory.isConnected = true }

            let guest = try await cluster[0].login("alice", second)
            #expect(guest.login.account == other.login.account)
            let device = try await cluster[0].store.localAccount(guest.login.account)?.certificate.device
            try await cluster[0].node.changePassphrase(guest.login, from: second, to: "a-third-horse-battery")
            await cluster[0].node.logout(guest.login)
            // Without the network, and as the same device.
            cluster[0].directory.isConnected = false
            #expect(try await cluster[0].login("alice", "a-third-horse-battery").login.account == other.login.account)
            #expect(try await cluster[0].login("alice", first).login.account == one.login.account)
            #expect(try await cluster[0].store.localAccount(guest.login.account)?.certificate.device == device)
        }
    }

    @Test func `the claim of somebody followed is found later, and kept alive from here`() async throws {
        try await withNodes(2) { cluster in
            var alice = TestAuthor("alice")
            _ = try await cluster[0].store.ingest([alice.post("hello")], now: Node.systemClock())
            let bob = try await cluster[0].register("bob")
            cluster[0].directory.isConnected = false
            let claim = NameClaim(name: alice.name, root: alice.root, created: TestAuthor.start)
            await cluster[1].directory.put(claim.placed, permanent: true)
            _ = try await bob.node.follow("alice", by: bob.login)
            #expect(try await cluster[0].store.claim(of: alice.account) == nil)
            cluster[0].directory.isConnected = true
            try await eventually { try await cluster[0].store.claim(of: alice.account) == claim }
            // The owner's peer is gone, and the claim is not.
            await cluster[1].directory.withdraw(claim.placed.place, valueID: claim.placed.valueID)
            cluster[1].directory.isConnected = false
            try await eventually { await cluster[0].directory.all(claim.placed.place, .nameClaim, within: .seconds(1)) == [claim.envelope] }
        }
    }
}
