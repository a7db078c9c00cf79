internal import GRDB
internal import SingerCore
internal import Synchronization

/// Reads of many callers in one snapshot: a commit wakes all sessions that it concerns, which then ask for the same few posts. What comes
/// while one group is read makes the next, which sees all that was committed before it was asked.
final class GroupRead: Sendable {
    /// What the reads of one group have in common.
    final class Shared {
        var latestArrival: Int64?
        var posts: [Int64: PostView?] = [:]
    }

    private typealias Read = @Sendable (Swift.Result<Database, any Error>, Shared) -> Void

    private struct State {
        var waiting: [Read] = []
        var isRunning = false
    }

    private let pool: DatabasePool
    private let state = Mutex(State())

    init(_ pool: DatabasePool) { self.pool = pool }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database, Shared) throws -> Value) async throws(StoreError) -> Value {
        do {
            return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                enqueue { db, shared in continuation.resume(with: Swift.Result { try body(db.get(), shared) }) }
            }
        } catch {
            throw StoreError(error)
        }
    }

    private func enqueue(_ read: @escaping Read) {
        let starts = state.withLock { state in
            state.waiting.append(read)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { run() }
    }

    private func run() {
        pool.asyncRead { [self] db in
            let shared = Shared()
            for read in next() { read(db, shared) }
            let goesOn = state.withLock { state in
                state.isRunning = !state.waiting.isEmpty
                return state.isRunning
            }
            if goesOn { run() }
        }
    }

    private func next() -> [Read] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
