internal import Foundation
internal import GRDB
public import SingerCore

/// What an account takes along from one peer to another.
extension Store {
    /// The claim with which an account took its name.
    public func claim(of account: AccountKey) async throws(StoreError) -> NameClaim? {
        try await read { db in
            try Data.fetchOne(db, sql: "SELECT envelope FROM claim WHERE account_id = (SELECT id FROM account WHERE key = ?)", arguments: [account.data])
                .map { try NameClaim(reading: Envelope(.nameClaim, verifying: $0)) }
        }
    }

    /// Stores entries out of an archive of a local account, in one transaction, with what they make this peer owe.
    ///
    /// - Parameter willCommit: as of `append`.
    public func restore(_ entries: [Entry], now: Milliseconds, willCommit: @escaping @Sendable ([Int64]) -> Void) async throws(StoreError) -> [Outcome] {
        try await write { db in
            let outcomes = try entries.map { try Self.ingest($0, now: now, db) }
            var arrivals: [Int64] = []
            for (entry, outcome) in zip(entries, outcomes) {
                guard case .stored(let arrival) = outcome else { continue }
                // Follows and unfollows that now count: the peer that wrote them may be gone.
                let isEdge = try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM follow WHERE entry_id = ?)"), arguments: [arrival])
                if isEdge == true { _ = try Self.owe(entry.content, arrival, Self.accountID(entry.header.account, db) ?? 0, [], db) }
                arrivals.append(arrival)
            }
            willCommit(arrivals)
            return outcomes
        }
    }
}
