internal import NIOCore

/// Runs on an event loop what of a task is of no actor: its waits above all.
///
/// A task that is resumed goes on in the pool, and only from there back to its actor; with this as its preference it goes on at once where connections are
/// served: two changes of threads fewer each time. Two things are to be minded under it:
/// - The way to an actor on the event loop is a turn of the loop, even from there. What was looked at before it may have changed: look again
///   where you begin to wait, inside the body of the continuation.
/// - An actor without an executor of its own that is entered comes to run on the loop, with whatever else it has to do, and so does what is
///   `@concurrent`: a post would wait for the disk there. Do not.
final class LoopTasks: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
