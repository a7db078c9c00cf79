internal import Foundation
internal import GRDB
public import SingerCore

/// Posts by their words. The index is a table of SQLite's FTS5 beside `post`, a little behind it.
extension Store {
    /// Posts that have all the words, newest first. Words are taken as they are: no query language.
    public func search(_ words: String, by account: AccountKey, count: Int) async throws(StoreError) -> [PostView] {
        // NUL would end the expression inside a quote; an expression of no words at all is an error to FTS5.
        let quoted = words.replacingOccurrences(of: "\0", with: " ").split(whereSeparator: \.isWhitespace)
            .map { "\"" + SearchableText.searchable($0.replacingOccurrences(of: "\"", with: "\"\"")) + "\"" }
        guard !quoted.isEmpty else { return [] }
        let expression = quoted.joined(separator: " ")
        let aside = await indexLatest() ? [] : try await matchesAside(expression)
        return try await read { db in
            guard let id = try Self.accountID(account, db) else { return [] }
            func page(_ isMatch: String, _ more: StatementArguments = []) throws -> [PostView] {
                let sql = Self.columns + " WHERE p.deleted = 0 AND (" + isMatch + ")" + Self.unmuted + Self.newestFirst + " LIMIT ?3"
                return try Self.posts(sql, [id, expression, count] + more, db)
            }
            let matches = "FROM post_text WHERE post_text MATCH ?2"
            let isMatch = "p.entry_id IN (SELECT rowid \(matches))"
            guard aside.isEmpty else {
                return try page(isMatch + " OR p.entry_id IN (SELECT value FROM json_each(?4))", ["[\(aside.map(String.init).joined(separator: ","))]"])
            }
            let latest = matches + " ORDER BY rowid DESC LIMIT \(Self.matchesMax)"
            let bounds = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT count(*), min(rowid) FROM (SELECT rowid \(latest))"), arguments: [id, expression])
            guard let bounds, bounds[0] as Int == Self.matchesMax else { return try page(isMatch) }
            // A common word. Those that came last are the newest, unless one that came before them is dated later.
            let found = try page("p.entry_id IN (SELECT rowid \(latest))")
            if found.count == count, let oldest = found.last {
                let others = try Row.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM post_text WHERE rowid = p.entry_id AND post_text MATCH ?2)), 0)
                            FROM (SELECT entry_id FROM post INDEXED BY post_created WHERE created >= ?3 AND entry_id < ?4 LIMIT \(Self.matchesMax)) p
                            """), arguments: [id, expression, oldest.created, bounds[1] as Int64])
                if let others, (0..<Self.matchesMax).contains(others[0]), others[1] == 0 { return found }
            }
            return try page(isMatch)
        }
    }

    private static let matchesMax = 2 * Limits.rowsMax

    // MARK: The index

    /// The latest post that is in the index: those behind it are yet to enter.
    private static let lastIndexed = "(SELECT coalesce(max(id), 0) FROM post_text_docsize)"

    /// How many those are, at most.
    private static let unindexed = "(SELECT coalesce(max(entry_id), 0) FROM post) - \(lastIndexed)"

    /// So many arrivals enter the index together: what it costs is mostly the same for one or for all of them.
    private static let indexedTogether = 256

    /// Takes the latest posts into the index once there are some, as the end of a transaction: nobody waits for one post's sake.
    static func indexSome(_ db: Database) throws {
        if try db.first("SELECT \(unindexed)", read: { $0.int(0) }) ?? 0 >= indexedTogether { try indexAll(db) }
    }

    private static func indexAll(_ db: Database) throws {
        try db.step(
            """
            INSERT INTO post_text (rowid, text)
                SELECT entry_id, text FROM searchable_post WHERE entry_id > \(lastIndexed) ORDER BY entry_id
            """)
    }

    /// Takes in what is missing, before somebody searches.
    ///
    /// - Returns: whether it could: the disk may be full.
    private func indexLatest() async -> Bool {
        do {
            let count = try await read { db in try db.first("SELECT \(Self.unindexed)", read: { $0.int(0) }) }
            if count ?? 0 > 0 { try await write { db in try Self.indexAll(db) } }
            return true
        } catch {
            return false
        }
    }

    /// Which of the posts match that are not in the index: they are searched by one in memory.
    private func matchesAside(_ expression: String) async throws(StoreError) -> [Int64] {
        let latest = try await read { db in
            let sql = "SELECT entry_id, text FROM searchable_post WHERE entry_id > \(Self.lastIndexed) ORDER BY entry_id DESC LIMIT \(2 * Self.indexedTogether)"
            return try Row.fetchAll(db, sql: sql).map { row in
                (arrival: row[0] as Int64, text: row[1] as String)
            }
        }
        do {
            return try await DatabaseQueue().write { db in
                try db.execute(sql: "CREATE VIRTUAL TABLE latest USING fts5 (text, tokenize = '\(SearchableText.tokenizer)')")
                for post in latest { try db.execute(sql: "INSERT INTO latest (rowid, text) VALUES (?, ?)", arguments: [post.arrival, post.text]) }
                return try Int64.fetchAll(db, sql: "SELECT rowid FROM latest WHERE latest MATCH ?", arguments: [expression])
            }
        } catch {
            throw StoreError(error)
        }
    }
}
