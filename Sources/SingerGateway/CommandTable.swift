/// All commands. Every dialect offers the same.
enum CommandTable {
    static let groups: [(group: CommandGroup, commands: [Command])] = CommandGroup.allCases.map { group in
        switch group {
        case .accounts: (group, AccountCommands.all)
        case .posts: (group, PostCommands.all)
        case .people: (group, PeopleCommands.all)
        case .reading: (group, ReadingCommands.all)
        case .archive: (group, ArchiveCommands.all)
        case .peer: (group, PeerCommands.all)
        }
    }

    static let all: [Command] = groups.flatMap(\.commands)

    private static let byVerb = Dictionary(all.map { ($0.verb, $0) }, uniquingKeysWith: { first, _ in first })

    /// The command of that name, in any case. Throws UNKNOWN_COMMAND, with the name that may have been meant.
    static func command(_ typed: String) throws(Failure) -> Command {
        let verb = typed.asciiUppercased
        if let command = byVerb[verb] { return command }
        let hint = Suggestion.nearest(to: verb, among: all.map(\.verb)).map { "did you mean \($0)?" } ?? "HELP lists the commands"
        throw Failure(.unknownCommand, "no \(Failure.quote(typed)) (\(hint))")
    }
}
