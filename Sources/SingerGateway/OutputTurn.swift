internal import NIOCore

/// Sends, at the end of each turn of an event loop, what was queued in it for all its connections.
final class OutputTurn: Sendable {
    /// Lives on the event loop.
    private final class Queue {
        var outputs: [ClientOutput] = []
        /// Memory that the next outputs write to.
        var spares: [ByteBuffer] = []
    }

    /// As many sessions as are answered in a lively turn, and as much as most are answered with.
    private static let sparesMax = 64
    private static let spareBytesMax = 4 << 10

    private let eventLoop: any EventLoop
    private let queue: NIOLoopBoundBox<Queue>

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        queue = .makeBoxSendingValue(Queue(), eventLoop: eventLoop)
    }

    func add(_ output: ClientOutput) {
        let queue = queue.value
        queue.outputs.append(output)
        if queue.outputs.count == 1 { eventLoop.execute { self.flush() } }
    }

    /// An empty buffer.
    func borrow() -> ByteBuffer { queue.value.spares.popLast() ?? ByteBuffer() }

    /// Keeps the memory of a buffer that is empty, and that nobody else has.
    func giveBack(_ buffer: inout ByteBuffer) {
        let queue = queue.value
        guard buffer.readableBytes == 0, buffer.capacity <= Self.spareBytesMax, queue.spares.count < Self.sparesMax else { return }
        buffer.clear()
        queue.spares.append(buffer)
        buffer = ByteBuffer()
    }

    private func flush() {
        let queue = queue.value
        let outputs = queue.outputs
        queue.outputs = []
        for output in outputs { output.flush() }
    }
}
