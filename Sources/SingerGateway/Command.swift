internal import Logging
internal import SingerNode

/// One command: what it is called, what it needs, what it does.
struct Command: Sendable {
    /// In upper case.
    let verb: String
    /// As HELP and NEED_MORE_PARAMS show it: `FEED name [count] [BEFORE id]`.
    let usage: String
    /// One line for the list of HELP.
    let summary: String
    /// Sentences for `HELP verb`.
    let meaning: String
    let example: String
    /// How many words must follow the verb.
    let argumentsMin: Int
    let handler: Handler

    /// Who may use it. A command that needs an account is given one, so none can forget to ask.
    enum Handler: Sendable {
        /// Needs nothing but what it is given, so nobody waits for it.
        case now(@Sendable (CommandContext) throws(Failure) -> Reply)
        case anyone(@Sendable (CommandContext) async throws(Failure) -> Outcome)
        case account(@Sendable (CommandContext, Login) async throws(Failure) -> Outcome)
    }

    /// The usage begins with the verb.
    init(_ usage: String, _ summary: String, meaning: String, example: String, argumentsMin: Int = 0, handler: Handler) {
        self.verb = String(usage.prefix { $0 != " " })
        self.usage = usage
        self.summary = summary
        self.meaning = meaning
        self.example = example
        self.argumentsMin = argumentsMin
        self.handler = handler
    }

    /// Carries the command out.
    func run(_ context: CommandContext) async throws(Failure) -> Outcome {
        switch handler {
        case .now(let handle):
            return .reply(try handle(context))
        case .anyone(let handle):
            try checkArguments(context)
            return try await handle(context)
        case .account(let handle):
            guard let login = context.login else { throw .needLogin }
            try checkArguments(context)
            return try await handle(context, login)
        }
    }

    private func checkArguments(_ context: CommandContext) throws(Failure) {
        guard argumentsMin == 0 || context.arguments.count >= argumentsMin else { throw Failure(.needMoreParameters, "usage: \(usage)") }
    }
}

extension Command.Handler {
    /// Of a command that asks the node for one thing, about the one user or post that is named.
    static func named<Value: Sendable>(
        _ done: @escaping @Sendable (Value) -> Done, _ ask: @escaping @Sendable (Node, String, Login) async throws(NodeError) -> Value
    ) -> Self {
        .account { context, login throws(Failure) in
            let name = context.arguments.text
            return .done(done(try await context.ask { node throws(NodeError) in try await ask(node, name, login) }))
        }
    }
}

/// The headings of HELP.
enum CommandGroup: String, CaseIterable, Sendable {
    case accounts = "Accounts"
    case posts = "Posts"
    case people = "People"
    case reading = "Reading"
    case archive = "Your archive"
    case peer = "This peer and this connection"
}

/// What a handler is given. It knows of no connection and no dialect.
struct CommandContext: Sendable {
    let node: Node
    /// Of the session, if there is one.
    let login: Login?
    let arguments: Arguments
    let logger: Logger

    /// Asks the node. Its errors become failures with a code and words.
    func ask<Value>(_ question: (Node) async throws(NodeError) -> Value) async throws(Failure) -> Value {
        do {
            return try await question(node)
        } catch {
            if case .internal(let detail) = error { logger.error("A command failed inside", metadata: ["error": "\(detail)"]) }
            throw Failure(error)
        }
    }
}

/// What a command comes to: a reply, and what the session must do besides.
enum Outcome: Sendable {
    case reply(Reply)
    case loggedIn(Login, Reply)
    case loggedOut(Reply)
    /// The reply is given in the new dialect already.
    case format(Dialect, Reply)
    /// The lines that follow are a text; the reply is given when it is closed.
    case text(TextBlock.Purpose)
    case quit(Reply)

    static func done(_ done: Done, rows: [Row] = []) -> Outcome { .reply(Reply(done, rows: rows)) }
}
