import ArgumentParser

extension Singer {
    /// What `singer NAME …` does instead of talking. Each is a file of its own.
    static let subcommands: [any ParsableCommand.Type] = [Export.self, Import.self]
}
