internal import NIOCore
internal import NIOSSL
public import SingerCore
public import SingerWire

/// An authenticated, encrypted connection to one other peer, over which frames go both ways in order.
///
/// What the other side does ends the link at worst. A link whose last reference goes, or whose reader stops, closes.
public final class PeerLink: Sendable {
    /// The key that the other side proved to hold.
    public let remote: NodeKey
    /// Whether this side dialled.
    public let isDialled: Bool
    /// The IP address of the other side, as seen from here; empty when it is not known.
    public let remoteHost: String
    /// What arrives. Pings and pongs, and messages that this version does not know, are not among it.
    public let frames: LinkFrames

    private let output: LinkOutput
    private let handle: LinkHandle
    private let ended: EventLoopFuture<CloseReason>

    private init(remote: NodeKey, isDialled: Bool, frames: LinkFrames, output: LinkOutput, handle: LinkHandle, ended: EventLoopFuture<CloseReason>) {
        self.remote = remote
        self.isDialled = isDialled
        remoteHost = handle.channel.remoteAddress.map(Self.host) ?? ""
        self.frames = frames
        self.output = output
        self.handle = handle
        self.ended = ended
    }

    /// Queues a frame and returns at once. Frames arrive in the order in which they were sent.
    ///
    /// At most `Limits.linkQueueFramesMax` frames and `Limits.linkQueueBytesMax` bytes wait to be written; one more closes the link
    /// with `.queueFull`. A frame of over `Limits.frameBytesMax` closes it with `.tooLargeToSend`. A closed link drops frames.
    public func send(_ frame: WireFrame) {
        switch output.enqueue(frame) {
        case .queued, .closed: break
        case .wake: handle.drain()
        case .full(let frames, let bytes): handle.end(.queueFull(frames: frames, bytes: bytes))
        case .tooLarge(let bytes): handle.end(.tooLargeToSend(bytes: bytes))
        }
    }

    /// Returns when little waits to be sent (`SendQueue.hasRoom`), and at once when the link is closed or the task is cancelled.
    /// Whoever sends in bulk waits here before each frame, and so never fills the queue.
    public func room() async { await output.room() }

    /// What `send` took and the socket did not yet.
    public var queued: (frames: Int, bytes: Int) { output.queued }

    /// Whether `send` still takes frames. Says nothing of whether the other side is still there.
    public var isOpen: Bool { output.isOpen }

    /// Closes the link after what is queued has been written, waiting for the other side no longer than `PeerTimings.goodbye`.
    /// Only the first reason counts. `frames` ends at once.
    public func close(_ reason: String) { end(.closedHere(reason)) }

    /// Why the link closed, once it has. Cancelling the task does not end this wait.
    public var closed: CloseReason {
        get async {
            do {
                return try await ended.get()
            } catch {
                return .failed(plainReason(error))
            }
        }
    }

    /// Sets up both ends of a link on the event loop of its channel: the one that tasks hold, and the one in the pipeline.
    static func make(
        on channel: any Channel, tls: NIOSSLHandler, remote: NodeKey, isDialled: Bool, timings: PeerTimings
    ) -> (PeerLink, LinkHandler) {
        let ended = channel.eventLoop.makePromise(of: CloseReason.self)
        let output = LinkOutput()
        let handler = LinkHandler(tls: tls, output: output, timings: timings, ended: ended)
        let handle = LinkHandle(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        let (frames, feed) = LinkFrames.make(.init(onDemand: { handle.resume() }, onEnd: { handle.end(.notRead) }))
        handler.deliver(to: feed)
        let link = PeerLink(
            remote: remote, isDialled: isDialled, frames: frames, output: output, handle: handle, ended: ended.futureResult)
        return (link, handler)
    }

    func shutdown() { end(.shutdown) }

    /// What is sent from here on is dropped, though the event loop learns of the end a little later.
    private func end(_ reason: CloseReason) {
        output.close(dropping: false)
        handle.end(reason)
    }

    /// An IPv4 address that reached a listener for both families reads as one of IPv4.
    private static func host(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? ""
        return host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host
    }
}

/// Reaches a `LinkHandler` from any thread.
struct LinkHandle: Sendable {
    let channel: any Channel
    let handler: NIOLoopBound<LinkHandler>

    func drain() { channel.eventLoop.execute { handler.value.drain() } }
    func resume() { channel.eventLoop.execute { handler.value.resume() } }
    func end(_ reason: CloseReason) { channel.eventLoop.execute { handler.value.end(reason) } }
}
