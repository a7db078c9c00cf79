internal import NIOCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// What waits to be sent over one connection. Lives on the connection's event loop.
///
/// What comes within one turn of the loop leaves at its end, in one write: a write is a system call, and costs more than all
/// else that is done for a line. What the client's machine does not take waits here, and is bounded.
final class ClientOutput {
    /// Bytes for several clients, rendered once. They grow as long as they were sent to nobody.
    final class Shared {
        fileprivate(set) var bytes = ByteBuffer()
        fileprivate(set) var isSent = false

        var isEmpty: Bool { bytes.readableBytes == 0 }

        func append(_ write: (inout ByteBuffer) -> Void) {
            precondition(!isSent, "who was sent these bytes would not see what is added")
            write(&bytes)
        }
    }

    private enum Piece {
        case own(ByteBuffer)
        case shared(Shared)

        func sending() -> ByteBuffer {
            switch self {
            case .own(let bytes): return bytes
            case .shared(let shared):
                shared.isSent = true
                return shared.bytes
            }
        }
    }

    /// Beyond this a session that can wait does so, until the client has read.
    private static let comfortableBytes = 64 << 10

    private let turn: OutputTurn
    /// Where nothing stands between this and the client, bytes are given to the socket at once: the way through a channel costs as much again.
    private let socket: NIOBSDSocket.Handle?
    /// Writes that the channel has not finished, of those it has because the socket did not take them at once.
    private var underWay = 0
    private var context: ChannelHandlerContext?

    /// In the order in which they are sent; `tail` comes after them.
    private var pieces: [Piece] = []
    private var tail = ByteBuffer()
    /// Of `pieces`, when they were added.
    private var piecesBytes = 0
    /// What waits until the client has taken what it was sent before.
    private var backlog = ByteBuffer()
    private var isQueued = false
    private(set) var isCut = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var calledBack: [() -> Void] = []
    private var bytesMax = Int.max
    private var whenOverrun: (() -> Void)?

    /// - Parameter socket: of the channel, if what is written to it is sent as it is.
    init(turn: OutputTurn, socket: NIOBSDSocket.Handle? = nil) {
        self.turn = turn
        self.socket = socket
    }

    /// For clients that are sent things whether or not they read: from now on, one who has not read that much is sent nothing more.
    ///
    /// - Parameter whenOverrun: called once, at the end of the turn in which that happens.
    func limit(_ bytesMax: Int, whenOverrun: @escaping () -> Void) {
        self.bytesMax = bytesMax
        self.whenOverrun = whenOverrun
    }

    // MARK: What is sent

    func append(_ text: String) {
        guard makeTail(text.utf8.count) else { return }
        tail.writeString(text)
    }

    func append(_ bytes: ByteBuffer) {
        guard makeTail(bytes.readableBytes) else { return }
        tail.writeImmutableBuffer(bytes)
    }

    func append(_ write: (inout ByteBuffer) -> Void) {
        guard makeTail(0) else { return }
        write(&tail)
        if backlog.readableBytes + piecesBytes + tail.readableBytes > bytesMax { overrun() }
    }

    func append(_ shared: Shared) {
        guard makeRoom(shared.bytes.readableBytes) else { return }
        seal()
        pieces.append(.shared(shared))
        piecesBytes += shared.bytes.readableBytes
    }

    private func makeTail(_ bytes: Int) -> Bool {
        guard makeRoom(bytes) else { return false }
        if tail.capacity == 0 { tail = turn.borrow() }
        return true
    }

    private func makeRoom(_ bytes: Int) -> Bool {
        guard !isCut else { return false }
        if !isQueued {
            isQueued = true
            turn.add(self)
        }
        guard backlog.readableBytes + piecesBytes + tail.readableBytes + bytes <= bytesMax else {
            overrun()
            return false
        }
        return true
    }

    private func seal() {
        guard tail.readableBytes > 0 else { return }
        piecesBytes += tail.readableBytes
        pieces.append(.own(tail))
        tail = ByteBuffer()
    }

    private func overrun() {
        isCut = true
        discard()
        if !isQueued {
            isQueued = true
            turn.add(self)
        }
    }

    private func discard() {
        pieces = []
        piecesBytes = 0
        tail = ByteBuffer()
        backlog = ByteBuffer()
    }

