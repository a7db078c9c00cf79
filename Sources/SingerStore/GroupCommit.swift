internal import GRDB
internal import Synchronization

/// Commits the writes of many callers together: while one commit waits for the disk, the next writes gather, and then
/// share a transaction and its fsync. Each has a savepoint of its own, so that one that throws undoes itself alone.
///
/// A write returns after the commit that holds it.
final class GroupCommit: Sendable {
    private struct Write: Sendable {
        /// Runs inside a savepoint; its result is kept until the commit.
        let body: @Sendable (Database) throws -> Void
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var waiting: [Write] = []
        var isRunning = false
    }

    /// Writes that share a transaction: bounds how long the first of them waits.
    private static let writesMax = 512

    private let pool: DatabasePool
    private let state = Mutex(State())

    init(_ pool: DatabasePool) { self.pool = pool }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        do {
            return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                let result = Result<Value>()
                enqueue(
                    Write(
                        body: { db in
                            let value = try body(db)
                            result.value.withLock { $0 = value }
                        },
                        finish: { error in
                            if let value = result.value.withLock({ $0 }), error == nil {
                                continuation.resume(returning: value)
                            } else {
                                continuation.resume(throwing: error ?? CancellationError())
                            }
                        }))
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Carries a value from inside the transaction to its end.
    private final class Result<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func enqueue(_ write: Write) {
        let starts = state.withLock { state in
            state.waiting.append(write)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { drain() }
    }

    private func drain() {
        pool.asyncWriteWithoutTransaction { [self] db in
            while let writes = next() { commit(writes, db) }
        }
    }

    private func next() -> [Write]? {
        state.withLock { state in
            let writes = Array(state.waiting.prefix(Self.writesMax))
            state.waiting.removeFirst(writes.count)
            if writes.isEmpty { state.isRunning = false }
            return writes.isEmpty ? nil : writes
        }
    }

    private func commit(_ writes: [Write], _ db: Database) {
        var refusals: [(any Error)?] = []
        do {
            try db.inTransaction(.immediate) {
                // A write that is alone has the whole transaction.
                if writes.count == 1 {
                    try writes[0].body(db)
                    refusals.append(nil)
                    return .commit
                }
                for write in writes {
                    try db.run(sql: "SAVEPOINT write")
                    do {
                        try write.body(db)
                        refusals.append(nil)
                    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR {
                        // SQLite may have rolled the whole transaction back: nobody's write stands.
                        throw error
                    } catch {
                        refusals.append(error)
                        try db.run(sql: "ROLLBACK TO write")
                    }
                    try db.run(sql: "RELEASE write")
                }
                return .commit
            }
            for (write, refusal) in zip(writes, refusals) { write.finish(refusal) }
        } catch {
            for write in writes { write.finish(error) }
        }
    }
}
