internal import Foundation
internal import GRDB
public import SingerCore

/// What this peer keeps in the DHT so that its accounts can log in from others.
extension Store {
    /// Keeps a sealed root key that was not kept yet.
    public func keep(_ roaming: PlacedRecord, of account: AccountKey) async throws(StoreError) {
        try await write { db in
            if let id = try Self.accountID(account, db) { try Self.keep(roaming, of: id, db) }
        }
    }

    static func keep(_ record: PlacedRecord, of account: Int64, isWithdrawn: Bool = false, _ db: Database) throws {
        // The key lies at one place. Where another was known, the passphrase was changed at another peer, which withdrew it.
        if !isWithdrawn { try db.run(sql: "DELETE FROM roaming WHERE account_id = ? AND NOT withdrawn", arguments: [account]) }
        try db.run(
            sql: """
                INSERT INTO roaming (account_id, place, seq, withdrawn, envelope) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (account_id, place) DO UPDATE SET seq = excluded.seq, withdrawn = excluded.withdrawn, envelope = excluded.envelope
                WHERE excluded.seq > seq
                """,
            arguments: [account, record.place.bytes, Int64(clamping: record.envelope.seq), isWithdrawn, record.envelope.encoded])
        try db.run(
            sql: """
                DELETE FROM roaming WHERE account_id = ?1 AND withdrawn
                    AND place NOT IN (SELECT place FROM roaming WHERE account_id = ?1 AND withdrawn ORDER BY seq DESC LIMIT \(Limits.withdrawalsMax))
                """, arguments: [account])
    }

    /// Where the sealed root key of an account lies, and its version; `nil` if none does.
    public func roamingPlace(of account: AccountKey) async throws(StoreError) -> (place: DirectoryKey, seq: Milliseconds)? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT place, seq FROM roaming WHERE NOT withdrawn AND account_id = (SELECT id FROM account WHERE key = ?)",
                arguments: [account.data]
            ).flatMap { row in DirectoryKey(row[0] as Data).map { ($0, row[1]) } }
        }
    }

    /// All that has to be put again: sealed root keys; and withdrawals, since a peer that was away may put again what they replace.
    public func roamingRecords() async throws(StoreError) -> [PlacedRecord] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT place, envelope FROM roaming").compactMap { row in
                guard let place = DirectoryKey(row[0] as Data), let envelope = try? Envelope(.sealedIdentity, verifying: row[1] as Data) else { return nil }
                return PlacedRecord(place: place, valueID: RoamingPlace.valueID, envelope: envelope)
            }
        }
    }
}
