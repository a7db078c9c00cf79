internal import GRDB
internal import SingerCore

/// Who signed an entry, and what stands around its place in the log: what it is judged by.
extension Store {
    /// A device as entries are judged by.
    struct DeviceRow {
        let id: Int64
        let isQuarantined: Bool
        let revokedAfter: Int64?
    }

    struct Signer {
        let certificate: Certificate
        let accountID: Int64
        let device: DeviceRow
        /// It is the device of an account of this peer.
        let writesHere: Bool
        /// The last entry of its log that is here.
        var end: Neighbour?
    }

    /// The rows of the account and the device that a certificate names, which are made if they are not there; `nil` for a device that
    /// speaks for another account.
    static func signer(_ certificate: Certificate, _ db: Database) throws -> Signer? {
        func row() throws -> Signer? {
            try db.first(
                """
                SELECT d.id, d.quarantined, d.revoked_after, a.id, a.key, a.certified,
                    EXISTS (SELECT 1 FROM local_account l WHERE l.device_id = d.id), \(Neighbour.columns)
                FROM device d JOIN account a ON a.id = d.account_id LEFT JOIN entry e ON e.device_id = d.id
                WHERE d.key = ? ORDER BY e.seq DESC LIMIT 1
                """, .blob(certificate.device.data)
            ) { row -> Signer? in
                guard row.key(4) == certificate.account, row.bool(5) else { return nil }
                let device = DeviceRow(id: row.int(0), isQuarantined: row.bool(1), revokedAfter: row.isNull(2) ? nil : row.int(2))
                let end = row.isNull(7) ? nil : try Neighbour(row, from: 7)
                return Signer(certificate: certificate, accountID: row.int(3), device: device, writesHere: row.bool(6), end: end)
            } ?? nil
        }
        if let known = try row() { return known }
        let accountID = try certify(certificate.account, as: certificate.name, db)
        try db.run(
            sql: "INSERT INTO device (account_id, key, certificate, signature) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            arguments: [accountID, certificate.device.data, certificate.payload, certificate.signature])
        // It may have been revoked before it was heard of.
        return try row()
    }

    /// Makes sure of the rows of an account and its device.
    static func device(_ certificate: Certificate, _ db: Database) throws -> Signer {
        guard let signer = try signer(certificate, db) else { throw StoreRefusal.quarantined }
        return signer
    }

    /// An entry of a log that is here.
    struct Neighbour {
        let seq: Int64
        let arrival: Int64
        let hash: EntryID
        let previous: EntryID?
        let created: Milliseconds
        let hasBody: Bool

        init(seq: Int64, arrival: Int64, hash: EntryID, previous: EntryID?, created: Milliseconds, hasBody: Bool) {
            self.seq = seq
            self.arrival = arrival
            self.hash = hash
            self.previous = previous
            self.created = created
            self.hasBody = hasBody
        }

        /// Of `entry e`.
        static let columns = "e.seq, e.id, e.hash, e.previous, e.created, e.body IS NOT NULL"

        /// - Parameter first: the first of `columns` in the row.
        init(_ row: SQLRow, from first: Int32 = 0) throws {
            guard let hash: EntryID = row.key(first + 2) else { throw StoreError.corrupt("an entry's hash has not 32 bytes") }
            self.init(
                seq: row.int(first), arrival: row.int(first + 1), hash: hash, previous: row.key(first + 3), created: row.int(first + 4),
                hasBody: row.bool(first + 5))
        }
    }

    /// What stands at the place of an entry in its log, and beside it.
    struct Place {
        var before: Neighbour?
        var standing: Neighbour?
        var after: Neighbour?

        init(of header: Entry.Header, _ signer: Signer, _ db: Database) throws {
            let seq = Int64(header.seq)
            guard let end = signer.end, end.seq >= seq else {
                // As nearly always: behind all that is here.
                if let end = signer.end, end.seq == seq - 1 { before = end }
                return
            }
            let sql = "SELECT \(Neighbour.columns) FROM entry e WHERE e.device_id = ?1 AND e.seq BETWEEN ?2 - 1 AND ?2 + 1"
            try db.each(sql, [.int(signer.device.id), .int(seq)]) { row in
                let neighbour = try Neighbour(row)
                switch neighbour.seq {
                case seq - 1: before = neighbour
                case seq: standing = neighbour
                default: after = neighbour
                }
            }
        }

        /// The neighbour that an entry does not fit: a header names the one before it, so the two are proof of two logs.
        func contradiction(of entry: Entry) -> Neighbour? {
            if let before, before.hash != entry.header.previous || before.created > entry.header.created { return before }
            if let after, after.previous != entry.id || after.created < entry.header.created { return after }
            return nil
        }
    }
}
