import GRDB
import SingerCore
import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerStore

@Suite struct LogTests {
    let alice = TestAuthor("alice")

    @Test func `what is appended is a chain`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        var log: [Entry] = []
        for number in 1...10 { log.append(try await peer.append("post \(number)", by: alice, at: TestAuthor.start + Int64(number)).entry) }
        #expect(log.map(\.header.seq) == Array(1...10))
        for (before, after) in zip(log, log.dropFirst()) {
            #expect(Entry.follows(after.header, after: before.id, (before.header.seq, before.header.created)))
        }
        #expect(try await peer.store.entries(of: alice.device.publicKey, in: 1...100) == log)
        #expect(try await peer.store.entries(of: alice.device.publicKey, in: 4...6) == Array(log[3...5]))
        #expect(try await peer.store.latestEntries(of: alice.device.publicKey, count: 3) == Array(log.suffix(3)))
        #expect(try await peer.store.entry(log[4].id) == log[4])
        // Each verifies at another peer, bytes and all.
        for entry in log { #expect(try Entry(encoded: entry.encoded) == entry) }
    }

    @Test func `an entry is never taken out, so its place is given once`() async throws {
        let peer = try TestStore()
        var alice = alice
        try await peer.ingest(alice.posts(3))
        await #expect(throws: StoreError.self) { try await peer.store.write { db in try db.execute(sql: "DELETE FROM entry WHERE id = 3") } }
        #expect(try await peer.ingest(alice.post("one more")) == [.stored(arrival: 4)])
    }

    @Test func `a clock that is set back does not break the chain`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let first = try await peer.append("late", by: alice, at: TestAuthor.start + 60 * 60 * 1_000).entry
        let second = try await peer.append("early", by: alice, at: TestAuthor.start).entry
        #expect(second.header.created == first.header.created)
        #expect(second.header.seq == 2)
    }

    @Test func `a store that is opened again has all that was written`() async throws {
        let directory = TemporaryDirectory()
        var written: [Entry] = []
        do {
            let peer = try TestStore(directory)
            try await peer.addLocal(alice)
            for number in 1...5 { written.append(try await peer.append("post \(number)", by: alice).entry) }
            try await peer.store.set("key", Data([1, 2, 3]))
            peer.store.close()
        }
        let peer = try TestStore(directory)
        #expect(try await peer.store.entries(of: alice.device.publicKey, in: 1...5) == written)
        #expect(try await peer.store.setting("key") == Data([1, 2, 3]))
        #expect(try await peer.store.localAccounts().map(\.account) == [alice.account])
        #expect(try await peer.store.claims().map(\.account) == [alice.account])
        #expect(try await peer.append("post 6", by: alice).entry.header.seq == 6)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func `held ranges are the entries present`(seed: UInt64) async throws {
        var random = Generator(seed: seed)
        let peer = try TestStore()
        var author = alice
        let log = author.posts(40)
        let chosen = log.filter { _ in !random.oneIn(3) }.shuffled(using: &random)
        var present: Set<UInt64> = []
        for start in stride(from: 0, to: chosen.count, by: 5) {
            let batch = Array(chosen[start..<min(start + 5, chosen.count)])
            try await peer.ingest(batch)
            present.formUnion(batch.map(\.header.seq))
            let held = try #require(try await peer.store.heldLogs(of: alice.account).first)
            #expect(held.account == alice.account && held.device == alice.device.publicKey)
            #expect(held.ranges.flatMap(Array.init) == present.sorted(), "seed \(seed)")
            #expect(zip(held.ranges, held.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound }, "seed \(seed)")
        }
    }

    @Test func `an answer holds no more than a batch`() async throws {
        let peer = try TestStore()
        try await peer.ingest(alice.unsignedLog(300))
        #expect(try await peer.store.entries(of: alice.device.publicKey, in: 1...300).count == Limits.batchEntriesMax)
        var bob = TestAuthor("bob")
        try await peer.ingest((1...100).map { _ in bob.post(String(repeating: "x", count: 2_000)) })
        let large = try await peer.store.entries(of: bob.device.publicKey, in: 1...100)
        #expect(large.map(\.wireBytes).reduce(0, +) <= Limits.batchBytesMax)
        #expect(large.count > 40)
        #expect(try await peer.store.entries(of: TestAuthor("nobody").device.publicKey, in: 1...300).isEmpty)
        #expect(try await peer.store.entries(of: bob.device.publicKey, in: 50...UInt64.max).count == 51)
    }
}
