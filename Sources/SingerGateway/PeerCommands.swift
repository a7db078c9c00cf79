internal import SingerCore
internal import SingerNode

/// STATUS, PEERS, FORMAT, HELP, PING, QUIT: what concerns this peer and this connection.
enum PeerCommands {
    static let all: [Command] = [
        Command(
            "STATUS", "how this peer is doing", meaning: "What it holds, whom it is connected to, and what it still owes to other peers.",
            example: "STATUS", handler: .anyone(status)),
        Command(
            "PEERS", "the peers this one is linked to", meaning: "Their addresses and node keys, and how many feeds each shares with this peer.",
            example: "PEERS", handler: .account(peers)),
        Command(
            "FORMAT text|json", "how replies are written",
            meaning: "text is for people; json gives one object a line, for programs. The reply comes in the new format already.",
            example: "FORMAT json", argumentsMin: 1, handler: .anyone(format)),
        Command(
            "RECEIPTS on|off", "be told who holds your posts",
            meaning: "When on, a line tells each time one more peer has said that it holds a post of yours, and how many do. For this session.",
            example: "RECEIPTS on", argumentsMin: 1, handler: .account(receipts)),
        Command(
            "HELP [command]", "this list, or more about one command",
            meaning: """
                Verbs may be typed in any case, and with a / before them. A command may begin with a tag of yours, #42, which its reply then carries. \
                Replies end with OK or ERR, their rows begin with two spaces, and what begins with * came by itself.
                """,
            example: "HELP FORWARD", handler: .now(help)),
        Command(
            "PING [token]", "ask whether the connection is alive", meaning: "Answers at once, with the token if you give one.", example: "PING 42",
            handler: .now(ping)),
        Command("QUIT", "close the connection", meaning: "Logs out and says goodbye.", example: "QUIT", handler: .anyone(quit)),
    ]

    private static func status(_ context: CommandContext) async throws(Failure) -> Outcome {
        .done(.shown, rows: rows(of: await context.node.status(), isLoggedIn: context.login != nil))
    }

    /// What STATUS shows: counts to anybody, the rest to those who have an account here.
    static func rows(of status: Node.NodeStatus, isLoggedIn: Bool) -> [Row] {
        let about: [Row] = [
            .field("version", .text(status.version)),
            .field("network", .text(status.network)),
            .field("uptime", .span(status.uptime)),
        ]
        let counts: [Row] = [
            .field("accounts", .number(status.accounts)),
            .field("online", .number(status.online)),
            .field("sessions", .number(status.sessions)),
            .field("posts", .number(status.posts)),
            .field("links", .number(status.links)),
            .field("dht-nodes", .number(status.dhtNodes)),
            .field("owed", .number(status.owed)),
        ]
        return isLoggedIn ? about + counts : counts
    }

    private static func peers(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let peers = await context.node.peers()
        return .done(.listed(peers.count, .peers), rows: peers.map(Row.peer))
    }

    private static func receipts(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        switch context.arguments.text.asciiUppercased {
        case "ON": login.wantsReceipts = true
        case "OFF": login.wantsReceipts = false
        default: throw Failure(.badParameter, "RECEIPTS takes on or off")
        }
        return .done(.receipts(login.wantsReceipts))
    }

    private static func format(_ context: CommandContext) async throws(Failure) -> Outcome {
        let typed = context.arguments.text
        guard let dialect = Dialect.allCases.first(where: { $0.rawValue.asciiUppercased == typed.asciiUppercased }) else {
            throw Failure(.badParameter, "no format \(Failure.quote(typed)); there are text and json")
        }
        return .format(dialect, Reply(.format(dialect)))
    }

    private static func help(_ context: CommandContext) throws(Failure) -> Reply {
        var arguments = context.arguments
        guard let typed = arguments.word() else { return list }
        let command = try CommandTable.command(typed.utf8.count > 1 && typed.hasPrefix("/") ? String(typed.dropFirst()) : typed)
        return Reply(
            .shown,
            rows: [.field("usage", .text(command.usage)), .field("meaning", .text(command.meaning)), .field("example", .text(command.example))])
    }

    /// All commands, one line each, under their headings.
    private static let list: Reply = {
        var rows: [Row] = []
        for (group, commands) in CommandTable.groups {
            rows.append(.note(group.rawValue))
            rows += commands.map { .help(group: group, usage: $0.usage, summary: $0.summary) }
        }
        rows.append(.note("An id is what stands in [ ] after a post. HELP and a command tells more of it, with an example."))
        return Reply(.listed(CommandTable.all.count, .commands), rows: rows)
    }()

    private static func ping(_ context: CommandContext) -> Reply {
        Reply(.pong(context.arguments.text))
    }

    private static func quit(_ context: CommandContext) async throws(Failure) -> Outcome {
        .quit(Reply(.bye))
    }
}
