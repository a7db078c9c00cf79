internal import Foundation
internal import GRDB
public import SingerCore

/// Follower edges as they lie in the DHT, to be put there again by both ends.
extension Store {
    public struct KeptEdge: Hashable, Sendable {
        public let follower: AccountKey
        public let followee: AccountKey
        public let envelope: Envelope
    }

    /// Keeps the edges that say what counts here, in place of older ones; others are dropped.
    public func keep(_ edges: [(entry: Entry, envelope: Envelope)]) async throws(StoreError) {
        try await write { db in
            for (entry, envelope) in edges {
                switch entry.content {
                case .follow(let who), .unfollow(let who): try Self.keep(envelope, entry, who, db)
                case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: break
                }
            }
        }
    }

    private static func keep(_ envelope: Envelope, _ entry: Entry, _ who: Followee, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO follower_edge (follower_id, followee_id, created, envelope)
                SELECT follower_id, followee_id, created, ? FROM follow
                WHERE follower_id = (SELECT id FROM account WHERE key = ?) AND followee_id = (SELECT id FROM account WHERE key = ?) AND created = ?
                ON CONFLICT DO UPDATE SET created = excluded.created, envelope = excluded.envelope WHERE excluded.created > created
                """, arguments: [envelope.encoded, entry.header.account.data, who.account.data, entry.header.created])
    }

    /// Edges of this peer's accounts, as followers and as followed, that still say what counts: first its own follows, then the latest.
    ///
    /// - Parameter since: unfollows are of use as long as the follow may lie in the DHT: those written after that.
    public func edges(unfollowsSince since: Milliseconds, count: Int) async throws(StoreError) -> [KeptEdge] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT a.key, b.key, e.envelope, e.follower_id IN (SELECT account_id FROM local_account) AS is_own
                    FROM follower_edge e JOIN follow f ON f.follower_id = e.follower_id AND f.followee_id = e.followee_id AND f.created = e.created
                        JOIN account a ON a.id = e.follower_id JOIN account b ON b.id = e.followee_id
                    WHERE (f.following OR f.created > ?) AND (is_own OR e.followee_id IN (SELECT account_id FROM local_account))
                    ORDER BY is_own DESC, e.created DESC LIMIT ?
                    """, arguments: [since, count]
            ).compactMap { row in
                guard let follower = AccountKey(row[0] as Data), let followee = AccountKey(row[1] as Data),
                    let envelope = try? Envelope(.followerEdge, verifying: row[2] as Data)
                else { return nil }
                return KeptEdge(follower: follower, followee: followee, envelope: envelope)
            }
        }
    }

    /// Unfollows by accounts of this peer that are their last word on an account.
    public func unfollows(of account: AccountKey) async throws(StoreError) -> [Entry] {
        try await read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT e.hash FROM follow f JOIN local_account l ON l.account_id = f.follower_id JOIN entry e ON e.id = f.entry_id
                    WHERE f.followee_id = (SELECT id FROM account WHERE key = ?) AND NOT f.following ORDER BY f.created DESC LIMIT 64
                    """, arguments: [account.data]
            ).compactMap { hash in try EntryID(hash).flatMap { try Self.entry($0, db) } }
        }
    }
}
