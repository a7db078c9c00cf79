internal import Foundation
internal import GRDB
public import SingerCore

/// Posts as they are shown.
extension Store {
    /// Newest first, and the same at every peer: by time, author, device, place in the log.
    static let newestFirst = " ORDER BY p.created DESC, a.key DESC, d.key DESC, p.seq DESC"
    static let oldestFirst = " ORDER BY p.created, a.key, d.key, p.seq"
    static let unmuted = " AND " + isUnmuted("p", arrival: "entry_id", by: "?1")
    static let columns = columns(from: "post p")

    /// The same, and posts are found by this index, whatever SQLite believes.
    static func columns(index: String) -> String { columns(from: "post p INDEXED BY \(index)") }

    private static func columns(from posts: String) -> String {
        """
        SELECT p.hash, p.created, p.text, p.reply_to, p.forward, p.deleted, \(AccountRow.columns), p.entry_id
        FROM \(posts) JOIN account a ON a.id = p.account_id AND p.withheld = 0 JOIN device d ON d.id = p.device_id
        """
    }

    /// Posts are found by their place in the order of arrival, which their entries are found at by their hash.
    static func arrival(of hash: String) -> String { "(SELECT id FROM entry WHERE hash = \(hash))" }

    private static let atArrival = columns + " WHERE p.entry_id = ?1"
    private static let ofHash = " WHERE p.entry_id = \(arrival(of: "?1"))"
    static let isBefore = """
         AND p.created <= (SELECT created FROM post WHERE entry_id = \(arrival(of: "?2")))
         AND (p.created, a.key, d.key, p.seq) < (
            SELECT b.created, ba.key, bd.key, b.seq FROM post b JOIN account ba ON ba.id = b.account_id JOIN device bd ON bd.id = b.device_id
            WHERE b.entry_id = \(arrival(of: "?2")))
        """

    /// The posts that a typed prefix fits: none, the one, or the first few of several.
    public func posts(matching prefix: EntryIDPrefix) async throws(StoreError) -> [PostView] {
        try await read { db in
            let sql = Self.columns + " WHERE p.entry_id IN (SELECT id FROM entry WHERE hash BETWEEN ?1 AND ?2) ORDER BY p.hash LIMIT 5"
            return try Self.posts(sql, [prefix.lowest.data, prefix.highest.data], db)
        }
    }

    public func post(_ id: EntryID) async throws(StoreError) -> PostView? {
        try await read { db in try Self.posts(Self.columns + Self.ofHash, [id.data], db).first }
    }

    /// Those of some posts that are here, in this order.
    public func posts(_ ids: [EntryID]) async throws(StoreError) -> [PostView] {
        try await read { db in try ids.compactMap { try Self.posts(Self.columns + Self.ofHash, [$0.data], db).first } }
    }

    /// The id of a post by its place in a log; `nil` for entries of other kinds.
    public func shownPost(of device: DeviceKey, _ seq: UInt64) async throws(StoreError) -> ShownID? {
        try await read { db in
            try Data.fetchOne(
                db,
                sql: """
                    SELECT e.hash FROM entry e JOIN post p ON p.entry_id = e.id
                    WHERE e.device_id = (SELECT id FROM device WHERE key = ?) AND e.seq = ?
                    """,
                arguments: [device.data, Int64(clamping: seq)]
            ).flatMap { EntryID($0) }.map { try Self.shown($0, db) }
        }
    }

    public func details(of id: EntryID) async throws(StoreError) -> PostDetails? {
        try await read { db in
            guard let post = try Self.posts(Self.columns + Self.ofHash, [id.data], db).first else { return nil }
            let likedBy = try AccountRow.fetchAll(
                db,
                sql: """
                    SELECT \(AccountRow.columns) FROM reaction r JOIN account a ON a.id = r.account_id WHERE r.target = ? AND r.liked
                    ORDER BY a.folded, a.key LIMIT \(Limits.rowsMax)
                    """, arguments: [id.data]
            ).map(\.view)
            let replies = try Int.fetchOne(db, sql: "SELECT count(*) FROM post WHERE reply_to = ? AND deleted = 0 AND withheld = 0", arguments: [id.data]) ?? 0
            return PostDetails(post: post, fingerprint: Fingerprint(post.author.account), likedBy: likedBy, replies: replies)
        }
    }

    /// The conversation around a post: up to its beginning and down to every answer known here, oldest first.
    public func thread(of id: EntryID) async throws(StoreError) -> [PostView] {
        try await read { db in
            return try Self.posts(Self.threadSQL("?1") + Self.columns + " WHERE p.entry_id IN (SELECT arrival FROM down)" + Self.oldestFirst, [id.data], db)
        }
    }

