import GRDB
import SingerCore
import SingerTesting
import Synchronization
import Testing

@testable import SingerStore

/// What is shown is the same however a store finds it: among the latest of all, among the latest of each author, or among all.
@Suite struct LargeStoreTests {
    private static let day: Milliseconds = 24 * 60 * 60 * 1_000

    @Test func `a timeline among many posts of strangers is that of those followed`() async throws {
        let peer = try TestStore()
        var (alice, bob, carol, stranger) = (TestAuthor("alice"), TestAuthor("bob"), TestAuthor("carol"), TestAuthor("stranger"))
        try await peer.addLocal(alice)
        try await peer.ingest([alice.follow(bob), alice.follow(carol)])
        try await peer.ingest((0..<40).map { bob.post("bob \($0)", at: TestAuthor.start + 10_000 + 2 * $0) })
        try await peer.ingest((0..<40).map { carol.post("carol \($0)", at: TestAuthor.start + 10_000 + 3 * $0) })
        // More than are looked through before each author's own are.
        for batch in 0..<9 { try await peer.ingest((0..<500).map { stranger.post("s", at: TestAuthor.start + 1_000_000 + Milliseconds(batch * 500 + $0)) }) }
        let all = try await peer.store.timeline(of: alice.account, count: 1_000, before: nil)
        #expect(all.count == 80)
        #expect(all.map(\.created) == all.map(\.created).sorted(by: >))
        for count in [1, 20, 79, 80, 81] {
            #expect(try await peer.store.timeline(of: alice.account, count: count, before: nil) == Array(all.prefix(count)))
            let rest = try await peer.store.timeline(of: alice.account, count: count, before: all[9].id.hash)
            #expect(rest == Array(all.dropFirst(10).prefix(count)))
        }
        // Whoever is muted leaves no hole.
        try await peer.store.mute(alice.account, carol.account, true)
        let bobs = try await peer.store.timeline(of: alice.account, count: 20, before: nil)
        #expect(bobs == Array(all.filter { $0.author.account == bob.account }.prefix(20)))
    }

    @Test func `a common word finds the newest, in whatever order they came`() async throws {
        let peer = try TestStore()
        var (alice, early, late) = (TestAuthor("alice"), TestAuthor("early"), TestAuthor("late"))
        try await peer.addLocal(alice)
        try await peer.ingest([alice.post("common word of alice")])
        try await peer.ingest((0..<5).map { early.post("common early \($0)", at: TestAuthor.start + Self.day / 2 + $0) })
        for _ in 0..<5 { try await peer.ingest((0..<100).map { late.post("common late \($0)") }) }
        let found = try await peer.store.search("common", by: alice.account, count: 10).map(\.text)
        #expect(Array(found.prefix(6)) == (0..<5).reversed().map { "common early \($0)" } + ["common late 99"])
        #expect(try await peer.store.search("late common", by: alice.account, count: 3).map(\.text) == [99, 98, 97].map { "common late \($0)" })
    }

    @Test func `nothing that is written takes longer because there are more entries`() async throws {
        let peer = try TestStore()
        var (phone, laptop, bob) = (TestAuthor("alice"), TestAuthor("alice", device: "laptop"), TestAuthor("bob"))
        try await peer.addLocal(bob)
        let statements = Statements()
        try await peer.store.write { db in db.trace { statements.add($0.expandedDescription) } }
        let (post, other) = (bob.post("to @alice #tag"), phone.post("hello"))
        try await peer.ingest(post, other, phone.post("yes", replyTo: post), phone.forward(post, comment: "look"), phone.follow(bob), phone.like(post))
        try await peer.ingest(laptop.delete(other), phone.profile("site", "here"), bob.unfollow(phone), bob.delete(post))
        try await peer.ingest(phone.revoke(laptop, after: 0), other)
        let plans = try await peer.store.write { db in
            db.trace(options: [])
            // The plan of a new device has its posts, for keys that are violated till the end of a transaction: there are none.
            return try statements.all.filter { !$0.hasPrefix("INSERT INTO device ") }.compactMap { sql in
                let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
                return plan.contains { $0.wholeMatch(of: /SCAN (post|entry|p|e|o|word)( .*)?/) != nil } ? "\(sql): \(plan)" : nil
            }
        }
        #expect(statements.all.count > 30)
        #expect(plans == [])
    }

    /// The statements of a transaction, each once, with their values.
    private final class Statements: Sendable {
        private let seen = Mutex<Set<String>>([])

        var all: [String] { seen.withLock { $0.filter { ["SELECT", "INSERT", "UPDATE", "DELETE"].contains($0.prefix(6)) }.sorted() } }

        func add(_ sql: String) { seen.withLock { _ = $0.insert(sql) } }
    }
}
