public import Foundation
internal import GRDB

/// Everything a peer keeps: one SQLite file in WAL mode. A write that has returned is on the disk (`synchronous = FULL`).
///
/// Writers are committed together: see `GroupCommit`. Readers see a snapshot and never wait for writers.
public final class Store: Sendable {
    let pool: DatabasePool
    let commits: GroupCommit
    private let readers: Readers
    let accountNumbers = AccountNumbers()
    let logEnds = LogEnds()
    private let lock: DirectoryLock
    /// The data directory.
    public let directory: String

    /// Opens the store in `directory`, which is made (mode 0700) if it is not there.
    public init(directory: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .failed("cannot make the data directory \(directory): \(error.localizedDescription)")
        }
        self.directory = directory
        lock = try DirectoryLock(directory)
        let path = directory + "/singer.db"
        if lock.isMarked, Self.isEmpty(path), Self.isEmpty(path + "-wal") {
            throw .corrupt("\(path) is damaged (it is empty, and was not). \(StoreError.remedy).")
        }
        do {
            var configuration = Configuration()
            configuration.maximumReaderCount = 4
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { db in
                db.add(function: SearchableText.function)
                try db.execute(sql: "PRAGMA cache_size = -4000")
                try db.execute(sql: "PRAGMA journal_size_limit = \(Self.journalBytes)")
                // As much as the journal may keep: a page that is written often is brought into the file once.
                try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // Not when the connection is prepared: a pool then goes on to turn it down to NORMAL, which leaves commits to the next checkpoint.
            try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.checkPages(pool)
            try Self.migrator.migrate(pool)
        } catch {
            switch StoreError(error) {
            case .corrupt(let why): throw .corrupt("\(path) is damaged (\(why)). \(StoreError.remedy).")
            case .full: throw .full
            case .failed(let why): throw .failed("cannot open \(path): \(why)")
            case .inUse(let why): throw .inUse(why)
            case .refused(let why): throw .refused(why)
            }
        }
        lock.mark()
        commits = GroupCommit(pool, ending: Self.indexSome)
        readers = Readers(pool)
        try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    /// Files up to this size are read through at start, so that damage is told there and not to a user later: a fifteenth of a second
    /// for the largest. Damage in larger ones is told when it is come across.
    private static let checkedBytesMax = 48 << 20

    private static func checkPages(_ pool: DatabasePool) throws {
        try pool.read { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let pageBytes = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            guard pages * pageBytes <= checkedBytesMax else { return }
            let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard verdict == "ok" else { throw StoreError.corrupt(verdict.split(separator: "\n").last.map(String.init) ?? verdict) }
        }
    }

    private static func isEmpty(_ path: String) -> Bool {
        ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0) == 0
    }

    /// Waits for what is being committed, brings everything into the one file, and closes it.
    public func close() {
        try? pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        try? pool.close()
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        do {
            return try await readers.read(body)
        } catch {
            throw StoreError(error)
        }
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        try await commits.write(inPlace: false, body)
    }

    /// The same for what is short and waited for: see `GroupCommit`.
    @concurrent
    func writeInPlace<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        try await commits.write(inPlace: true, body)
    }

    /// A value of this data directory: the node's key, say.
    public func setting(_ name: String) async throws(StoreError) -> Data? {
        try await read { db in try Data.fetchOne(db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name]) }
    }

    public func set(_ name: String, _ value: Data) async throws(StoreError) {
        try await write { db in
            try db.run(
                sql: "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", arguments: [name, value])
        }
    }
}
