internal import Foundation
internal import GRDB
public import SingerCore

/// Pages out of all posts. None takes longer because there are more posts.
extension Store {
    /// The posts of an account and of those it follows, newest first.
    public func timeline(of account: AccountKey, count: Int, before: EntryID?) async throws(StoreError) -> [PostView] {
        try await read { db in try Self.accountID(account, db).map { try Self.timeline(of: $0, count: count, before: before, db) } ?? [] }
    }

    static func timeline(of id: Int64, count: Int, before: EntryID?, _ db: Database) throws -> [PostView] {
        var top = Int64.max
        if let before {
            let created = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT created FROM post WHERE entry_id = \(arrival(of: "?"))"), arguments: [before.data])
            guard let created else { return [] }
            top = created
        }
        func page(_ selection: String, _ index: String, from floor: Int64) throws -> [PostView] {
            let sql =
                columns(index: index) + " WHERE " + selection + " AND p.created BETWEEN ?3 AND ?4" + unmuted
                + (before == nil ? "" : isBefore) + newestFirst + " LIMIT ?5"
            return try posts(sql, [id, before?.data, floor, top, count], db)
        }
        // With a few to spare, for what is dated like `before` and yet not before it.
        let wanted = count + 8
        // Whoever follows many of those whose posts are here finds a page among the latest of all.
        if let floor = try Self.floor(latestOfAll, id, top, wanted, db) {
            let page = try page(isMine, "post_created", from: floor)
            if page.count == count { return page }
        }
        // Else among the latest of each; and who has not that many has no more than these.
        let floor = try Self.floor(latestOfEach, id, top, wanted, db)
        let found = try page(isOfMine, "post_feed", from: floor ?? 0)
        return found.count == count || floor == nil ? found : try page(isOfMine, "post_feed", from: 0)
    }

    private static let follows = "follow WHERE follower_id = ?1 AND following"
    private static let isMine = "(p.account_id = ?1 OR EXISTS (SELECT 1 FROM \(follows) AND followee_id = p.account_id))"
    private static let isOfMine = "p.account_id IN (SELECT ?1 UNION ALL SELECT followee_id FROM \(follows))"
    /// Of forwards of the muted there may be some more: what comes out of it is a bound.
    private static let isSeen = "p.withheld = 0 AND p.account_id NOT IN (SELECT muted_id FROM mute WHERE account_id = ?1)"

    /// Posts that are looked through before those of each author are.
    private static let windowPostsMax = 4_096

    /// Dates of posts of the timeline, in some order: those among the latest of all, `?3` at most.
    private static let latestOfAll = """
        SELECT p.created FROM (
            SELECT created, account_id, withheld FROM post INDEXED BY post_created WHERE created <= ?2 ORDER BY created DESC LIMIT \(windowPostsMax)
        ) p WHERE \(isMine) AND \(isSeen) LIMIT ?3
        """

    /// The latest `?3` of each author.
    private static let latestOfEach = """
        SELECT p.created FROM (SELECT ?1 AS id UNION ALL SELECT followee_id FROM \(follows)) f
            JOIN post p ON p.entry_id IN (
                SELECT entry_id FROM post INDEXED BY post_feed WHERE account_id = f.id AND created <= ?2 AND withheld = 0 ORDER BY created DESC LIMIT ?3)
        WHERE \(isSeen) ORDER BY p.created DESC LIMIT ?3
        """

    /// A date that at least `wanted` posts are not older than; `nil` if there are not so many.
    private static func floor(_ dates: String, _ account: Int64, _ top: Int64, _ wanted: Int, _ db: Database) throws -> Int64? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT count(*), min(created) FROM (\(dates))"), arguments: [account, top, wanted])
        return row.flatMap { $0[0] as Int == wanted ? $0[1] : nil }
    }

    /// One account's posts, newest first.
    public func feed(of account: AccountKey, count: Int, before: EntryID?) async throws(StoreError) -> [PostView] {
        try await read { db in
            guard let id = try Self.accountID(account, db) else { return [] }
            let sql =
                Self.columns(index: "post_feed") + " WHERE p.account_id = ?1" + (before == nil ? "" : Self.isBefore) + Self.newestFirst + " LIMIT ?3"
            return try Self.posts(sql, [id, before?.data, count], db)
        }
    }
}
