internal import Foundation
internal import GRDB
public import SingerCore

/// Views: selections of posts, their history and what is new in them.
extension Store {
    /// A condition on `p`, a row of `post`, with named arguments.
    struct Condition {
        let sql: String
        let arguments: [String: (any DatabaseValueConvertible)?]
    }

    /// Which posts a view of an account selects.
    static func condition(_ view: View, for account: Int64, _ db: Database) throws -> Condition {
        switch view {
        case .home:
            return Condition(
                // Asked of each post, from the newest on: to look up all of every author would take as long as there are posts.
                sql: "(+p.account_id = :me OR EXISTS (SELECT 1 FROM follow WHERE follower_id = :me AND followee_id = +p.account_id AND following))",
                arguments: ["me": account])
        case .mentions:
            return Condition(
                sql: """
                    (p.account_id <> :me AND (
                        EXISTS (SELECT 1 FROM word WHERE entry_id = p.entry_id AND word = '@' || (SELECT folded FROM account WHERE id = :me))
                        OR EXISTS (SELECT 1 FROM post o WHERE o.entry_id = \(arrival(of: "p.reply_to")) AND o.account_id = :me)
                        OR EXISTS (SELECT 1 FROM post o WHERE o.entry_id = \(arrival(of: "p.forward")) AND o.account_id = :me)))
                    """, arguments: ["me": account])
        case .user(let key):
            return Condition(sql: "(p.account_id = :user)", arguments: ["me": account, "user": try accountID(key, db)])
        case .hashtag(let tag):
            return Condition(
                sql: "(EXISTS (SELECT 1 FROM word WHERE entry_id = p.entry_id AND word = :word))", arguments: ["me": account, "word": "#" + tag])
        case .thread(let id):
            return Condition(sql: "(p.entry_id IN (SELECT arrival FROM down))", arguments: ["me": account, "root": id.data])
        }
    }

    /// The same posts as rowids, and perhaps others, for a view that can be looked up: through an index, whatever the number of posts.
    private static func candidates(_ view: View) -> String? {
        switch view {
        case .mentions:
            """
            SELECT entry_id FROM word WHERE word = '@' || (SELECT folded FROM account WHERE id = :me)
            UNION SELECT r.entry_id FROM post o JOIN post r ON r.reply_to = o.hash WHERE o.account_id = :me
            UNION SELECT f.entry_id FROM post o JOIN post f ON f.forward = o.hash WHERE o.account_id = :me
            """
        case .hashtag: "SELECT entry_id FROM word WHERE word = :word"
        case .home, .user, .thread: nil
        }
    }

    /// A view of more posts than this is found among the latest of all sooner than all of it is looked up.
    private static let candidatesMax = 10 * Limits.rowsMax

