internal import Foundation
internal import GRDB
public import SingerCore

/// Whose posts an account does not want to see. It is nobody else's concern.
extension Store {
    /// Whether `account` sees `post`, a row of `post` or its entry: whose it is, is not muted, nor who wrote what it forwards. Everybody sees their own forwards.
    ///
    /// - Parameters:
    ///   - post: a name in the query, with the columns `account_id` and, as `arrival`, its place.
    ///   - account: a parameter of it.
    static func isUnmuted(_ post: String, arrival: String, by account: String) -> String {
        """
        (\(post).account_id NOT IN (SELECT muted_id FROM mute WHERE account_id = \(account))
            AND NOT EXISTS (
                SELECT 1 FROM post forward JOIN entry original ON original.hash = forward.forward
                    JOIN mute ON mute.account_id = \(account) AND mute.muted_id = original.account_id
                WHERE forward.entry_id = \(post).\(arrival) AND forward.account_id <> \(account)))
        """
    }

    /// Twice is no error, and says nothing new.
    public func mute(_ account: AccountKey, _ muted: AccountKey, _ isMuted: Bool) async throws(StoreError) {
        try await write { db in
            let sql =
                isMuted
                ? "INSERT INTO mute (account_id, muted_id) SELECT a.id, b.id FROM account a, account b WHERE a.key = ? AND b.key = ? ON CONFLICT DO NOTHING"
                : "DELETE FROM mute WHERE account_id = (SELECT id FROM account WHERE key = ?) AND muted_id = (SELECT id FROM account WHERE key = ?)"
            try db.run(sql: sql, arguments: [account.data, muted.data])
        }
    }

    /// Who does not want to hear of an account.
    public func muting(_ muted: AccountKey) async throws(StoreError) -> Set<AccountKey> {
        try await read { db in
            let sql = "SELECT a.key FROM mute JOIN account a ON a.id = account_id WHERE muted_id = (SELECT id FROM account WHERE key = ?)"
            return Set(try Data.fetchAll(db, sql: sql, arguments: [muted.data]).compactMap { AccountKey($0) })
        }
    }
}
