internal import Foundation
internal import GRDB
public import SingerCore

/// What the clients of an account leave with their peer. It is nobody else's concern: no log holds it, and no other peer.
extension Store {
    public func clientState(of account: AccountKey) async throws(StoreError) -> ClientState {
        try await read { db in
            guard let id = try Self.accountID(account, db) else { return ClientState() }
            let markers = try Row.fetchAll(db, sql: "SELECT target, time FROM read_marker WHERE account_id = ?", arguments: [id])
            let metadata = try Row.fetchAll(db, sql: "SELECT key, value FROM metadata WHERE account_id = ?", arguments: [id])
            return ClientState(
                readMarkers: Dictionary(uniqueKeysWithValues: markers.map { ($0[0], $0[1]) }),
                metadata: Dictionary(uniqueKeysWithValues: metadata.map { ($0[0], $0[1]) }),
                channels: try String.fetchAll(db, sql: "SELECT channel FROM client_channel WHERE account_id = ? ORDER BY channel", arguments: [id]))
        }
    }

    /// A marker never goes back. Beyond `Limits.readMarkersMax` the oldest is forgotten.
    public func setReadMarker(of account: AccountKey, at target: String, _ time: Milliseconds) async throws(StoreError) {
        try await write { db in
            guard let id = try Self.accountID(account, db) else { return }
            try db.run(
                sql: """
                    INSERT INTO read_marker (account_id, target, time) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET time = max(time, excluded.time)
                    """, arguments: [id, target, time])
        }
    }

    /// Sets keys, or removes those without a value; what else there is stays. At most `Limits.metadataKeysMax` in all.
    public func setMetadata(of account: AccountKey, _ changes: [String: String?]) async throws(StoreError) {
        try await write { db in
            guard let id = try Self.accountID(account, db) else { return }
            for key in changes.keys { try db.run(sql: "DELETE FROM metadata WHERE account_id = ? AND key = ?", arguments: [id, key]) }
            for case (let key, let value?) in changes {
                try db.run(sql: "INSERT INTO metadata (account_id, key, value) VALUES (?, ?, ?)", arguments: [id, key, value])
            }
        }
    }

    /// Replaces all of them; at most `Limits.clientChannelsMax`.
    public func setChannels(of account: AccountKey, _ channels: [String]) async throws(StoreError) {
        try await write { db in
            guard let id = try Self.accountID(account, db) else { return }
            try db.run(sql: "DELETE FROM client_channel WHERE account_id = ?", arguments: [id])
            for channel in Set(channels) {
                try db.run(sql: "INSERT INTO client_channel (account_id, channel) VALUES (?, ?)", arguments: [id, channel])
            }
        }
    }
}
