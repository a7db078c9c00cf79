internal import Foundation
internal import GRDB
public import SingerCore

/// Who follows whom, as far as this peer knows.
extension Store {
    public func isFollowing(_ follower: AccountKey, _ followee: AccountKey) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT following FROM follow WHERE follower_id = (SELECT id FROM account WHERE key = ?)
                        AND followee_id = (SELECT id FROM account WHERE key = ?)
                    """, arguments: [follower.data, followee.data]) ?? false
        }
    }

    /// The earliest date at which one's next word on somebody counts: just behind the last one, which another device may have dated by a
    /// clock that is ahead of this one.
    public func nextWord(_ follower: AccountKey, _ followee: AccountKey) async throws(StoreError) -> Milliseconds {
        try await read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT created + 1 FROM follow WHERE follower_id = (SELECT id FROM account WHERE key = ?)
                        AND followee_id = (SELECT id FROM account WHERE key = ?)
                    """, arguments: [follower.data, followee.data]) ?? 0
        }
    }

    /// In alphabetical order, at most `Limits.listRowsMax`.
    public func followers(of account: AccountKey) async throws(StoreError) -> [UserView] {
        try await users(of: account, "follower_id", where: "followee_id")
    }

    /// In alphabetical order, at most `Limits.listRowsMax`.
    public func following(of account: AccountKey) async throws(StoreError) -> [UserView] {
        try await users(of: account, "followee_id", where: "follower_id")
    }

    /// All of them, in no order.
    public func followees(of account: AccountKey) async throws(StoreError) -> [AccountKey] {
        try await keys(
            """
            SELECT a.key FROM follow f JOIN account a ON a.id = f.followee_id
            WHERE f.follower_id = (SELECT id FROM account WHERE key = ?) AND f.following
            """, account.data)
    }

    private func users(of account: AccountKey, _ wanted: String, where given: String) async throws(StoreError) -> [UserView] {
        try await read { db in
            try AccountRow.fetchAll(
                db,
                sql: """
                    SELECT \(AccountRow.columns) FROM follow f JOIN account a ON a.id = f.\(wanted)
                    WHERE f.\(given) = (SELECT id FROM account WHERE key = ?) AND f.following ORDER BY a.folded, a.key LIMIT \(Limits.listRowsMax)
                    """, arguments: [account.data]
            ).map(\.view)
        }
    }

    public struct Counts: Hashable, Sendable {
        public let followers: Int
        public let following: Int
        public let posts: Int
        public let lastPost: EntryID?
    }

    public func counts(of account: AccountKey) async throws(StoreError) -> Counts {
        try await read { db in
            guard let id = try Self.accountID(account, db) else { return Counts(followers: 0, following: 0, posts: 0, lastPost: nil) }
            func count(_ sql: String) throws -> Int { try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [id]) ?? 0 }
            let last = try Data.fetchOne(
                db.cachedStatement(
                    sql:
                        "SELECT hash FROM post WHERE account_id = ? AND deleted = 0 AND withheld = 0 ORDER BY created DESC, (SELECT key FROM device WHERE id = device_id) DESC, seq DESC LIMIT 1"
                ),
                arguments: [id])
            return Counts(
                followers: try count("SELECT count(*) FROM follow WHERE followee_id = ? AND following"),
                following: try count("SELECT count(*) FROM follow WHERE follower_id = ? AND following"),
                posts: try count("SELECT count(*) FROM post WHERE account_id = ? AND deleted = 0 AND withheld = 0"), lastPost: last.flatMap { EntryID($0) })
        }
    }

    /// Accounts of other peers that follow accounts of this peer, latest first.
    public func followersOfLocals(count: Int) async throws(StoreError) -> [AccountKey] {
        try await keys(
            """
            SELECT a.key FROM local_account l JOIN follow f ON f.followee_id = l.account_id AND f.following JOIN account a ON a.id = f.follower_id
            WHERE a.id NOT IN (SELECT account_id FROM local_account) GROUP BY a.id ORDER BY max(f.created) DESC LIMIT \(count)
            """)
    }

    private func keys(_ sql: String, _ argument: Data? = nil) async throws(StoreError) -> [AccountKey] {
        try await read { db in try Data.fetchAll(db, sql: sql, arguments: argument.map { [$0] } ?? []).compactMap { AccountKey($0) } }
    }

    public func profile(of account: AccountKey) async throws(StoreError) -> [ProfileField] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT field, text FROM profile WHERE account_id = (SELECT id FROM account WHERE key = ?) AND text <> '' ORDER BY field LIMIT ?",
                arguments: [account.data, Limits.profileFieldsMax]
            ).compactMap { row in (try? PostText(canonical: row[1])).flatMap { ProfileField(field: row[0] as String, text: $0) } }
        }
    }
}
