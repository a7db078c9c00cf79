internal import Foundation
internal import GRDB
public import SingerCore

/// What the homes of other accounts have yet to acknowledge.
extension Store {
    /// To whom something is owed, ordered by key.
    public func creditors() async throws(StoreError) -> [AccountKey] {
        try await read { db in
            try Data.fetchAll(db, sql: "SELECT key FROM account WHERE id IN (SELECT recipient_id FROM outbox) ORDER BY key").compactMap { AccountKey($0) }
        }
    }

    /// The oldest entries that are owed to an account, at most `count`.
    public func owed(to recipient: AccountKey, count: Int) async throws(StoreError) -> [Entry] {
        try await read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT e.hash FROM outbox o JOIN entry e ON e.id = o.entry_id
                    WHERE o.recipient_id = (SELECT id FROM account WHERE key = ?) ORDER BY o.entry_id LIMIT ?
                    """, arguments: [recipient.data, count]
            ).compactMap { try EntryID($0).flatMap { try Self.entry($0, db) } }
        }
    }

    /// How much is owed to all.
    public func owedCount() async throws(StoreError) -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0 }
    }

    /// To whom some entries are owed.
    public func owed(_ entries: [Entry]) async throws(StoreError) -> [(entry: Entry, recipients: [AccountKey])] {
        try await read { db in
            try entries.map { entry in
                let recipients = try Data.fetchAll(
                    db,
                    sql: """
                        SELECT a.key FROM outbox o JOIN account a ON a.id = o.recipient_id
                        WHERE o.entry_id = (SELECT id FROM entry WHERE hash = ?) ORDER BY a.key
                        """, arguments: [entry.id.data])
                return (entry, recipients.compactMap { AccountKey($0) })
            }
        }
    }

    /// Owes an entry that came here to another peer of an account, too.
    public func owe(_ entry: EntryID, to recipient: AccountKey) async throws(StoreError) {
        try await write { db in
            try db.run(
                sql: """
                    INSERT INTO outbox (entry_id, recipient_id)
                    SELECT e.id, a.id FROM entry e, account a WHERE e.hash = ? AND a.key = ? ON CONFLICT DO NOTHING
                    """, arguments: [entry.data, recipient.data])
        }
    }

    public func settle(_ entry: EntryID, recipient: AccountKey) async throws(StoreError) {
        try await write { db in
            try db.run(
                sql: """
                    DELETE FROM outbox WHERE entry_id = (SELECT id FROM entry WHERE hash = ?) AND recipient_id = (SELECT id FROM account WHERE key = ?)
                    """, arguments: [entry.data, recipient.data])
        }
    }
}
