public import Foundation
internal import GRDB
public import SingerCore

/// What other peers said over links that are gone. Nothing depends on it: where it is missing or out of date, more is said again.
extension Store {
    public struct LinkMemory: Sendable {
        public let node: NodeKey
        /// What the peer said, as it was given to `keepMemory`.
        public let said: Data
        /// Accounts whose records the peer was sent, and that have not changed since.
        public let recordsSent: Set<AccountKey>
    }

    /// How many changes of account records there have been: for `keepMemory`.
    public func recordChanges() async throws(StoreError) -> Int64 {
        try await read { db in try Int64.fetchOne(db, sql: "SELECT coalesce(max(changed), 0) FROM record") ?? 0 }
    }

    /// Keeps what a peer said, in place of what it said before. The oldest go when it is of more feeds than are remembered.
    ///
    /// - Parameters:
    ///   - feeds: how many feeds it is about.
    ///   - changes: `recordChanges` before `recordsSent` was true.
    public func keepMemory(
        of node: NodeKey, _ said: Data, feeds: Int, recordsSent: Set<AccountKey>, changes: Int64
    ) async throws(StoreError) {
        let records = recordsSent.sorted().reduce(into: Data()) { $0 += $1.data }
        try await write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO link_memory (node, said, feeds, records, changes) VALUES (?, ?, ?, ?, ?)",
                arguments: [node.data, said, feeds, records, changes])
            try db.execute(
                sql: """
                    DELETE FROM link_memory WHERE id IN
                        (SELECT id FROM (SELECT id, sum(feeds) OVER (ORDER BY id DESC) AS total FROM link_memory) WHERE total > ?)
                    """, arguments: [Limits.rememberedFeedsMax])
        }
    }

    public func forgetMemory(of node: NodeKey) async throws(StoreError) {
        try await write { db in try db.execute(sql: "DELETE FROM link_memory WHERE node = ?", arguments: [node.data]) }
    }

    /// All that is kept, oldest first.
    public func memories() async throws(StoreError) -> [LinkMemory] {
        try await read { db in
            let changes = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.key, max(r.changed) FROM record r JOIN device d ON d.id = r.device_id JOIN account a ON a.id = d.account_id
                    GROUP BY a.id
                    """)
            let changed = Dictionary(uniqueKeysWithValues: changes.map { ($0[0] as Data, $0[1] as Int64) })
            return try Row.fetchAll(db, sql: "SELECT node, said, records, changes FROM link_memory ORDER BY id").compactMap { row in
                guard let node = NodeKey(row[0] as Data) else { return nil }
                let (records, through): (Data, Int64) = (row[2], row[3])
                var recordsSent: Set<AccountKey> = []
                for start in stride(from: 0, to: records.count - 31, by: 32) {
                    let key = Data(records.dropFirst(start).prefix(32))
                    if let account = AccountKey(key), changed[key] ?? 0 <= through { recordsSent.insert(account) }
                }
                return LinkMemory(node: node, said: row[1], recordsSent: recordsSent)
            }
        }
    }
}
