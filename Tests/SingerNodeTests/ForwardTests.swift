import SingerCore
import SingerNode
import SingerStore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

/// Forwards of what others made to be forwarded: whatever a user of this peer forwards, other peers can read.
@Suite(.timeLimit(.minutes(1)))
struct ForwardTests {
    /// Whether all that was written under a login is what any peer would take.
    private func isReadable(_ login: Login, at peer: TestNode) async throws -> Bool {
        let log = try #require(try await peer.store.heldLogs(of: login.account).first)
        let entries = try await peer.store.entries(of: log.device, in: 1...1_000)
        return try entries.count == Int(#require(log.ranges.first).count) && entries.allSatisfy { try Entry(encoded: $0.encoded) == $0 }
    }

    @Test func `a forward whose original is not known here yet is passed on as the original`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            var (bob, carol) = (TestAuthor("bob"), TestAuthor("carol"))
            // Its time has not come: it is parked, while the forward of it is shown.
            let original = bob.post("from the future", at: Node.systemClock() + 3_600_000)
            let forward = carol.forward(original)
            try await cluster[0].meet(carol, forward)
            let id = try await andre.node.forward(forward.id.text, comment: "look", by: andre.login)
            #expect(try await isReadable(andre.login, at: cluster[0]))
            let written = try #require(try await cluster[0].store.entry(id.hash))
            guard case .post(let post)? = written.content else {
                Issue.record("not a post")
                return
            }
            #expect(post.forward?.id == original.id)
        }
    }

    @Test func `a post that leaves no room for a forward around it is not forwarded, and the log goes on`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            let bob = TestAuthor("bob")
            var body = WirePostBody()
            body.text = "small talk"
            // A field of a later version, as long as a body may be: 15, of bytes.
            let room = Limits.bodyBytesMax - body.encoded.count - 3
            let padding = Data([15 << 3 | 2, UInt8(room & 0x7f | 0x80), UInt8(room >> 7)]) + Data(repeating: 7, count: room)
            let post = try Entry(verifying: bob.forge(body: body.encoded + padding))
            try await cluster[0].meet(bob, post)
            await #expect(throws: NodeError.self) { try await andre.node.forward(post.id.text, comment: "look", by: andre.login) }
            try await andre.post("what now")
            #expect(try await isReadable(andre.login, at: cluster[0]))
            #expect(try await andre.timeline().map(\.text) == ["what now"])
        }
    }

    @Test func `a forward of the longest text with the longest comment is forwarded`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            let long = String(repeating: "x", count: Limits.textBytesMax)
            let original = try await andre.post(long)
            let forward = try await andre.node.forward(original.shown, comment: long, by: andre.login)
            _ = try await diogo.node.follow("andre", by: diogo.login)
            let again = try await { () async throws -> ShownID in
                try await eventually { try await diogo.timeline().contains { $0.id.hash == forward.hash } }
                return try await diogo.node.forward(forward.shown, comment: long, by: diogo.login)
            }()
            #expect(try await diogo.node.show(again.shown, diogo.login).post.forward?.text == long)
            #expect(try await isReadable(diogo.login, at: cluster[1]))
        }
    }

    @Test func `a log of long entries tells how long it is, and ends with its last`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            let long = String(repeating: "x", count: Limits.textBytesMax)
            let original = try await andre.post(long)
            for _ in 1...40 { _ = try await andre.node.forward(original.shown, comment: long, by: andre.login) }
            let log = try #require(try await cluster[0].store.heldLogs(of: andre.login.account).first)
            let latest = try await cluster[0].store.latestEntries(of: log.device, count: 32)
            #expect(latest.last?.header.seq == 41)
            #expect(zip(latest, latest.dropFirst()).allSatisfy { $0.header.seq + 1 == $1.header.seq })
        }
    }
}
