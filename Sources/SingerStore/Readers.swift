internal import Dispatch
internal import GRDB
internal import Synchronization

/// Reads out of snapshots, a few at a time, each on a thread that may wait for the disk. The way there and back is one change of threads each: GRDB's
/// own takes four, which cost more than most of what is read.
final class Readers: Sendable {
    private struct State {
        var waiting: [@Sendable (DatabasePool) -> Void] = []
        /// Serial ones have threads of their own; those of a concurrent one are the threads that Swift's tasks run on.
        var idle: [DispatchQueue]
    }

    private let pool: DatabasePool
    private let state: Mutex<State>

    init(_ pool: DatabasePool) {
        self.pool = pool
        state = Mutex(State(idle: (0..<pool.configuration.maximumReaderCount).map { DispatchQueue(label: "singer.store.read.\($0)") }))
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            run { pool in continuation.resume(with: Result { try pool.read(body) }) }
        }
    }

    private func run(_ read: @escaping @Sendable (DatabasePool) -> Void) {
        let queue = state.withLock { state in
            if state.idle.isEmpty { state.waiting.append(read) }
            return state.idle.popLast()
        }
        queue?.async { [self] in
            var next = Optional(read)
            while let read = next {
                read(pool)
                next = state.withLock { state in
                    if state.waiting.isEmpty {
                        if let queue { state.idle.append(queue) }
                        return nil
                    }
                    return state.waiting.removeFirst()
                }
            }
        }
    }
}
