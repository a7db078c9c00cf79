import SingerCore
import SingerStore
import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerNode

/// Peers of a later version write what this one cannot read.
@Suite(.timeLimit(.minutes(1))) struct LaterVersionTests {
    @Test func `an entry of a kind that nobody here knows goes to followers, and the log goes on behind it`() async throws {
        try await withNodes(2) { cluster in
            let alice = try await cluster[0].register("alice")
            let bob = try await cluster[1].register("bob")
            _ = try await bob.node.follow("alice", by: bob.login)
            let first = try await alice.post("one")
            try await bob.post(saying: "one")
            let later = try await cluster[0].next(.unknown(9, body: Data("a poll, say".utf8)), of: alice, after: first)
            await cluster[0].node.enqueue([later], from: nil, isNews: true)
            try await eventually { try await cluster[1].store.entry(later.id) == later }
            try await alice.post("two")
            try await bob.post(saying: "two")
            #expect(try await bob.timeline().map(\.text) == ["two", "one"])
        }
    }
}
