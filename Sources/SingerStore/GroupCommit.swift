internal import Foundation
internal import GRDB
internal import Synchronization

/// Commits the writes of many callers together: while one commit waits for the disk, the next writes gather, and then
/// share a transaction and its fsync. One that throws undoes itself alone.
///
/// A write returns after the commit that holds it. It may be run more than once before that, with the others that came before it in the
/// same order: what it does besides the database must bear that.
final class GroupCommit: Sendable {
    private struct Write: Sendable {
        /// Its result is kept until the commit.
        let body: @Sendable (Database) throws -> Void
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var waiting: [Write] = []
        var isRunning = false
    }

    /// Writes that share a transaction: bounds how long the first of them waits.
    private static let writesMax = 512

    /// With one processor the pool for tasks has one thread: while it waited for the disk, nothing would gather.
    private static let hasThreadsToSpare = ProcessInfo.processInfo.processorCount > 1

    private let pool: DatabasePool
    private let ending: @Sendable (Database) throws -> Void
    private let state = Mutex(State())

    /// - Parameter ending: the last of each transaction, once for all its writes.
    init(_ pool: DatabasePool, ending: @escaping @Sendable (Database) throws -> Void) {
        self.pool = pool
        self.ending = ending
    }

    /// - Parameter inPlace: if no other commit is under way, the thread that calls carries out this one, and waits for the disk itself:
    ///   two changes of threads fewer. For what is short, and never from an actor or an event loop. With one processor it is as if it were not set.
    func write<Value: Sendable>(inPlace: Bool, _ body: @escaping @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
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
                        }), inPlace: inPlace)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Carries a value from inside the transaction to its end.
    private final class Result<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func enqueue(_ write: Write, inPlace: Bool) {
        let starts = state.withLock { state in
            state.waiting.append(write)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        if inPlace, Self.hasThreadsToSpare {
            pool.writeWithoutTransaction { db in if let writes = next() { commit(writes, db) } }
            // What has gathered meanwhile is not for this thread.
            guard goesOn() else { return }
        }
        drain()
    }

    private func drain() {
        pool.asyncWriteWithoutTransaction { [self] db in
            while let writes = next() { commit(writes, db) }
        }
    }

    private func next() -> [Write]? {
        guard goesOn() else { return nil }
        return state.withLock { state in
            let writes = Array(state.waiting.prefix(Self.writesMax))
            state.waiting.removeFirst(writes.count)
            return writes
        }
    }

    /// Whether anything waits; if not, the next write is the first of a new run.
    private func goesOn() -> Bool {
        state.withLock { state in
            state.isRunning = !state.waiting.isEmpty
            return state.isRunning
        }
    }

    /// Commits what does not fail. A write that does is left out, and the others begin anew: that is rare, and a savepoint for each
    /// would keep a copy of every page that they change.
    private func commit(_ writes: [Write], _ db: Database) {
        var writes = writes
        while !writes.isEmpty {
            var begun = 0
            do {
                try transact(db) {
                    for write in writes {
                        begun += 1
                        try write.body(db)
                    }
                    begun = 0
                    try ending(db)
                }
                for write in writes { write.finish(nil) }
                return
            } catch let error as DatabaseError where begun == 0 || error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR {
                for write in writes { write.finish(error) }
                return
            } catch {
                guard begun > 0 else { return writes.forEach { $0.finish(error) } }
                writes.remove(at: begun - 1).finish(error)
            }
        }
    }
    /// GRDB's own transactions prepare their two statements each time, at the price of two writes.
    private func transact(_ db: Database, _ body: () throws -> Void) throws {
        try db.step("BEGIN IMMEDIATE")
        do {
            try body()
            try db.step("COMMIT")
        } catch {
            // Some errors have ended it already; and why it ends is the first of them.
            if db.isInsideTransaction { try? db.rollback() }
            throw error
        }
    }
}
