internal import GRDB

/// Which entries of a log are here, as ranges: ascending, disjoint, never adjacent.
extension Store {
    /// Adds one sequence number to what is held of a log, joining the ranges beside it.
    static func hold(_ seq: Int64, _ deviceID: Int64, _ db: Database) throws {
        let below = try Int64.fetchOne(db.cachedStatement(sql: "SELECT first FROM held WHERE device_id = ? AND last = ?"), arguments: [deviceID, seq - 1])
        let above = try Int64.fetchOne(db.cachedStatement(sql: "SELECT last FROM held WHERE device_id = ? AND first = ?"), arguments: [deviceID, seq + 1])
        if above != nil { try db.execute(sql: "DELETE FROM held WHERE device_id = ? AND first = ?", arguments: [deviceID, seq + 1]) }
        if let below {
            try db.execute(sql: "UPDATE held SET last = ? WHERE device_id = ? AND first = ?", arguments: [above ?? seq, deviceID, below])
        } else {
            try db.execute(sql: "INSERT INTO held (device_id, first, last) VALUES (?, ?, ?)", arguments: [deviceID, seq, above ?? seq])
        }
    }

    /// Takes one sequence number out of what is held of a log: others are asked for it again.
    static func unhold(_ seq: Int64, _ deviceID: Int64, _ db: Database) throws {
        guard let range = try range(around: seq, deviceID, db) else { return }
        try db.execute(sql: "DELETE FROM held WHERE device_id = ? AND first = ?", arguments: [deviceID, range.lowerBound])
        for part in [(range.lowerBound, seq - 1), (seq + 1, range.upperBound)] where part.0 <= part.1 {
            try db.execute(sql: "INSERT INTO held (device_id, first, last) VALUES (?, ?, ?)", arguments: [deviceID, part.0, part.1])
        }
    }

    static func isHeld(_ seq: Int64, _ deviceID: Int64, _ db: Database) throws -> Bool { try range(around: seq, deviceID, db) != nil }

    private static func range(around seq: Int64, _ deviceID: Int64, _ db: Database) throws -> ClosedRange<Int64>? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT first, last FROM held WHERE device_id = ? AND first <= ? AND last >= ? ORDER BY first DESC LIMIT 1"),
            arguments: [deviceID, seq, seq]
        ).map { ($0[0] as Int64)...($0[1] as Int64) }
    }
}
