internal import Foundation
internal import GRDB
public import SingerCore

/// The accounts of this peer.
extension Store {
    public struct LocalAccount: Hashable, Sendable {
        public let account: AccountKey
        public let name: Username
        public let sealed: SealedSecret
        public let certificate: Certificate

        public init(account: AccountKey, name: Username, sealed: SealedSecret, certificate: Certificate) {
            self.account = account
            self.name = name
            self.sealed = sealed
            self.certificate = certificate
        }
    }

    /// Makes sure that there is room for a new account. `add` gives it back.
    public func reserveRoom() async throws(StoreError) { try await set("room", Data(count: 64 << 10)) }

    /// Keeps a new account, with its device here and its claim to the name.
    ///
    /// - Parameters:
    ///   - roaming: where its sealed root key lies for other peers, if it does.
    ///   - since: when it came here from another peer; 0 for an account that was made here. One that was here already has
    ///     this device from now on.
    public func add(
        _ certificate: Certificate, sealed: SealedSecret, claim: NameClaim, roaming: PlacedRecord? = nil, since: Milliseconds = 0
    ) async throws(StoreError) {
        try await write { db in
            try db.run(sql: "DELETE FROM setting WHERE name = 'room'")
            _ = try Self.certify(certificate.account, as: certificate.name, pins: true, db)
            let signer = try Self.device(certificate, db)
            let (account, device) = (signer.accountID, signer.device.id)
            try db.run(
                sql: """
                    INSERT INTO local_account (account_id, device_id, salt, work, box, seen, since)
                    VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0) FROM entry), ?)
                    ON CONFLICT (account_id) DO UPDATE SET device_id = excluded.device_id, salt = excluded.salt, work = excluded.work, box = excluded.box
                    """, arguments: [account, device, sealed.salt, sealed.workLog2, sealed.box, since])
            try Self.keep(claim, account, db)
            if let roaming { try Self.keep(roaming, of: account, db) }
        }
    }

    /// Keeps the secret of an account under another passphrase.
    ///
    /// - Returns: whether it is still that of the account's device here: a login may have given it another one meanwhile.
    /// - Parameters:
    ///   - withdrawal: takes the place of the record that the old passphrase leads to.
    ///   - roaming: where the new one leads to, if it does.
    public func reseal(
        _ account: AccountKey, _ device: DeviceKey, _ sealed: SealedSecret, withdrawal: PlacedRecord? = nil, roaming: PlacedRecord? = nil
    ) async throws(StoreError) -> Bool {
        try await write { db in
            try db.run(
                sql: """
                    UPDATE local_account SET salt = ?, work = ?, box = ?
                    WHERE account_id = (SELECT id FROM account WHERE key = ?) AND device_id = (SELECT id FROM device WHERE key = ?)
                    """, arguments: [sealed.salt, sealed.workLog2, sealed.box, account.data, device.data])
            guard db.changesCount == 1, let id = try Self.accountID(account, db) else { return false }
            if let withdrawal { try Self.keep(withdrawal, of: id, isWithdrawn: true, db) }
            if let roaming { try Self.keep(roaming, of: id, db) }
            return true
        }
    }

    /// `nil` for an account that is not at home here.
    public func localAccount(_ account: AccountKey) async throws(StoreError) -> LocalAccount? {
        try await localAccounts("WHERE a.key = ?", [account.data]).first
    }

    /// More than one where each of two owners of a name came here from another part of the network; the pinned one first.
    public func localAccounts(named name: Username) async throws(StoreError) -> [LocalAccount] {
        try await localAccounts("WHERE a.folded = ? ORDER BY a.pinned DESC, a.id", [name.folded])
    }

    public func localAccounts() async throws(StoreError) -> [LocalAccount] { try await localAccounts("ORDER BY l.account_id") }

    private func localAccounts(_ which: String, _ arguments: StatementArguments = []) async throws(StoreError) -> [LocalAccount] {
        try await read { db in try Row.fetchAll(db, sql: Self.localAccountSQL + " " + which, arguments: arguments).map(Self.localAccount) }
    }

    private static let localAccountSQL = """
        SELECT l.salt, l.work, l.box, d.certificate, d.signature
        FROM local_account l JOIN account a ON a.id = l.account_id JOIN device d ON d.id = l.device_id
        """

    private static func localAccount(_ row: Row) throws -> LocalAccount {
        let certificate = try Certificate(trusting: row[3], signature: row[4])
        return LocalAccount(
            account: certificate.account, name: certificate.name, sealed: SealedSecret(salt: row[0], workLog2: row[1], box: row[2]),
            certificate: certificate)
    }

    static func isLocal(_ id: Int64, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM local_account WHERE account_id = ?)"), arguments: [id]) ?? false
    }
}
