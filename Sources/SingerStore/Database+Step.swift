internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import SingerCore

/// A value for a statement of `step`, `first` or `each`.
enum SQLValue {
    case int(Int64?)
    case text(String)
    case blob(Data?)
    case hash(EntryID?)
}

/// What is done for every entry goes straight to SQLite: the arrays and boxes that arguments and rows take on their way through GRDB cost
/// about as much as most of these statements do. Each is prepared once for all times.
extension Database {
    /// Carries out a statement that gives no rows.
    func step(_ sql: String, _ values: SQLValue...) throws { try each(sql, values) { _ in } }

    /// Reads the first row, if there is one.
    func first<Value>(_ sql: String, _ values: SQLValue..., read: (SQLRow) throws -> Value) throws -> Value? {
        var value: Value?
        try each(sql, values) { row in if value == nil { value = try read(row) } }
        return value
    }

    /// Reads all rows. What reads them must not use the same statement.
    func each(_ sql: String, _ values: [SQLValue], _ read: (SQLRow) throws -> Void) throws {
        let prepared = try cachedStatement(sql: sql)
        for (index, value) in values.enumerated() {
            let status = value.bind(to: prepared.sqliteStatement, Int32(index + 1))
            if status != SQLITE_OK { throw failure(status, sql) }
        }
        try each(prepared, read)
    }

    /// The same for arguments as GRDB takes them, which may have names.
    func each(_ sql: String, _ arguments: StatementArguments, _ read: (SQLRow) throws -> Void) throws {
        let prepared = try cachedStatement(sql: sql)
        try prepared.setArguments(arguments)
        try each(prepared, read)
    }

    private func each(_ prepared: Statement, _ read: (SQLRow) throws -> Void) throws {
        try withExtendedLifetime(prepared) {
            let statement = prepared.sqliteStatement
            defer { sqlite3_reset(statement) }
            while true {
                let status = sqlite3_step(statement)
                if status == SQLITE_DONE { return }
                guard status == SQLITE_ROW else { throw failure(status, prepared.sql) }
                try read(SQLRow(statement: statement))
            }
        }
    }

    private func failure(_ status: Int32, _ sql: String) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: status), message: lastErrorMessage, sql: sql)
    }
}

/// A row while it is read: columns are numbered from 0.
struct SQLRow {
    fileprivate let statement: OpaquePointer

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func bool(_ column: Int32) -> Bool { int(column) != 0 }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    func data(_ column: Int32) -> Data { Data(bytes(column)) }
    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// `nil` for NULL, and for what has not 32 bytes.
    func key<Role>(_ column: Int32) -> Bytes32<Role>? { Bytes32(bytes(column)) }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }
}

extension SQLValue {
    fileprivate func bind(to statement: OpaquePointer, _ index: Int32) -> Int32 {
        switch self {
        case .int(let value?): return sqlite3_bind_int64(statement, index, value)
        case .text(var text): return text.withUTF8 { sqlite3_bind_text(statement, index, $0.baseAddress, Int32($0.count), Self.copied) }
        case .blob(let data?): return data.withUnsafeBytes { Self.bind($0, to: statement, index) }
        case .hash(let hash?): return hash.withBytes { Self.bind($0, to: statement, index) }
        case .int(nil), .blob(nil), .hash(nil): return sqlite3_bind_null(statement, index)
        }
    }

    private static func bind(_ bytes: UnsafeRawBufferPointer, to statement: OpaquePointer, _ index: Int32) -> Int32 {
        // Nothing is not NULL.
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return sqlite3_bind_blob(statement, index, start, Int32(bytes.count), copied)
    }

    /// SQLITE_TRANSIENT, which is a cast that Swift does not import: SQLite makes a copy.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

extension Entry.Kind {
    /// Kinds as they stand in a statement, behind `IN`.
    static func sql(_ kinds: Entry.Kind...) -> String { "(" + kinds.map { "\($0.rawValue)" }.joined(separator: ", ") + ")" }
}
