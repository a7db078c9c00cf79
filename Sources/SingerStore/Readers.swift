internal import Dispatch
internal import GRDB
internal import Synchronization

/// Reads out of snapshots, a few at a time, each on a thread that may wait for the disk. The way there and back is one change of threads each: GRDB's
/// own takes four, which cost more than most of what is read.
final class Readers: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var running = 0
    }

    private let pool: DatabasePool
    private let queue = DispatchQueue(label: "singer.store.read", attributes: .concurrent)
    private let state = Mutex(State())

    init(_ pool: DatabasePool) { self.pool = pool }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            read(body) { continuation.resume(with: $0) }
        }
    }

    /// - Parameter finish: called when the snapshot is let go.
    func read<Value>(_ body: @escaping @Sendable (Database) throws -> Value, finish: @escaping @Sendable (Result<Value, any Error>) -> Void) {
        run { [pool] in finish(Result { try pool.read(body) }) }
    }

    private func run(_ read: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state in
            guard state.running < pool.configuration.maximumReaderCount else {
                state.waiting.append(read)
                return false
            }
            state.running += 1
            return true
        }
        guard starts else { return }
        queue.async { [self] in
            var next = Optional(read)
            while let read = next {
                read()
                next = state.withLock { state in
                    if state.waiting.isEmpty {
                        state.running -= 1
                        return nil
                    }
                    return state.waiting.removeFirst()
                }
            }
        }
    }
}
