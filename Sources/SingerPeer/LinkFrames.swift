internal import NIOCore
public import SingerWire
internal import Synchronization

/// The frames that arrive over a link, in order, until it closes.
///
/// Read them in one task: a second iterator is a bug, and traps. While the reader lags behind by more than 256 KiB nothing is read
/// from the socket. A reader that stops (or whose task is cancelled) closes the link.
public struct LinkFrames: AsyncSequence, Sendable {
    typealias Producer = NIOAsyncSequenceProducer<ArrivedFrame, UnreadBytes, Delegate>

    private let producer: Producer
    private let unread: UnreadBytes
    private let delegate: Delegate

    /// Tells the link that its reader wants more, or is gone. Called on any thread.
    struct Delegate: NIOAsyncSequenceProducerDelegate {
        let onDemand: @Sendable () -> Void
        let onEnd: @Sendable () -> Void

        func produceMore() { onDemand() }
        func didTerminate() { onEnd() }
    }

    static func make(_ delegate: Delegate) -> (frames: LinkFrames, feed: Feed) {
        let unread = UnreadBytes()
        let new = Producer.makeSequence(backPressureStrategy: unread, finishOnDeinit: true, delegate: delegate)
        return (LinkFrames(producer: new.sequence, unread: unread, delegate: delegate), Feed(source: new.source, unread: unread))
    }

    /// The end into which the link puts what arrives.
    struct Feed {
        let source: Producer.Source
        let unread: UnreadBytes

        /// `false` when the reader has enough for now.
        func put(_ frames: [ArrivedFrame]) -> Bool {
            unread.add(frames.reduce(0) { $0 + $1.weight })
            switch source.yield(contentsOf: frames) {
            case .produceMore, .dropped: return true
            case .stopProducing: return false
            }
        }

        func finish() { source.finish() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: producer.makeAsyncIterator(), unread: unread, delegate: delegate) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let base: Producer.AsyncIterator
        let unread: UnreadBytes
        let delegate: Delegate

        /// The next frame; `nil` once the link is closed.
        @concurrent public mutating func next() async -> WireFrame? {
            guard let arrived = await base.next() else {
                // NIO does not tell its delegate when the task was cancelled before its first frame. Told twice does no harm.
                delegate.didTerminate()
                return nil
            }
            unread.add(-arrived.weight)
            return arrived.frame
        }
    }
}

/// Counts what a reader has not read yet. A count of frames would not do: one may be 4 bytes, another a million.
final class UnreadBytes: NIOAsyncSequenceProducerBackPressureStrategy {
    private let bytes = Atomic(0)

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    // With nothing buffered the reader waits, and whatever the count says it is about to fall.
    func didYield(bufferDepth: Int) -> Bool { bufferDepth == 0 || bytes.load(ordering: .relaxed) < PeerLimits.unreadBytesHigh }
    func didConsume(bufferDepth: Int) -> Bool { bufferDepth == 0 || bytes.load(ordering: .relaxed) <= PeerLimits.unreadBytesLow }
}
