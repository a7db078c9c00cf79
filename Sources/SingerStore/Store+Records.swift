internal import Foundation
internal import GRDB
public import SingerCore

/// Signed records that this peer keeps at hand: where others are, and which claims to keep alive.
extension Store {
    /// Keeps a verified account record if it is newer than the one at hand.
    ///
    /// - Returns: whether it was. Never so for a device that is revoked: nobody is at home there any more.
    public func keep(_ record: AccountRecord, _ envelope: Envelope) async throws(StoreError) -> Bool {
        try await write { db in
            guard let device = try Self.signer(record.certificate, db)?.device.id else { return false }
            guard try Bool.fetchOne(db.cachedStatement(sql: "SELECT revoked_after IS NULL FROM device WHERE id = ?"), arguments: [device]) == true
            else { return false }
            try db.run(
                sql: """
                    INSERT INTO record (device_id, seq, envelope, changed) VALUES (?, ?, ?, (SELECT coalesce(max(changed), 0) + 1 FROM record))
                    ON CONFLICT DO UPDATE SET seq = excluded.seq, envelope = excluded.envelope, changed = excluded.changed WHERE excluded.seq > seq
                    """, arguments: [device, Int64(clamping: envelope.seq), envelope.encoded])
            guard db.changesCount > 0 else { return false }
            // An account makes as many devices as it likes: the newest records of so many are kept.
            try db.run(
                sql: """
                    DELETE FROM record WHERE device_id IN (
                        SELECT r.device_id FROM record r JOIN device d ON d.id = r.device_id
                        WHERE d.account_id = (SELECT account_id FROM device WHERE id = ?) AND d.revoked_after IS NULL
                        ORDER BY r.seq DESC LIMIT -1 OFFSET \(Limits.devicesMax))
                    """, arguments: [device])
            return try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM record WHERE device_id = ?)"), arguments: [device]) ?? false
        }
    }

    /// The newest records of an account, one for each device that is not revoked, newest first.
    public func records(of account: AccountKey) async throws(StoreError) -> [Envelope] {
        try await read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT r.envelope FROM record r JOIN device d ON d.id = r.device_id JOIN account a ON a.id = d.account_id
                    WHERE a.key = ? AND d.revoked_after IS NULL ORDER BY r.seq DESC
                    """, arguments: [account.data]
            ).compactMap { try? Envelope(.account, trusting: $0) }
        }
    }

    /// The version of the newest record of a device; 0 if there is none.
    public func recordSeq(of device: DeviceKey) async throws(StoreError) -> Milliseconds {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT seq FROM record WHERE device_id = (SELECT id FROM device WHERE key = ?)", arguments: [device.data]) ?? 0
        }
    }

    static func keep(_ claim: NameClaim, _ account: Int64, _ db: Database) throws {
        try db.run(
            sql: "INSERT INTO claim (account_id, seq, envelope) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [account, Int64(clamping: claim.envelope.seq), claim.envelope.encoded])
    }

    /// Keeps a followed account's claim, to put it again while its owner is away.
    public func keep(_ claim: NameClaim) async throws(StoreError) {
        try await write { db in
            if let account = try Self.accountID(claim.account, db) { try Self.keep(claim, account, db) }
        }
    }

    /// Claims of this peer's accounts and of those they follow.
    public func claims() async throws(StoreError) -> [NameClaim] {
        try await read { db in
            try Data.fetchAll(
                db,
                sql: """
                    SELECT envelope FROM claim WHERE account_id IN (SELECT account_id FROM local_account)
                        OR account_id IN (SELECT followee_id FROM follow WHERE following AND follower_id IN (SELECT account_id FROM local_account))
                    """
            ).compactMap { try? NameClaim(reading: Envelope(.nameClaim, verifying: $0)) }
        }
    }

    /// Those whom accounts of this peer follow and whose claim is not kept here yet: followed at another peer, or while the claim
    /// could not be found.
    public func followedWithoutClaim() async throws(StoreError) -> [UserView] {
        try await read { db in
            try AccountRow.fetchAll(
                db,
                sql: """
                    SELECT \(AccountRow.columns) FROM account a
                    WHERE a.id IN (SELECT followee_id FROM follow WHERE following AND follower_id IN (SELECT account_id FROM local_account))
                        AND a.id NOT IN (SELECT account_id FROM claim) ORDER BY a.id LIMIT \(Limits.listRowsMax)
                    """
            ).map(\.view)
        }
    }
}
