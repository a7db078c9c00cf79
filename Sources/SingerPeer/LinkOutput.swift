internal import NIOCore
internal import SingerCore
internal import SingerWire
internal import Synchronization

internal import struct Foundation.Data

/// The thread-safe face of a `SendQueue`: any task puts frames in, the event loop of the link takes chunks out.
final class LinkOutput: Sendable {
    enum Outcome {
        case queued
        /// Queued, and the event loop has to be woken to write it.
        case wake
        case full(frames: Int, bytes: Int)
        case tooLarge(bytes: Int)
        /// The link is closed; the frame was dropped.
        case closed
    }

    private struct State {
        var queue = SendQueue()
        var isOpen = true
        var isWoken = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var waitersMade: UInt64 = 0

        mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
            guard !waiters.isEmpty, !isOpen || queue.hasRoom else { return [] }
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let state = Mutex(State())

    func enqueue(_ frame: WireFrame) -> Outcome {
        let payload = frame.encoded
        // A frame without a message says nothing, and on the wire it would be no frame.
        guard !payload.isEmpty else { return .queued }
        guard payload.count <= Limits.frameBytesMax else { return .tooLarge(bytes: payload.count) }
        return state.withLock { state in
            guard state.isOpen else { return .closed }
            guard state.queue.append(payload) else {
                let (frames, bytes) = (state.queue.frames, state.queue.bytes)
                state.isOpen = false
                return .full(frames: frames, bytes: bytes)
            }
            // While enough is in flight, its completion is what brings the event loop back here.
            guard !state.isWoken, state.queue.isWritable else { return .queued }
            state.isWoken = true
            return .wake
        }
    }

    var queued: (frames: Int, bytes: Int) { state.withLock { ($0.queue.frames, $0.queue.bytes) } }

    var isOpen: Bool { state.withLock { $0.isOpen } }

    // MARK: For the event loop

    /// Called when the event loop begins to write: what is queued from now on wakes it again.
    func awoke() { state.withLock { $0.isWoken = false } }

    func next(regardless: Bool = false) -> SendQueue.Chunk? { state.withLock { $0.queue.next(regardless: regardless) } }

    func wrote(bytes: Int, frames: Int) {
        let waiters = state.withLock { state in
            state.queue.wrote(bytes: bytes, frames: frames)
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Takes no more frames; what is queued can still be taken out, unless it is dropped.
    func close(dropping: Bool) {
        let waiters = state.withLock { state in
            state.isOpen = false
            if dropping { state.queue.drop() }
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Waiting for room

    /// Returns when little waits (`SendQueue.hasRoom`), the output is closed, or the task is cancelled.
    func room() async {
        let ticket = state.withLock { state in
            state.waitersMade += 1
            return state.waitersMade
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.isOpen, !state.queue.hasRoom, !Task.isCancelled else { return true }
                    state.waiters[ticket] = continuation
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }
}