    /// What narrows a view of few posts down to them.
    private static func narrowing(_ view: View, _ condition: Condition, _ db: Database) throws -> String {
        guard let candidates = candidates(view) else { return "" }
        let sql = "SELECT count(*) FROM (\(candidates) LIMIT \(candidatesMax + 1))"
        let arguments = condition.arguments.filter { sql.contains(":" + $0.key) }
        let count = try Int.fetchOne(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)) ?? 0
        return count <= candidatesMax ? " AND p.entry_id IN (\(candidates))" : ""
    }

    /// What must stand before a query whose condition speaks of a thread.
    static func preamble(_ view: View) -> String {
        if case .thread = view { threadSQL(":root") } else { "" }
    }

    /// A piece of a view, oldest first, without what is deleted. A bound that names no post here gives nothing.
    public func history(of view: View, for account: AccountKey, _ range: HistoryRange, limit: Int) async throws(StoreError) -> [PostView] {
        try await read { db in
            guard let id = try Self.accountID(account, db) else { return [] }
            let condition = try Self.condition(view, for: id, db)
            let narrowing = try Self.narrowing(view, condition, db)
            func query(from low: Bound?, to high: Bound?, newest: Bool, _ count: Int) throws -> [PostView] {
                var sql = Self.preamble(view) + Self.columns + " WHERE " + condition.sql + narrowing
                sql += " AND p.deleted = 0 AND " + Self.isUnmuted("p", arrival: "entry_id", by: ":me")
                var arguments = condition.arguments
                if let low {
                    sql += " AND " + low.sql("low", low.isIncluded ? ">=" : ">")
                    arguments.merge(low.arguments("low")) { $1 }
                }
                if let high {
                    sql += " AND " + high.sql("high", "<")
                    arguments.merge(high.arguments("high")) { $1 }
                }
                sql += (newest ? Self.newestFirst : Self.oldestFirst) + " LIMIT :count"
                arguments["count"] = count
                let posts = try Self.posts(sql, StatementArguments(arguments), db)
                return newest ? posts.reversed() : posts
            }
            /// What is asked for most of a timeline is found soon, whoever is followed, unless something in it is deleted.
            func home(before hash: EntryID?) throws -> [PostView]? {
                guard view == .home else { return nil }
                let posts = try Self.timeline(of: id, count: limit, before: hash, db)
                return posts.contains(where: \.isDeleted) ? nil : posts.reversed()
            }
            switch range {
            case .latest(nil): return try home(before: nil) ?? query(from: nil, to: nil, newest: true, limit)
            case .latest(let after?):
                guard let low = try Bound(after, db) else { return [] }
                return try query(from: low, to: nil, newest: true, limit)
            case .before(let bound):
                if case .post(let hash) = bound, let posts = try home(before: hash) { return posts }
                guard let high = try Bound(bound, db) else { return [] }
                return try query(from: nil, to: high, newest: true, limit)
            case .after(let bound):
                guard let low = try Bound(bound, db) else { return [] }
                return try query(from: low, to: nil, newest: false, limit)
            case .around(let bound):
                guard let middle = try Bound(bound, db) else { return [] }
                return try query(from: nil, to: middle, newest: true, limit / 2) + query(from: middle.included, to: nil, newest: false, limit - limit / 2)
            case .between(let first, let second):
                guard let a = try Bound(first, db), let b = try Bound(second, db) else { return [] }
                return a.precedes(b)
                    ? try query(from: a, to: b, newest: false, limit) : try query(from: b, to: a, newest: true, limit)
            }
        }
    }

    /// A bound as a place in the order of the timeline.
    private struct Bound {
        let created: Milliseconds
        /// The rest of the place: author, device, sequence number; `nil` for a bound that is only a time.
        let post: (account: Data, device: Data, seq: Int64)?
        var isIncluded = false

        init?(_ bound: HistoryBound, _ db: Database) throws {
            switch bound {
            case .time(let time):
                created = time
                post = nil
            case .post(let id):
                guard
                    let row = try Row.fetchOne(
                        db,
                        sql: """
                            SELECT p.created, a.key, d.key, p.seq FROM post p JOIN account a ON a.id = p.account_id AND p.withheld = 0 JOIN device d ON d.id = p.device_id
                            WHERE p.entry_id = \(arrival(of: "?"))
                            """, arguments: [id.data])
                else { return nil }
                created = row[0]
                post = (row[1], row[2], row[3])
            }
        }

        var included: Self {
            var copy = self
            copy.isIncluded = true
            return copy
        }

        func sql(_ name: String, _ comparison: String) -> String {
            guard post != nil else { return "p.created \(comparison) :\(name)" }
            return "(p.created, a.key, d.key, p.seq) \(comparison) (:\(name), :\(name)Account, :\(name)Device, :\(name)Seq)"
        }

        func arguments(_ name: String) -> [String: (any DatabaseValueConvertible)?] {
            guard let post else { return [name: created] }
            return [name: created, name + "Account": post.account, name + "Device": post.device, name + "Seq": post.seq]
        }

        func precedes(_ other: Bound) -> Bool {
            guard created == other.created, let post, let theirs = other.post else { return created < other.created }
            if post.account != theirs.account { return post.account.lexicographicallyPrecedes(theirs.account) }
            if post.device != theirs.device { return post.device.lexicographicallyPrecedes(theirs.device) }
            return post.seq < theirs.seq
        }
    }

    /// Which of some views a post belongs to.
    static func views(_ views: Set<View>, with arrival: Int64, for account: Int64, _ db: Database) throws -> [View] {
        try views.filter { view in
            let condition = try condition(view, for: account, db)
            var arguments = condition.arguments
            arguments["arrival"] = arrival
            let sql = preamble(view) + "SELECT EXISTS (SELECT 1 FROM post p WHERE p.entry_id = :arrival AND \(condition.sql))"
            // The condition may not speak of `me`; SQLite wants only the arguments that a statement has.
            let statement = try db.cachedStatement(sql: sql)
            return try Bool.fetchOne(statement, arguments: StatementArguments(arguments.filter { sql.contains(":" + $0.key) })) ?? false
        }
    }

    /// Which of some views a post belongs to.
    public func views(_ views: Set<View>, containing id: EntryID, for account: AccountKey) async throws(StoreError) -> [View] {
        try await read { db in
            guard let account = try Self.accountID(account, db),
                let arrival = try Int64.fetchOne(db, sql: "SELECT entry_id FROM post WHERE entry_id = \(Self.arrival(of: "?"))", arguments: [id.data])
            else { return [] }
            return try Self.views(views, with: arrival, for: account, db)
        }
    }

    /// Whom an account follows, in alphabetical order, and whether they follow back.
    public func followed(by account: AccountKey) async throws(StoreError) -> [(user: UserView, followsBack: Bool)] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(AccountRow.columns),
                        EXISTS (SELECT 1 FROM follow b WHERE b.follower_id = f.followee_id AND b.followee_id = f.follower_id AND b.following)
                    FROM follow f JOIN account a ON a.id = f.followee_id
                    WHERE f.follower_id = (SELECT id FROM account WHERE key = ?) AND f.following ORDER BY a.folded, a.key LIMIT \(Limits.listRowsMax)
                    """, arguments: [account.data]
            ).map { row in (try AccountRow(row: row).view, row[4]) }
        }
    }
}
