import SingerCore
import SingerNode
import SingerStore
import Testing

private let strong = "correct-horse-battery"

/// Devices of an account at several peers.
///
///     0  alice, who has a second device at
///     1  alice, and both are followed from
///     2  bob
@Suite(.timeLimit(.minutes(1))) struct DeviceTests {
    private func devices(_ person: Person) async throws -> [DeviceView] { try await person.node.devices(person.login) }

    /// The device of the one account at a peer.
    private func device(at node: TestNode) async throws -> DeviceKey { try await #require(node.store.localAccounts().first).certificate.device }

    private func isRevokedNotice(_ push: Push) -> Bool { if case .notice(let text) = push { text.contains("revoked") } else { false } }

    @Test func `an account knows its devices, also those at other peers`() async throws {
        try await withNodes(2) { cluster in
            let here = try await cluster[0].register("alice", strong)
            #expect(try await devices(here).map(\.isThis) == [true])
            let there = try await cluster[1].login("alice", strong)
            for (person, index) in [(here, 0), (there, 1)] {
                try await eventually { try await devices(person).count == 2 }
                try await eventually { try await devices(person).allSatisfy { $0.lastSeen != nil } }
                let found = try await devices(person)
                #expect(try await found.filter(\.isThis).map(\.device) == [device(at: cluster[index])])
                #expect(found.allSatisfy { $0.revoked == nil && $0.shown == String($0.device.description.prefix(8)) })
            }
        }
    }

    @Test func `a revoked device is told, writes no more, and becomes a new one at the next login`() async throws {
        try await withNodes(3) { cluster in
            let here = try await cluster[0].register("alice", strong)
            let there = try await cluster[1].login("alice", strong)
            let bob = try await cluster[2].register("bob")
            _ = try await bob.node.follow("alice", by: bob.login)
            try await there.post("kept")
            try await bob.post(saying: "kept")
            let lost = try await device(at: cluster[1])
            // What the owner's peer has seen by then stays.
            try await eventually { try await here.timeline().map(\.text) == ["kept"] }
            try await eventually { try await devices(here).count == 2 }
            let revoked = try await here.node.revoke(String(lost.description.prefix(8)), by: here.login)
            #expect(revoked.device == lost && !revoked.isThis)
            try await there.push(isRevokedNotice)
            await #expect(throws: NodeError.self) { try await there.post("refused") }
            try await eventually { try await cluster[2].store.isRevoked(lost) }
            #expect(try await bob.timeline().map(\.text) == ["kept"])
            #expect(try await there.timeline().map(\.text) == ["kept"])
            #expect(try await devices(here).first { $0.device == lost }?.revoked != nil)

            let again = try await cluster[1].login("alice", strong)
            #expect(try await device(at: cluster[1]) != lost)
            try await again.post("home again")
            try await bob.post(saying: "home again")
            // Whoever sat at the old session sits there still.
            await #expect(throws: NodeError.unavailable("this session is logged out: log in again")) { try await there.post("refused") }
            #expect(try await bob.timeline().map(\.text) == ["home again", "kept"])
            #expect(try await devices(again).filter(\.isThis).map(\.revoked) == [nil])
        }
    }

    @Test func `a device may revoke itself, and the account goes on with a new one here`() async throws {
        try await withNodes(2) { cluster in
            let alice = try await cluster[0].register("alice")
            try await alice.post("before")
            let own = try await #require(devices(alice).first)
            #expect(try await alice.node.revoke(own.shown.uppercased(), by: alice.login).isThis)
            try await alice.push(isRevokedNotice)
            for _ in 0..<2 {
                await #expect(throws: NodeError.self) { try await alice.post("refused") }
                await #expect(throws: NodeError.self) { try await alice.node.revoke(own.shown, by: alice.login) }
            }
            // A weak passphrase does as well: the keys are here.
            let again = try await cluster[0].login("alice")
            try await again.post("after")
            #expect(try await again.timeline().map(\.text) == ["after", "before"])
            #expect(try await devices(again).map { $0.revoked != nil } == [true, false])
            let bob = try await cluster[1].register("bob")
            _ = try await bob.node.follow("alice", by: bob.login)
            try await eventually { try await bob.timeline().map(\.text) == ["after", "before"] }
        }
    }

    @Test func `what is no device of one's own is not revoked`() async throws {
        try await withNodes { cluster in
            let alice = try await cluster[0].register("alice")
            let bob = try await cluster[0].register("bob")
            let other = try await #require(devices(bob).first).shown
            for typed in [other, "", "zzzz", String(try await #require(devices(alice).first).shown.prefix(3))] {
                await #expect(throws: NodeError.noSuchDevice(typed)) { try await alice.node.revoke(typed, by: alice.login) }
            }
            try await bob.post("still here")
        }
    }
}
