internal import NIOCore
internal import NIOSSL

/// Between a connection and its session; both live on one event loop, so that a line which needs nothing from elsewhere is read,
/// carried out and answered without waiting for anything.
///
/// Little more is read while the session has not looked at what was (`Session.chunksMax`): that bounds what is held for a client that sends
/// faster than it is answered.
final class SessionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Ends the input of a channel, as if the client had closed its half, so that a session that waits for a line goes on to its end.
    struct EndOfInput: Sendable {}

    let output: ClientOutput
    /// Until the connection is gone.
    private var session: Session?
    private var context: ChannelHandlerContext?
    /// Whether the session wants what the client sends; until then it waits with the client's machine.
    var isReading = true {
        didSet { if isReading != oldValue { try? context?.channel.syncOptions?.setOption(.autoRead, value: isReading) } }
    }

    init(output: ClientOutput) {
        self.output = output
    }

    func serve(_ session: Session) { self.session = session }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        output.attach(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        output.detach()
        endInput(isLost: true)
        session = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        session?.assumeIsolated { $0.received(bytes) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        output.writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed as ChannelEvent, is EndOfInput: endInput(isLost: false)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        output.detach()
        endInput(isLost: true)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A TLS client that closed its half of the socket without a word is still answered, but for what it may not have said to its end.
        if case NIOSSLError.uncleanShutdown = error {
            session?.assumeIsolated { $0.dropUnfinishedLine() }
            return
        }
        endInput(isLost: true)
        context.close(promise: nil)
    }

    private func endInput(isLost: Bool) {
        session?.assumeIsolated { $0.inputEnded(isLost: isLost) }
    }
}
