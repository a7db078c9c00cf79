internal import NIOCore

/// Sends, at the end of each turn of an event loop, what was queued in it for all its connections.
final class OutboxTurn: Sendable {
    /// Lives on the event loop.
    private final class Queue {
        var outboxes: [Outbox] = []
    }

    private let eventLoop: any EventLoop
    private let queue: NIOLoopBoundBox<Queue>

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        queue = .makeBoxSendingValue(Queue(), eventLoop: eventLoop)
    }

    func add(_ outbox: Outbox) {
        let queue = queue.value
        queue.outboxes.append(outbox)
        if queue.outboxes.count == 1 { eventLoop.execute { self.flush() } }
    }

    private func flush() {
        let queue = queue.value
        let outboxes = queue.outboxes
        queue.outboxes = []
        for outbox in outboxes { outbox.flush() }
    }
}
