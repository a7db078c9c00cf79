import SingerCore
import SingerNode
import SingerTesting
import Testing

@testable import SingerStore

/// From one peer to another with everything that an account signed.
@Suite(.timeLimit(.minutes(1)))
struct ArchiveTests {
    /// All own entries that a peer holds.
    private func archive(_ person: Person) async throws -> [Entry] {
        var entries: [Entry] = []
        for log in try await person.node.logs(person.login) {
            var last: UInt64 = 0
            while true {
                let more = try await person.node.export(log.device, after: last, count: 2, person.login)
                guard let end = more.last?.header.seq else { break }
                entries += more
                last = end
            }
        }
        return entries
    }

    private func adopt(_ person: Person, at node: TestNode, _ passphrase: String = "correct-horse") async throws -> Person {
        let (claim, sealed) = try await person.node.identity(of: person.login, passphrase: passphrase)
        return Person(node.node, try await node.node.adopt(claim, sealed, passphrase: passphrase))
    }

    @Test func `an account moves with its posts, its profile and whom it follows, and writes a log of its own from then on`() async throws {
        try await withNodes(3) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[2].register("diogo")
            _ = try await cluster[0].node.follow("diogo", by: andre.login)
            let first = try await andre.post("first")
            try await andre.post("second")
            try await cluster[0].node.setProfile("bio", "sings", by: andre.login)
            _ = try await cluster[0].node.delete(first.shown, by: andre.login)
            let entries = try await archive(andre)
            #expect(entries.map(\.header.seq) == [1, 2, 3, 4, 5])

            let moved = try await adopt(andre, at: cluster[1])
            #expect(moved.login.account == andre.login.account)
            // Some may have come by themselves already: the old peer is there.
            let restored = try await moved.node.restore(entries, by: moved.login)
            #expect(restored.new + restored.known == 5)
            #expect(try await moved.node.restore(entries, by: moved.login) == (0, 5))
            #expect(try await moved.timeline().map(\.id.hash) == andre.timeline().map(\.id.hash))
            #expect(try await moved.timeline().map(\.text) == ["second", ""])
            let pushed = try await moved.pushed()
            #expect(!pushed.contains { $0.hasPrefix("andre: ") || $0 == "deleted" }, "the own past is no news: \(pushed)")
            #expect(try await archive(moved).map(\.id) == entries.map(\.id))

            try await diogo.post("to whom it concerns")
            try await moved.post(saying: "to whom it concerns")
            try await moved.post("from elsewhere")
            let logs = try await moved.node.logs(moved.login)
            #expect(Set(logs.map(\.entries)) == [5, 1] && logs.allSatisfy { Int($0.last) == $0.entries })
        }
    }

    @Test func `the key of the old device stays where it is`() async throws {
        try await withNodes(1) { cluster in
            let andre = try await cluster[0].register("andre")
            let (claim, sealed) = try await cluster[0].node.identity(of: andre.login, passphrase: "correct-horse")
            let secret = try #require(sealed.open(passphrase: "correct-horse"))
            #expect(secret.count == 32 && RootKey(secret: secret)?.publicKey == claim.account)
            await #expect(throws: NodeError.badLogin) { try await cluster[0].node.identity(of: andre.login, passphrase: "wrong-horse") }
        }
    }

    @Test func `an account is not adopted with a wrong passphrase, or another's claim, or where its name means somebody else`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[0].register("diogo")
            let (claim, sealed) = try await cluster[0].node.identity(of: andre.login, passphrase: "correct-horse")
            let (other, _) = try await cluster[0].node.identity(of: diogo.login, passphrase: "correct-horse")
            await #expect(throws: NodeError.badLogin) { try await cluster[1].node.adopt(claim, sealed, passphrase: "wrong-horse") }
            await #expect(throws: NodeError.badLogin) { try await cluster[1].node.adopt(other, sealed, passphrase: "correct-horse") }
        }
        try await withNodes(1) { stranger in
            _ = try await stranger[0].register("andre", "another-horse")
            try await withNodes(1) { cluster in
                let andre = try await cluster[0].register("andre")
                let (claim, sealed) = try await cluster[0].node.identity(of: andre.login, passphrase: "correct-horse")
                await #expect(throws: NodeError.nameTaken(.of("andre"))) { try await stranger[0].node.adopt(claim, sealed, passphrase: "correct-horse") }
            }
        }
    }

    @Test func `entries of somebody else are refused, and nothing beside them is stored`() async throws {
        try await withNodes(1) { cluster in
            let andre = try await cluster[0].register("andre")
            var stranger = TestAuthor("diogo")
            let entry = stranger.post("not yours")
            await #expect(throws: NodeError.badArchive("entry 1 is not andre's")) { try await andre.node.restore([entry], by: andre.login) }
            #expect(try await cluster[0].store.entry(entry.id) == nil)
        }
    }

    @Test func `a follow that was taken back stays taken back, in whatever order the archive comes`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            _ = try await cluster[1].register("diogo")
            _ = try await cluster[0].node.follow("diogo", by: andre.login)
            _ = try await cluster[0].node.unfollow("diogo", by: andre.login)
            let entries = try await archive(andre)
            let moved = try await adopt(andre, at: cluster[1])
            for entry in entries.reversed() { _ = try await moved.node.restore([entry], by: moved.login) }
            #expect(try await moved.node.following(of: "andre", moved.login).isEmpty)
        }
    }
}
