internal import Foundation
internal import GRDB
public import SingerCore

/// Accounts that this peer has heard of, and the names it knows them by.
extension Store {
    /// Who is meant by what a person typed: the pinned key, else whoever was met first under the name; or the one with the mark.
    public func account(named reference: UserReference) async throws(StoreError) -> UserView? {
        try await read { db in
            // One by one: anybody may bear any name.
            let rows = try AccountRow.fetchCursor(
                db, sql: "SELECT \(AccountRow.columns) FROM account a WHERE a.folded = ? ORDER BY a.pinned DESC, a.certified DESC, a.id",
                arguments: [reference.name.folded])
            guard let mark = reference.mark else { return try rows.next()?.view }
            return try rows.first { Fingerprint($0.key).mark.hasPrefix(mark) }?.view
        }
    }

    /// The account that is pinned to a name.
    public func pinned(_ name: Username) async throws(StoreError) -> UserView? {
        try await read { db in
            try AccountRow.fetchOne(db, sql: "SELECT \(AccountRow.columns) FROM account a WHERE a.folded = ? AND a.pinned", arguments: [name.folded])?.view
        }
    }

    /// The account that a verified certificate or claim speaks for.
    ///
    /// - Parameter pins: the name is the key's from now on, unless it is another's already. Only for claims that were asked
    ///   for and accounts of this peer: what strangers send must not take names.
    static func certify(_ key: AccountKey, as name: Username, pins: Bool = false, _ db: Database) throws -> Int64 {
        let free = "NOT EXISTS (SELECT 1 FROM account WHERE folded = ?2 AND pinned)"
        if let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT id, certified, pinned FROM account WHERE key = ?"), arguments: [key.data]) {
            let id: Int64 = row[0]
            if row[1] == false || (pins && row[2] == false) {
                try db.run(
                    sql: "UPDATE account SET name = ?1, folded = ?2, certified = 1, pinned = (?3 AND \(free)) WHERE id = ?4",
                    arguments: [name.text, name.folded, pins, id])
            }
            return id
        }
        try db.run(
            sql: "INSERT INTO account (name, folded, certified, pinned, key) VALUES (?1, ?2, 1, (?3 AND \(free)), ?4)",
            arguments: [name.text, name.folded, pins, key.data])
        return db.lastInsertedRowID
    }

    /// The row of an account that somebody follows: known by that name until it is heard of first hand.
    static func mention(_ key: AccountKey, as name: Username, _ db: Database) throws -> Int64 {
        if let id = try accountID(key, db) { return id }
        try db.run(
            sql: "INSERT INTO account (key, name, folded, certified, pinned) VALUES (?, ?, ?, 0, 0)", arguments: [key.data, name.text, name.folded])
        return db.lastInsertedRowID
    }

    static func accountID(_ key: AccountKey, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT id FROM account WHERE key = ?"), arguments: [key.data])
    }

    /// Pins a key that a verified claim in the DHT names, unless another one is pinned already.
    ///
    /// - Returns: the account as it is shown from now on.
    public func learn(_ claim: NameClaim) async throws(StoreError) -> UserView {
        try await write { db in
            let id = try Self.certify(claim.account, as: claim.name, pins: true, db)
            return try Self.user(id, db)
        }
    }

    public func user(_ key: AccountKey) async throws(StoreError) -> UserView? {
        try await read { db in try Self.accountID(key, db).map { try Self.user($0, db) } }
    }

    static func user(_ id: Int64, _ db: Database) throws -> UserView {
        guard let row = try AccountRow.fetchOne(db.cachedStatement(sql: "SELECT \(AccountRow.columns) FROM account a WHERE a.id = ?"), arguments: [id]) else {
            throw StoreError.failed("no account \(id)")
        }
        return row.view
    }
}

/// One row of `account`, as far as showing it goes.
struct AccountRow: FetchableRecord {
    let id: Int64
    let key: AccountKey
    let name: String
    /// Whether the name alone is enough: it is pinned to this key, or this is the first that was met under it and none is pinned.
    let isPlain: Bool

    /// What this is read from; the table is `a`.
    static let columns = """
        a.id, a.key, a.name, \
        a.id = (SELECT o.id FROM account o WHERE o.folded = a.folded ORDER BY o.pinned DESC, o.certified DESC, o.id LIMIT 1)
        """

    /// Reads `columns`, which stand in this order from some column on.
    init(_ row: SQLRow, from column: Int32) throws {
        id = row.int(column)
        guard let key: AccountKey = row.key(column + 1) else { throw StoreError.corrupt("an account key has not 32 bytes") }
        self.key = key
        name = row.text(column + 2)
        isPlain = row.bool(column + 3)
    }

    /// Of a row that begins with `columns`.
    init(row: Row) throws {
        id = row[0]
        guard let key = AccountKey(row[1] as Data) else { throw StoreError.corrupt("an account key has not 32 bytes") }
        self.key = key
        name = row[2]
        isPlain = row[3]
    }

    /// `alice`; or `alice~k7q2` for a key that is not the one meant by the name alone.
    var view: UserView { UserView(account: key, name: isPlain ? name : "\(name)~\(Fingerprint(key).mark.prefix(4))") }
}
