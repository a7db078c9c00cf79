import Synchronization

/// Tells any number of streams that something changed. A stream that has not been read yet is told once.
final class ChangeBroadcast: Sendable {
    private struct State {
        var next = 0
        var streams: [Int: AsyncStream<Void>.Continuation] = [:]
        var isFinished = false
    }

    private let state = Mutex(State())

    func stream() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            guard !state.isFinished else { return nil }
            state.next += 1
            state.streams[state.next] = continuation
            return state.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.drop(id) }
        return stream
    }

    func send() {
        // Outside the lock: a stream that ends meanwhile takes it.
        for continuation in state.withLock({ Array($0.streams.values) }) { continuation.yield() }
    }

    func finish() {
        let streams = state.withLock { state in
            state.isFinished = true
            defer { state.streams = [:] }
            return Array(state.streams.values)
        }
        for continuation in streams { continuation.finish() }
    }

    private func drop(_ id: Int) { _ = state.withLock { $0.streams.removeValue(forKey: id) } }
}
