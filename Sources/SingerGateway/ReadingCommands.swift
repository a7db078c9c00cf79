internal import SingerCore
internal import SingerNode

/// TIMELINE, FEED, SEARCH, SHOW, THREAD.
enum ReadingCommands {
    static let all: [Command] = [
        Command(
            "TIMELINE [count] [BEFORE id]", "your posts and those of whom you follow, newest first",
            meaning: "\(Limits.rowsDefault) rows unless you say how many, at most \(Limits.rowsMax). BEFORE goes on with what is older than that post.",
            example: "TIMELINE 50 BEFORE m2wd5", handler: .account(timeline)),
        Command(
            "FEED name [count] [BEFORE id]", "one user's posts, newest first",
            meaning: "You need not follow them. Count and BEFORE are as in TIMELINE.",
            example: "FEED diogo 50", argumentsMin: 1, handler: .account(feed)),
        Command(
            "SEARCH words", "posts that have all the words",
            meaning: "Looks through the posts that this peer holds, and gives the newest \(Limits.rowsDefault).",
            example: "SEARCH peregrine falcon", argumentsMin: 1, handler: .account(search)),
        Command(
            "SHOW id", "one post, with all that is known of it",
            meaning: "The post, its whole id, the key of its author, who likes it, how many answers it has, and how many other peers are known to hold it.",
            example: "SHOW m2wd5", argumentsMin: 1, handler: .account(show)),
        Command(
            "THREAD id", "the conversation that a post belongs to", meaning: "All of its posts that are known here, oldest first.",
            example: "THREAD m2wd5", argumentsMin: 1, handler: .account(thread)),
    ]

    private static func timeline(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let page = try page(context.arguments)
        return listed(try await context.ask { node throws(NodeError) in try await node.timeline(login, count: page.count, before: page.before) })
    }

    private static func feed(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        let name = arguments.word() ?? ""
        let page = try page(arguments)
        return listed(
            try await context.ask { node throws(NodeError) in try await node.feed(of: name, login, count: page.count, before: page.before) })
    }

    private static func search(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let words = context.arguments.text
        return listed(try await context.ask { node throws(NodeError) in try await node.search(words, login, count: Limits.rowsDefault) })
    }

    private static func thread(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let id = context.arguments.text
        return listed(try await context.ask { node throws(NodeError) in try await node.thread(id, login) })
    }

    private static func show(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let id = context.arguments.text
        return .done(.shown, rows: rows(of: try await context.ask { node throws(NodeError) in try await node.show(id, login) }))
    }

    private static func listed(_ posts: [PostView]) -> Outcome {
        .done(.listed(posts.count, .posts), rows: posts.map(Row.post))
    }

    /// What SHOW shows.
    static func rows(of details: PostDetails) -> [Row] {
        let post = details.post
        var rows: [Row] = [
            .post(post),
            .field("hash", .text(post.id.hash.text)),
            .field("author", .text(post.author.name)),
            .field("key", .text(details.fingerprint.description)),
        ]
        if let parent = post.replyTo { rows.append(.field("reply-to", .id(parent))) }
        if let original = post.forward { rows.append(.field("forward-of", .id(original.id))) }
        rows.append(.field("likes", .number(post.likes)))
        if !details.likedBy.isEmpty { rows.append(.field("liked-by", .users(details.likedBy))) }
        rows.append(.field("replies", .number(details.replies)))
        rows.append(.field("held", .number(details.holders)))
        return rows
    }

    /// `[count] [BEFORE id]`
    static func page(_ arguments: Arguments) throws(Failure) -> (count: Int, before: String?) {
        let (count, before) = try arguments.page("BEFORE", "an id")
        return (count ?? Limits.rowsDefault, before)
    }
}
