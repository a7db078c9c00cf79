internal import Foundation
internal import GRDB
public import SingerCore

/// What the homes of other accounts have yet to acknowledge.
extension Store {
    /// All that is owed, oldest first.
    public func owed() async throws(StoreError) -> [(entry: Entry, recipient: AccountKey)] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT e.hash, a.key FROM outbox o JOIN entry e ON e.id = o.entry_id JOIN account a ON a.id = o.recipient_id ORDER BY o.entry_id
                    """
            ).compactMap { row in
                guard let id = EntryID(row[0] as Data), let key = AccountKey(row[1] as Data), let entry = try Self.entry(id, db) else { return nil }
                return (entry, key)
            }
        }
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

    public func settle(_ entry: EntryID, recipient: AccountKey) async throws(StoreError) {
        try await write { db in
            try db.run(
                sql: """
                    DELETE FROM outbox WHERE entry_id = (SELECT id FROM entry WHERE hash = ?) AND recipient_id = (SELECT id FROM account WHERE key = ?)
                    """, arguments: [entry.data, recipient.data])
        }
    }
}
