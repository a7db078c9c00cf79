internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import SingerCore

/// What came of a handshake that gave no link.
enum HandshakeFailure: Error {
    case timedOut
    case wrongKey(found: NodeKey)
    /// The other side went away, or was sent away to make room.
    case closed
    case failed(String)
}

/// Whom the other side proved to be. Belongs to one event loop.
final class RemoteIdentity {
    private let expected: NodeKey?
    private(set) var proven: NodeKey?
    private(set) var unexpected: NodeKey?

    init(expecting expected: NodeKey?) { self.expected = expected }

    /// Judges a certificate chain. BoringSSL checks, whatever this says, that the other side holds the key of its first certificate.
    func judge(_ chain: [NIOSSLCertificate], _ verdict: EventLoopPromise<NIOSSLVerificationResult>) {
        guard let leaf = chain.first, let key = NodeKey(certificate: leaf) else { return verdict.succeed(.failed) }
        guard expected == nil || expected == key else {
            unexpected = key
            return verdict.succeed(.failed)
        }
        proven = key
        verdict.succeed(.certificateVerified)
    }
}

/// Waits behind the TLS handler until the other side has shown who it is, then gives its place to a `LinkHandler`.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let tls: NIOSSLHandler
    private let identity: RemoteIdentity
    private let isDialled: Bool
    private let timings: PeerTimings
    private var deadline: Scheduled<Void>?
    /// Completed exactly once, whatever happens.
    private var outcome: EventLoopPromise<PeerLink>?

    init(tls: NIOSSLHandler, identity: RemoteIdentity, isDialled: Bool, timings: PeerTimings, outcome: EventLoopPromise<PeerLink>) {
        self.tls = tls
        self.identity = identity
        self.isDialled = isDialled
        self.timings = timings
        self.outcome = outcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { startClock(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        startClock(context)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event { open(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard outcome != nil else { return context.fireErrorCaught(error) }
        fail(identity.unexpected.map { .wrongKey(found: $0) } ?? .failed(plainReason(error)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.closed)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { fail(.closed) }

    /// Called in place of the above when the channel closed before this handler was in its pipeline.
    func handlerNotAdded() { fail(.closed) }

    private func startClock(_ context: ChannelHandlerContext) {
        guard deadline == nil, outcome != nil else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timings.handshake)) {
            guard self.outcome != nil else { return }
            self.fail(.timedOut)
            context.close(promise: nil)
        }
    }

    private func open(_ context: ChannelHandlerContext) {
        guard let outcome else { return }
        // A resumed session brings no certificate; peers are told apart by nothing else, so it is no use here.
        guard let remote = identity.proven else {
            fail(.failed("it did not present a certificate"))
            return context.close(promise: nil)
        }
        let (link, handler) = PeerLink.make(on: context.channel, tls: tls, remote: remote, isDialled: isDialled, timings: timings)
        do {
            try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
        } catch {
            fail(.closed)
            return context.close(promise: nil)
        }
        settle()
        outcome.succeed(link)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func fail(_ failure: HandshakeFailure) {
        guard let outcome else { return }
        settle()
        outcome.fail(failure)
    }

    private func settle() {
        outcome = nil
        deadline?.cancel()
        deadline = nil
    }
}
