internal import SingerCore
internal import SingerNode

/// POST, REPLY, FORWARD, DELETE, LIKE, UNLIKE: what changes posts.
enum PostCommands {
    static let all: [Command] = [
        Command(
            "POST text", "write to all who follow you",
            meaning: """
                The rest of the line is the text, at most \(Limits.textBytesMax) bytes. POST alone opens a text of several lines: type them, and close it \
                with a line that holds a single dot. A line of the text that begins with a dot gets one more.
                """,
            example: "POST I made a post!", handler: .account(post)),
        Command(
            "REPLY id text", "answer a post",
            meaning:
                "The id is what stands in [ ] after a post; its first \(Limits.idCharactersMin) letters will do. REPLY id alone opens a text, as POST does.",
            example: "REPLY m2wd5 I agree", argumentsMin: 1, handler: .account(reply)),
        Command(
            "FORWARD id [comment]", "show a post to all who follow you",
            meaning: "Passes the post on, with the signature of its author, and with your comment if you give one.",
            example: "FORWARD m2wd5 worth reading", argumentsMin: 1, handler: .account(forward)),
        Command(
            "DELETE id", "take back a post of yours",
            meaning: "The text goes from every peer that hears of it; that there was a post remains.",
            example: "DELETE k7f3q", argumentsMin: 1,
            handler: .named(Done.deleted) { node, id, login throws(NodeError) in try await node.delete(id, by: login) }),
        Command(
            "LIKE id", "tell the author that you like a post", meaning: "Everybody can see it, and its author is told. UNLIKE takes it back.",
            example: "LIKE m2wd5", argumentsMin: 1, handler: .named(Done.liked) { node, id, login throws(NodeError) in try await node.like(id, by: login) }),
        Command(
            "UNLIKE id", "take back a LIKE", meaning: "The opposite of LIKE.", example: "UNLIKE m2wd5", argumentsMin: 1,
            handler: .named(Done.unliked) { node, id, login throws(NodeError) in try await node.unlike(id, by: login) }),
    ]

    /// A text of several lines, when it is closed.
    static func submit(_ text: String, _ purpose: TextBlock.Purpose, _ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        switch purpose {
        case .post: try await posted(context) { node throws(NodeError) in try await node.post(text, by: login).id }
        case .reply(let id): try await posted(context) { node throws(NodeError) in try await node.reply(to: id, text, by: login) }
        case .archive: try await ArchiveCommands.take(text, context, login)
        }
    }

    private static func posted(
        _ context: CommandContext, _ write: (Node) async throws(NodeError) -> ShownID
    ) async throws(Failure) -> Outcome {
        .done(.posted(try await context.ask(write)))
    }

    private static func post(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        guard !context.arguments.isEmpty else { return .text(.post) }
        return try await submit(context.arguments.text, .post, context, login)
    }

    private static func reply(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        let id = arguments.word() ?? ""
        guard !arguments.isEmpty else { return .text(.reply(to: id)) }
        return try await submit(arguments.text, .reply(to: id), context, login)
    }

    private static func forward(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        let id = arguments.word() ?? ""
        let comment = arguments.text
        return try await posted(context) { node throws(NodeError) in try await node.forward(id, comment: comment, by: login) }
    }
}
