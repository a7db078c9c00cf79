internal import GRDB

extension Store {
    /// What a post costs to write, without what another table says too: its hash stands in the index of entries, and the last arrival is that
    /// of the last entry.
    ///
    /// The table of posts is built again around its rows; its other indexes and its triggers are made again as they were.
    static func keepOneIndexOfHashes(_ db: Database) throws {
        // Sessions hold their place by ids, and none is given twice.
        try db.execute(sql: "UPDATE local_account SET seen = min(seen, (SELECT coalesce(max(id), 0) FROM entry))")
        try rewrite("entry", "replace(sql, ' AUTOINCREMENT', '')", db)
        try db.execute(sql: "CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is not deleted'); END")

        let table = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'post'") ?? ""
        let others = try String.fetchAll(
            db, sql: "SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL AND (tbl_name = 'post' OR name = 'void_posts_go')")
        // It stands on another table, and speaks of posts.
        try db.execute(sql: "DROP TRIGGER void_posts_go")
        try db.execute(
            sql: table.replacing("CREATE TABLE post", with: "CREATE TABLE post_rebuilt").replacing("hash BLOB NOT NULL UNIQUE", with: "hash BLOB NOT NULL"))
        try db.execute(
            sql: """
                INSERT INTO post_rebuilt SELECT * FROM post ORDER BY entry_id;
                DROP TABLE post;
                ALTER TABLE post_rebuilt RENAME TO post;
                """)
        for sql in others { try db.execute(sql: sql) }
    }
}
