internal import Foundation
internal import GRDB
public import SingerCore

/// Logs as they are replicated.
extension Store {
    public struct HeldLog: Hashable, Sendable {
        public let account: AccountKey
        public let device: DeviceKey
        public let ranges: [ClosedRange<UInt64>]
    }

    /// What is held of an account's logs, for the replica.
    public func heldLogs(of account: AccountKey) async throws(StoreError) -> [HeldLog] {
        try await read { db in
            var logs: [(account: AccountKey, device: DeviceKey, ranges: [ClosedRange<UInt64>])] = []
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT a.key, d.key, h.first, \(Self.heldLast) FROM held h JOIN device d ON d.id = h.device_id JOIN account a ON a.id = d.account_id
                    WHERE a.key = ? ORDER BY h.device_id, h.first
                    """, arguments: [account.data])
            while let row = try rows.next() {
                guard let account = AccountKey(row[0] as Data), let device = DeviceKey(row[1] as Data) else { continue }
                let range = UInt64(row[2] as Int64)...UInt64(row[3] as Int64)
                // In place: a log may be in very many pieces.
                if let last = logs.indices.last, logs[last].device == device {
                    logs[last].ranges.append(range)
                } else {
                    logs.append((account, device, [range]))
                }
            }
            return logs.map(HeldLog.init)
        }
    }

    /// Of `held h`: where a range ends.
    static let heldLast = """
        (CASE WHEN EXISTS (SELECT 1 FROM held WHERE device_id = h.device_id AND first > h.first) THEN h.last
            ELSE (SELECT max(seq) FROM entry WHERE device_id = h.device_id) END)
        """

    /// Posts of an account that are held without their bodies, and that nobody is known to have deleted.
    public func withheld(of account: AccountKey) async throws(StoreError) -> [(device: DeviceKey, seq: UInt64)] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT d.key, p.seq FROM post p JOIN device d ON d.id = p.device_id
                    WHERE p.account_id = (SELECT id FROM account WHERE key = ?) AND p.withheld = 1
                        AND (SELECT body FROM entry WHERE id = p.entry_id) IS NULL
                    """, arguments: [account.data]
            ).compactMap { row in DeviceKey(row[0] as Data).map { ($0, UInt64(row[1] as Int64)) } }
        }
    }

    /// Entries of one log, ascending, as many as fit in a batch.
    public func entries(of device: DeviceKey, in range: ClosedRange<UInt64>) async throws(StoreError) -> [Entry] {
        try await read { db in
            try Self.entries(
                of: device, "AND seq BETWEEN ? AND ? ORDER BY seq LIMIT \(Limits.batchEntriesMax)",
                [Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound)], db)
        }
    }

    /// The latest entries of one log, oldest first, as many as fit in a batch: for the tail of an account record.
    public func latestEntries(of device: DeviceKey, count: Int) async throws(StoreError) -> [Entry] {
        try await read { db in try Self.entries(of: device, "ORDER BY seq DESC LIMIT ?", [count], db).reversed() }
    }

    private static func entries(of device: DeviceKey, _ selection: String, _ arguments: StatementArguments, _ db: Database) throws -> [Entry] {
        guard let certificate = try certificate(of: device, db) else { return [] }
        var entries: [Entry] = []
        var bytes = 0
        let rows = try Row.fetchCursor(
            db, sql: "SELECT header, signature, body FROM entry WHERE device_id = (SELECT id FROM device WHERE key = ?) \(selection)",
            arguments: [device.data] + arguments)
        while let row = try rows.next() {
            let entry = try Entry(trusting: row[0], signature: row[1], body: row[2], certificate: certificate)
            bytes += entry.wireBytes
            if bytes > Limits.batchBytesMax, !entries.isEmpty { break }
            entries.append(entry)
        }
        return entries
    }

    /// One entry, body and certificate included, by its hash.
    public func entry(_ id: EntryID) async throws(StoreError) -> Entry? {
        try await read { db in try Self.entry(id, db) }
    }

    static func entry(_ id: EntryID, _ db: Database) throws -> Entry? {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT e.header, e.signature, e.body, d.certificate, d.signature FROM entry e JOIN device d ON d.id = e.device_id WHERE e.hash = ?
                        """), arguments: [id.data])
        else { return nil }
        return try Entry(trusting: row[0], signature: row[1], body: row[2], certificate: Certificate(trusting: row[3], signature: row[4]))
    }

    static func certificate(of device: DeviceKey, _ db: Database) throws -> Certificate? {
        guard let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT certificate, signature FROM device WHERE key = ?"), arguments: [device.data]) else {
            return nil
        }
        return try Certificate(trusting: row[0], signature: row[1])
    }
}