    /// Makes `down`: the arrivals of all posts of a conversation, as far as it is known here.
    static func threadSQL(_ id: String) -> String {
        """
        WITH RECURSIVE up(hash, depth) AS (
            SELECT \(id), 0 UNION SELECT p.reply_to, up.depth + 1 FROM up JOIN post p ON p.entry_id = \(arrival(of: "up.hash"))
            WHERE p.reply_to IS NOT NULL AND up.depth < 1000
        ), down(arrival, hash) AS (
            SELECT * FROM (
                SELECT p.entry_id, p.hash FROM up JOIN post p ON p.entry_id = \(arrival(of: "up.hash")) ORDER BY depth DESC LIMIT 1
            ) UNION SELECT p.entry_id, p.hash FROM down JOIN post p ON p.reply_to = down.hash LIMIT \(Limits.listRowsMax)
        )

        """
    }

    /// Whether an account likes a post, as far as it has said here.
    public func likes(_ account: AccountKey, _ post: EntryID) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT liked FROM reaction WHERE target = ? AND account_id = (SELECT id FROM account WHERE key = ?)",
                arguments: [post.data, account.data]) ?? false
        }
    }

    /// An id as this peer shows it.
    public func shown(_ id: EntryID) async throws(StoreError) -> ShownID {
        try await read { db in try Self.shown(id, db) }
    }

    public func postCount() async throws(StoreError) -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM post") ?? 0 }
    }

    // MARK: Rows to views

    static func posts(_ sql: String, _ arguments: StatementArguments, _ db: Database) throws -> [PostView] {
        var rows: [PostRow] = []
        try db.each(sql, arguments) { rows.append(try PostRow($0)) }
        return try rows.map { try view($0, db) }
    }

    static func post(at arrival: Int64, _ db: Database) throws -> PostView? {
        try db.first(atArrival, .int(arrival)) { try PostRow($0) }.map { try view($0, db) }
    }

    /// The latest posts of an author that arrived up to some point, oldest first.
    static func recent(_ author: Int64, upTo arrival: Int64, count: Int, _ db: Database) throws -> [PostView] {
        try posts(columns + " WHERE p.account_id = ?1 AND p.entry_id <= ?2 AND p.deleted = 0" + newestFirst + " LIMIT \(count)", [author, arrival], db)
            .reversed()
    }

    /// A row of `columns`.
    private struct PostRow {
        let hash: EntryID
        let created: Milliseconds
        let text: String
        let replyTo: EntryID?
        let forward: EntryID?
        let isDeleted: Bool
        let author: UserView

        init(_ row: SQLRow) throws {
            guard let hash: EntryID = row.key(0) else { throw StoreError.corrupt("an entry's hash has not 32 bytes") }
            self.hash = hash
            created = row.int(1)
            text = row.text(2)
            replyTo = row.key(3)
            forward = row.key(4)
            isDeleted = row.bool(5)
            author = try AccountRow(row, from: 6).view
        }
    }

    private static func view(_ row: PostRow, _ db: Database) throws -> PostView {
        // The original is no forward: that ends here.
        let original = row.isDeleted ? nil : try row.forward.flatMap { try db.first(columns + ofHash, .hash($0)) { try PostRow($0) } }
        return PostView(
            id: try shown(row.hash, db), author: row.author, created: row.created, text: row.text,
            replyTo: row.isDeleted ? nil : try row.replyTo.map { try shown($0, db) }, forward: try original.map { try view($0, db) },
            likes: try likes(row.hash, db), isDeleted: row.isDeleted)
    }

    private static func likes(_ hash: EntryID, _ db: Database) throws -> Int {
        try db.first("SELECT count(*) FROM reaction WHERE target = ? AND liked", .hash(hash)) { Int($0.int(0)) } ?? 0
    }

    /// The shortest prefix of a post's id that no other post here has, of five characters or more.
    static func shown(_ hash: EntryID, _ db: Database) throws -> ShownID {
        func shared(with others: String) throws -> Int {
            func characters(_ neighbour: EntryID?) -> Int { neighbour?.charactersShared(with: hash) ?? 0 }
            let sql = """
                SELECT (SELECT e.hash FROM \(others) WHERE e.hash < ?1 ORDER BY e.hash DESC LIMIT 1),
                    (SELECT e.hash FROM \(others) WHERE e.hash > ?1 ORDER BY e.hash LIMIT 1)
                """
            return try db.first(sql, .hash(hash)) { row in max(characters(row.key(0)), characters(row.key(1))) } ?? 0
        }
        // Of all entries the index tells. Only when one is near it matters whether that is a post.
        var count = try shared(with: "entry e") + 1
        if count > Limits.idCharactersShown { count = try shared(with: "entry e CROSS JOIN post p ON p.entry_id = e.id") + 1 }
        return ShownID(hash: hash, shown: hash.prefix(max(Limits.idCharactersShown, count)))
    }
}
