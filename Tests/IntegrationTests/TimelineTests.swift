import Foundation
import SingerTesting
import Testing

/// The main job, between real processes.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TimelineTests {
    @Test func `three peers that know one bootstrap node follow, post, forward and see each other at once`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let third = try await network.peer("c", joining: first)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        let tiago = try await third.register("tiago")

        let post = try await andre.ask("POST I made a post!")
        #expect(post.last.hasPrefix("OK posted "))
        #expect(post.id.count == 5)
        #expect(try await andre.ask("FOLLOW diogo").last == "OK following diogo")
        try await diogo.push(with: "* follow andre")
        let hello = try await diogo.ask("POST Hello")
        let pushed = try await andre.push(with: "Hello")
        #expect(pushed.wholeMatch(of: /\* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d <diogo> Hello \[([a-z2-7]{5,})\]/)?.1 == hello.id[...])

        #expect(try await tiago.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow tiago")
        try await tiago.push(with: "<andre> I made a post! [\(post.id)]")
        let forward = try await andre.ask("FORWARD \(hello.id) worth reading")
        #expect(forward.isOK)
        // Tiago never heard of Diogo: the forward carries the original with it.
        let line = try await tiago.push(with: "worth reading")
        #expect(line.hasSuffix("<andre> ♺ <diogo> Hello — worth reading [\(forward.id)>\(hello.id)]"))

        let mine = try await andre.ask("TIMELINE")
        #expect(mine.last == "OK 3 posts")
        #expect(mine.rows.count == 3)
        #expect(mine.rows[0].hasSuffix("[\(forward.id)>\(hello.id)]"))
        #expect(mine.rows[1].hasSuffix("<diogo> Hello [\(hello.id)]"))
        #expect(mine.rows[2].hasSuffix("<andre> I made a post! [\(post.id)]"))
        #expect(try await andre.ask("FOLLOWERS").rows == ["tiago"])
        #expect(try await andre.ask("FOLLOWING").rows == ["diogo"])
    }

    @Test func `replies, likes, deletes and unfollows reach the other peer`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        _ = try await diogo.ask("FOLLOW andre")
        try await andre.push(with: "* follow diogo")
        let post = try await andre.ask("POST question?")
        try await diogo.push(with: "question?")

        #expect(try await diogo.ask("LIKE \(post.id)").isOK)
        #expect(try await andre.push(with: "* like") == "* like diogo \(post.id)")
        let reply = try await diogo.ask("REPLY \(post.id) an answer")
        #expect(reply.isOK)
        // Andre does not follow Diogo, but the answer to his post is his to see.
        let thread = try await andre.ask("THREAD \(post.id)") { $0.rows.count == 2 }
        #expect(thread.rows[1].hasSuffix("<diogo> an answer [\(reply.id)>\(post.id)]"))
        #expect(try await andre.ask("SHOW \(post.id)").rows.contains { $0.contains("diogo") })

        #expect(try await andre.ask("DELETE \(post.id)").isOK)
        #expect(try await diogo.push(with: "* deleted") == "* deleted \(post.id)")
        let after = try await diogo.ask("THREAD \(reply.id)")
        #expect(after.rows.contains { $0.contains("(deleted) [\(post.id)]") })
        #expect(!after.rows.contains { $0.contains("question?") })
        #expect(try await diogo.ask("DELETE \(post.id)").last.hasPrefix("ERR "))

        #expect(try await diogo.ask("UNFOLLOW andre").isOK)
        try await andre.push(with: "* unfollow diogo")
        #expect(try await andre.ask("FOLLOWERS").rows == [])
    }

    @Test func `a new follower gets the latest two hundred posts at once, and older ones when they are asked for`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let andre = try await first.register("andre")
        for number in 1...320 { andre.send("POST number \(number)") }
        for _ in 1...320 { _ = try await andre.reply() }
        let diogo = try await second.register("diogo")
        _ = try await diogo.ask("FOLLOW andre")
        // The author's record may name an earlier post as the last: what came after that follows over the link.
        let page = try await diogo.ask("TIMELINE 200") { $0.rows.count == 200 && $0.rows[0].contains("number 320 ") }
        #expect(page.rows[199].contains("number 121 "))
        let oldest = try #require(page.rows[199].firstMatch(of: /\[([a-z2-7]+)\]$/)?.1)
        let older = try await diogo.ask("TIMELINE 200 BEFORE \(oldest)") { $0.rows.count == 120 }
        #expect(older.rows[119].contains("number 1 "))
    }

    @Test func `sessions of one account see each other's posts, and each its own only once`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let one = try await peer.register("andre")
        let two = try await peer.login("andre")
        let post = try await one.ask("POST from the first")
        try await two.push(with: "from the first [\(post.id)]")
        _ = try await two.ask("POST from the second")
        // Had the first session been pushed its own post, it would have come before this one.
        #expect(try await one.push(with: "<andre>").contains("from the second"))
    }
}
