internal import Foundation
internal import GRDB
public import SingerCore

/// Proofs that a device wrote two logs.
extension Store {
    /// Keeps a verified proof that came from elsewhere: the device is quarantined as if it had been found here.
    public func keep(_ proof: Equivocation) async throws(StoreError) {
        try await write { db in
            // To throw would make all who share the transaction begin anew, as often as such a proof comes.
            guard let device = try Self.signer(proof.certificate, db)?.device.id else { return }
            // One proof is enough.
            guard try Bool.fetchOne(db, sql: "SELECT quarantined FROM device WHERE id = ?", arguments: [device]) == false else { return }
            try Self.quarantine(device, proof.seq, [proof.first, proof.second].map { ($0.header, $0.signature) }, db)
        }
    }

    /// One proof for each quarantined device of an account.
    public func equivocations(of account: AccountKey) async throws(StoreError) -> [Equivocation] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.key, d.certificate, d.signature, e.header, e.signature FROM equivocation e JOIN device d ON d.id = e.device_id
                    WHERE d.account_id = (SELECT id FROM account WHERE key = ?) ORDER BY d.key, e.seq, e.header
                    """, arguments: [account.data])
            var proofs: [Equivocation] = []
            var device: Data?
            var headers: [Equivocation.SignedHeader] = []
            for row in rows {
                if row[0] != device {
                    device = row[0]
                    headers = []
                }
                guard proofs.last?.device.data != device else { continue }
                let header = Equivocation.SignedHeader(header: row[3], signature: row[4])
                let certificate = try Certificate(trusting: row[1], signature: row[2])
                if let proof = headers.lazy.compactMap({ Equivocation(trusting: $0, header, certificate: certificate) }).first { proofs.append(proof) }
                headers.append(header)
            }
            return proofs
        }
    }
}
