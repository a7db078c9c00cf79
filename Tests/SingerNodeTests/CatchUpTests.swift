import SingerCore
import SingerDHT
import SingerNode
import Testing

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
}
