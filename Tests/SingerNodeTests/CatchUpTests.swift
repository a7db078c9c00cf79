import GRDB
import SingerCore
import SingerDHT
import Testing

@testable import SingerNode
@testable import SingerStore

/// What a session is shown of a log that comes to its peer late.
@Suite(.timeLimit(.minutes(1))) struct CatchUpTests {
    @Test func `a new follower at another peer is shown the latest posts in their order, and no text that was deleted`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            var posts: [ShownID] = []
            for number in 0..<30 { posts.append(try await andre.post("number \(number)")) }
            for post in posts.prefix(25) { _ = try await andre.node.delete(post.shown, by: andre.login) }
            // Single entries lie in the DHT, too, where they are heard before the log is there.
            let news = DirectoryKey.news(andre.login.account)
            try await eventually { await cluster[0].directory.all(news, .news, within: .milliseconds(10)).count > 1 }
            _ = try await diogo.node.follow("andre", by: diogo.login)
            var shown: [String] = []
            while !shown.contains("andre: number 29") { shown += try await diogo.given().map(\.summary) }
            try await andre.post("last")
            while shown.last != "andre: last" { shown += try await diogo.given().map(\.summary) }
            #expect(shown.filter { $0 != "andre is online" } == (25..<30).map { "andre: number \($0)" } + ["andre: last"])
        }
    }

    @Test func `a post that came within a forward is not shown to a new follower of its author who has deleted it since`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let tiago = try await cluster[0].register("tiago")
            let diogo = try await cluster[1].register("diogo")
            let gone = try await andre.post("gone")
            _ = try await diogo.node.follow("tiago", by: diogo.login)
            _ = try await tiago.node.forward(gone.shown, comment: "", by: tiago.login)
            try await diogo.push { if case .post(let post, in: _) = $0 { post.forward?.text == "gone" } else { false } }
            try await andre.post("kept")
            _ = try await andre.node.delete(gone.shown, by: andre.login)
            _ = try await diogo.node.follow("andre", by: diogo.login)
            var shown: [String] = []
            while !shown.contains("andre: kept") { shown += try await diogo.given().map(\.summary) }
            try await andre.post("last")
            while shown.last != "andre: last" { shown += try await diogo.given().map(\.summary) }
            #expect(!shown.contains("andre: gone"), "\(shown)")
        }
    }

    @Test func `what comes while the disk is full is shown when there is room again`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            _ = try await diogo.node.follow("andre", by: diogo.login)
            try await andre.post("before")
            var shown: [String] = []
            while !shown.contains("andre: before") { shown += try await diogo.given().map(\.summary) }
            try await cluster[1].store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
            // The last free pages are soon filled.
            let text = String(repeating: "x", count: 2_000)
            for _ in 0..<100 { try await andre.post(text) }
            try await eventually { await diogo.node.ingest.entries > 0 }
            let last = try await andre.post("last")
            try await cluster[1].store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
            while !shown.contains("andre: last") || shown.count(where: { $0 == "andre: \(text)" }) < 100 { shown += try await diogo.given().map(\.summary) }
            #expect(try await diogo.timeline().map(\.id.hash) == andre.timeline().map(\.id.hash))
            #expect(try await diogo.timeline(1).first?.id.hash == last.hash)
        }
    }
}