    /// Sends what is queued, or as much as the client takes.
    func flush() {
        isQueued = false
        if isCut, let whenOverrun {
            self.whenOverrun = nil
            return whenOverrun()
        }
        guard let context else { return discard() }
        if pieces.isEmpty {
            guard tail.readableBytes > 0 else { return }
            var bytes = tail
            tail = ByteBuffer()
            send(&bytes, context)
            return turn.giveBack(&bytes)
        }
        seal()
        if pieces.count == 1 {
            var bytes = pieces[0].sending()
            send(&bytes, context)
        } else if backlog.readableBytes == 0, context.channel.isWritable {
            for piece in pieces.dropLast() { context.write(NIOAny(piece.sending()), promise: nil) }
            for piece in pieces.suffix(1) { context.writeAndFlush(NIOAny(piece.sending()), promise: written(context)) }
        } else {
            for piece in pieces { backlog.writeImmutableBuffer(piece.sending()) }
        }
        pieces.removeAll(keepingCapacity: true)
        piecesBytes = 0
        if backlog.readableBytes > bytesMax { overrun() }
    }

    /// Sends bytes, or keeps them. What is left of them was given to the channel.
    private func send(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        // As long as the channel has nothing left to send, it has room.
        guard backlog.readableBytes == 0, (socket != nil && underWay == 0) || context.channel.isWritable else {
            backlog.writeImmutableBuffer(bytes)
            return
        }
        sendAtOnce(&bytes)
        if bytes.readableBytes > 0 { context.writeAndFlush(NIOAny(bytes), promise: written(context)) }
    }

    /// Takes from `bytes` what the socket takes. If it takes nothing, or is gone, the channel finds out why.
    private func sendAtOnce(_ bytes: inout ByteBuffer) {
        // A channel that closes its socket detaches its handler before anything else runs: as long as there is a context, the number is that of its socket.
        guard let socket, underWay == 0 else { return }
        let count = bytes.withUnsafeReadableBytes { Self.send(socket, $0) }
        if count > 0 { bytes.moveReaderIndex(forwardBy: count) }
    }

    private static func send(_ socket: NIOBSDSocket.Handle, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        #else
            // A socket of NIO's does not wait, and raises no signal.
            Darwin.send(socket, bytes.baseAddress, bytes.count, 0)
        #endif
    }

    /// Counts a write that the channel has until it has finished: nothing overtakes it.
    private func written(_ context: ChannelHandlerContext) -> EventLoopPromise<Void>? {
        guard socket != nil else { return nil }
        underWay += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.underWay -= 1 }
        return promise
    }

    /// Says why, and closes: the client does not read, so nothing is waited for.
    func cut(_ line: String) {
        isCut = true
        discard()
        context?.writeAndFlush(NIOAny(ByteBuffer(string: line)), promise: nil)
        context?.close(promise: nil)
    }

    // MARK: Waiting

    /// Whether the client reads as fast as it is sent to.
    var hasRoom: Bool {
        piecesBytes + tail.readableBytes < Self.comfortableBytes && backlog.readableBytes == 0 && context?.channel.isWritable != false
    }

    /// Waits until the client has read, or is gone.
    func room() async {
        flush()
        await wait { self.context == nil || self.hasRoom }
    }

    /// The same without waiting: `body` is called in this turn or in a later one.
    func whenRoom(_ body: @escaping () -> Void) {
        flush()
        if context == nil || hasRoom { body() } else { calledBack.append(body) }
    }

    /// Waits until everything was handed to the client's machine, or the connection is gone.
    func drained() async {
        flush()
        await wait { self.context == nil || self.backlog.readableBytes == 0 }
        guard let context else { return }
        try? await context.channel.writeAndFlush(ByteBuffer()).get()
    }

    /// Asked last where nothing can come between the answer and the wait.
    private func wait(until isOver: () -> Bool) async {
        while !isOver() {
            await withCheckedContinuation { if isOver() { $0.resume() } else { waiting.append($0) } }
        }
    }

    // MARK: What the channel tells

    func attach(_ context: ChannelHandlerContext) { self.context = context }

    func detach() {
        context = nil
        discard()
        wake()
    }

    func writabilityChanged() {
        guard let context, context.channel.isWritable else { return }
        if backlog.readableBytes > 0 {
            let bytes = backlog
            backlog = ByteBuffer()
            context.writeAndFlush(NIOAny(bytes), promise: written(context))
        }
        wake()
    }

    private func wake() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
        let called = calledBack
        calledBack = []
        for body in called { body() }
    }
}
