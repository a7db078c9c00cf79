internal import GRDB

extension Database {
    /// Carries out one statement, which is prepared once for all times.
    func run(sql: String, arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
