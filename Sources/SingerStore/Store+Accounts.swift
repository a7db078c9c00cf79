internal import Foundation
internal import GRDB
public import SingerCore

/// Accounts that this peer has heard of, and the names it knows them by.
extension Store {
    /// Who is meant by what a person typed: the pinned key, or the one that bears the mark.
    public func account(named reference: UserReference) async throws(StoreError) -> UserView? {
        try await read { db in try Self.account(named: reference, db) }
    }

    static func account(named reference: UserReference, _ db: Database) throws -> UserView? {
        let rows = try AccountRow.fetchAll(
            db, sql: "SELECT id, key, name, pinned FROM account WHERE folded = ? AND (? OR pinned) ORDER BY pinned DESC, id",
            arguments: [reference.name.folded, reference.mark != nil])
        guard let mark = reference.mark else { return rows.first?.view }
        return rows.first { Fingerprint($0.key).mark.hasPrefix(mark) }?.view
    }

    /// The account that a verified certificate or claim speaks for. A first certified key is pinned to its name.
    static func certify(_ key: AccountKey, as name: Username, _ db: Database) throws -> Int64 {
        if let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT id, certified FROM account WHERE key = ?"), arguments: [key.data]) {
            let id: Int64 = row[0]
            if row[1] == false {
                try db.execute(
                    sql: """
                        UPDATE account SET name = ?1, folded = ?2, certified = 1,
                            pinned = NOT EXISTS (SELECT 1 FROM account WHERE folded = ?2 AND pinned) WHERE id = ?3
                        """, arguments: [name.text, name.folded, id])
            }
            return id
        }
        try db.execute(
            sql: """
                INSERT INTO account (key, name, folded, certified, pinned)
                VALUES (?1, ?2, ?3, 1, NOT EXISTS (SELECT 1 FROM account WHERE folded = ?3 AND pinned))
                """, arguments: [key.data, name.text, name.folded])
        return db.lastInsertedRowID
    }

    /// The row of an account that somebody follows: known by that name until it is heard of first hand.
    static func mention(_ key: AccountKey, as name: Username, _ db: Database) throws -> Int64 {
        if let id = try accountID(key, db) { return id }
        try db.execute(
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
            let id = try Self.certify(claim.account, as: claim.name, db)
            return try Self.user(id, db)
        }
    }

    public func user(_ key: AccountKey) async throws(StoreError) -> UserView? {
        try await read { db in try Self.accountID(key, db).map { try Self.user($0, db) } }
    }

    static func user(_ id: Int64, _ db: Database) throws -> UserView {
        guard let row = try AccountRow.fetchOne(db.cachedStatement(sql: "SELECT id, key, name, pinned FROM account WHERE id = ?"), arguments: [id]) else {
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
    let isPinned: Bool

    init(row: Row) throws { try self.init(row, from: 0) }

    /// Reads `id, key, name, pinned`, which stand in this order from some column on.
    init(_ row: Row, from column: Int) throws {
        id = row[column]
        guard let key = AccountKey(row[column + 1] as Data) else { throw StoreError.corrupt("an account key has not 32 bytes") }
        self.key = key
        name = row[column + 2]
        isPinned = row[column + 3]
    }

    /// `alice`; or `alice~k7q2` for a key that is not the one pinned under the name.
    var view: UserView { UserView(account: key, name: isPinned ? name : "\(name)~\(Fingerprint(key).mark.prefix(4))") }
}
