import Benchmark
import SingerCore
import SingerTesting

@testable import SingerGateway

/// A post as the sessions of each dialect are shown it.
func renderBenchmarks() {
    var author = TestAuthor("andre")
    let entry = author.post(String(repeating: "x", count: 100))
    let id = ShownID(hash: entry.id, shown: "k7f3q")
    let post = PostView(
        id: id, author: UserView(account: author.account, name: "andre"), created: entry.header.created, text: String(repeating: "x", count: 100),
        replyTo: nil, forward: nil, likes: 0, isDeleted: false)
    let push = Push.post(post, in: [])

    Benchmark("render: a post as plain text") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(PlainDialect.line(of: push)) }
    }

    Benchmark("render: a post as JSON") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(JSONDialect.line(of: push)) }
    }

    Benchmark("render: a post as a line of IRC, without and with tags") { benchmark in
        for _ in benchmark.scaledIterations {
            var line = IRCOutgoing("PRIVMSG", ["&home"], source: "andre!andre@e40ef6d8.key", text: PostLines.text(of: post, .suffix))
            line.time = post.created
            line.messageID = "\(id.hash)"
            blackHole(line.line(for: []))
            blackHole(line.line(for: [.serverTime, .messageTags]))
        }
    }
}
