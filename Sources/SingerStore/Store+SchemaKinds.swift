internal import GRDB

extension Store {
    /// Entries of kinds that only a later version knows are kept too, with or without bodies. The version that learns one of them reads
    /// what is kept of it when it upgrades the file.
    ///
    /// Only two CHECKs change, and those only allow more: no row need be looked at.
    static func allowUnknownKinds(_ db: Database) throws {
        try rewrite("entry", "replace(replace(sql, 'kind BETWEEN 1 AND 8', 'kind BETWEEN 1 AND 255'), 'OR kind = 1)', 'OR kind = 1 OR kind > 8)')", db)
    }

    /// A deleted reply keeps its place in its conversation: what answers it would hang in the air.
    static func keepPlaceOfDeleted(_ db: Database) throws {
        try rewrite("post", "replace(sql, ' AND reply_to IS NULL AND forward IS NULL', ' AND forward IS NULL')", db)
    }

    /// SQLite's way to change of a table what does not change its rows, without building it again, is to write its text
    /// (https://sqlite.org/lang_altertable.html, section 7).
    static func rewrite(_ table: String, _ sql: String, _ db: Database) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(sql: "PRAGMA writable_schema = ON")
        try db.execute(sql: "UPDATE sqlite_schema SET sql = \(sql) WHERE type = 'table' AND name = '\(table)'")
        try db.execute(sql: "PRAGMA schema_version = \(version + 1)")
        try db.execute(sql: "PRAGMA writable_schema = OFF")
    }
}
