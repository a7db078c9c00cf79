internal import NIOCore

/// Runs tasks on an event loop wherever no actor says otherwise.
///
/// A task that waits for a continuation goes on in the pool, and only from there back to its actor; with this as its preference it goes on at once where
/// its connection is served: two changes of threads fewer each time it is woken.
final class LoopTasks: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
