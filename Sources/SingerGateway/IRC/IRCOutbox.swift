internal import NIOCore
internal import Synchronization

/// What waits to be sent to one client. One write is under way at a time; what comes meanwhile goes out together, in the next.
final class IRCOutbox: Sendable {
    private struct State {
        var pending = ByteBuffer()
        var isWriting = false
        var isCut = false
        var whenEmpty: [EventLoopPromise<Void>] = []
    }

    let channel: any Channel
    private let state = Mutex(State())

    init(channel: any Channel) {
        self.channel = channel
    }

    /// Queues bytes. `drain` sends them.
    ///
    /// - Returns: whether there was room; a client without any does not read, and is cut.
    func append(_ bytes: ByteBuffer) -> Bool {
        state.withLock { state in
            guard !state.isCut else { return true }
            guard state.pending.readableBytes + bytes.readableBytes <= IRCLimits.sendQueueBytesMax else {
                state.isCut = true
                state.pending = ByteBuffer()
                return false
            }
            state.pending.writeImmutableBuffer(bytes)
            return true
        }
    }

    /// Sends what is queued, on the channel's event loop.
    func drain() {
        let bytes = state.withLock { state -> ByteBuffer? in
            guard !state.isWriting, state.pending.readableBytes > 0 else { return nil }
            state.isWriting = true
            defer { state.pending = ByteBuffer() }
            return state.pending
        }
        guard let bytes else { return }
        channel.writeAndFlush(bytes).whenComplete { _ in
            let (waiting, hasMore) = self.state.withLock { state -> ([EventLoopPromise<Void>], Bool) in
                state.isWriting = false
                let hasMore = state.pending.readableBytes > 0
                defer { if !hasMore { state.whenEmpty = [] } }
                return (hasMore ? [] : state.whenEmpty, hasMore)
            }
            for promise in waiting { promise.succeed() }
            if hasMore { self.drain() }
        }
    }

    /// Waits until everything queued was handed to the client's machine, or the connection is gone.
    func flush() async {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let isEmpty = state.withLock { state in
            if !state.isWriting, state.pending.readableBytes == 0 { return true }
            state.whenEmpty.append(promise)
            return false
        }
        if isEmpty { promise.succeed() } else { channel.eventLoop.execute { self.drain() } }
        try? await promise.futureResult.get()
    }

    /// Says why, and closes: the client does not read, so nothing is waited for.
    func cut(_ line: String) {
        channel.writeAndFlush(ByteBuffer(string: line), promise: nil)
        channel.close(promise: nil)
    }
}
