internal import NIOCore
internal import NIOSSL
internal import SingerCore
internal import SingerWire

#if canImport(Glibc)
    import struct Glibc.linger
#elseif canImport(Musl)
    import struct Musl.linger
#elseif canImport(Darwin)
    import struct Darwin.linger
#endif

/// The end of a link's channel pipeline: frames out of bytes and bytes out of the output, pings, back-pressure, and one reason at
/// the end. Everything happens on the event loop of the channel.
final class LinkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Whether the socket may be read, and whether somebody asked to meanwhile.
    private enum Gate {
        case open
        case shut
        case shutAndAsked
    }

    private let tls: NIOSSLHandler
    private let output: LinkOutput
    private var ended: EventLoopPromise<CloseReason>?
    private let decoder = NIOSingleStepByteToMessageProcessor(FrameDecoder(), maximumBufferSize: FrameDecoder.bufferBytesMax)
    private var keepalive: Keepalive
    private var nextCheck: Scheduled<Void>?
    private var feed: LinkFrames.Feed?
    private var arrived: [ArrivedFrame] = []
    private var gate = Gate.open
    private var isDraining = false
    private var reason: CloseReason?
    private var context: ChannelHandlerContext?

    /// - Parameter ended: told, once, why the link closed, when its socket is closed too.
    init(tls: NIOSSLHandler, output: LinkOutput, timings: PeerTimings, ended: EventLoopPromise<CloseReason>) {
        self.tls = tls
        self.output = output
        self.ended = ended
        keepalive = Keepalive(timings, now: .now())
    }

    func deliver(to feed: LinkFrames.Feed) { self.feed = feed }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        check()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown: end(.closedThere)
        default: end(.failed(plainReason(error)))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reason == nil else { return }
        keepalive.heard(at: .now())
        do {
            try decoder.process(buffer: unwrapInboundIn(data)) { take($0) }
        } catch {
            end((error as? FrameError)?.closeReason ?? .malformed)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passOn()
        drain()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        switch gate {
        case .open: context.read()
        case .shut: gate = .shutAndAsked
        case .shutAndAsked: break
        }
    }

    // MARK: Frames in

    private func take(_ arrival: ArrivedFrame) {
        guard reason == nil else { return }
        switch arrival.frame.message {
        case .ping(let ping):
            var answer = WireFrame()
            answer.pong.token = ping.token
            queue(answer)
        // The bytes of a pong were the sign of life. A message without a name here is one of a later version.
        case .pong, nil: break
        case .hello, .have, .want, .entries, .record, .delivery, .received, .wantBody, .announce, .graft, .prune, .refer, .equivocation, .digest, .buckets:
            arrived.append(arrival)
        }
    }

    private func passOn() {
        guard !arrived.isEmpty, let feed else { return }
        let wantsMore = feed.put(arrived)
        arrived.removeAll(keepingCapacity: true)
        if !wantsMore, gate == .open {
            gate = .shut
            keepalive.stoppedReading()
        }
    }

    /// The reader has caught up.
    func resume() {
        keepalive.resumedReading(at: .now())
        check()
        openGate()
    }

    private func openGate() {
        let wasAsked = gate == .shutAndAsked
        gate = .open
        if wasAsked { context?.read() }
    }

    // MARK: Frames out

    private func queue(_ frame: WireFrame) {
        switch output.enqueue(frame) {
        case .queued, .wake, .closed: break
        case .full(let frames, let bytes): end(.queueFull(frames: frames, bytes: bytes))
        case .tooLarge(let bytes): end(.tooLargeToSend(bytes: bytes))
        }
    }

    /// Writes what waits, as far as the socket keeps up, in one flush.
    func drain() {
        output.awoke()
        guard reason == nil, let context, !isDraining else { return }
        isDraining = true
        while write(context, regardless: false) { context.flush() }
        isDraining = false
    }

    private func write(_ context: ChannelHandlerContext, regardless: Bool) -> Bool {
        var hasWritten = false
        while let chunk = output.next(regardless: regardless) {
            let written = context.eventLoop.makePromise(of: Void.self)
            let (bytes, frames) = (chunk.bytes.readableBytes, chunk.frames)
            written.futureResult.assumeIsolated().whenComplete { _ in
                self.output.wrote(bytes: bytes, frames: frames)
                self.keepalive.wrote(at: .now(), more: self.output.queued.bytes > 0)
                if !self.isDraining { self.drain() }
            }
            keepalive.waits(at: .now())
            context.write(wrapOutboundOut(chunk.bytes), promise: written)
            hasWritten = true
        }
        return hasWritten
    }

    // MARK: Signs of life

    private func check() {
        nextCheck?.cancel()
        guard let context else { return }
        while reason == nil {
            switch keepalive.check(at: .now()) {
            case .giveUp: return end(.silence)
            case .ping:
                var frame = WireFrame()
                frame.ping = WirePing()
                queue(frame)
                drain()
            case .wait(let time):
                nextCheck = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.check() }
                return
            }
        }
    }

    // MARK: The end

    /// Closes the link. Only the first reason counts.
    func end(_ why: CloseReason) {
        guard reason == nil, let context else { return }
        passOn()
        reason = why
        feed?.finish()
        feed = nil
        nextCheck?.cancel()
        output.close(dropping: !why.isGraceful)
        // From here on nothing that arrives is kept, but the other side's goodbye has to get through.
        openGate()
        if why.isGraceful {
            isDraining = true
            if write(context, regardless: true) { context.flush() }
            isDraining = false
            context.close(promise: nil)
        } else {
            abort(context)
        }
    }

    /// Closes the socket below TLS, which would wait for an answer, and has the kernel forget what it still holds for the other side.
    /// The reset that this sends reaches even a peer that does not read.
    private func abort(_ context: ChannelHandlerContext) {
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        if let socket = try? context.pipeline.syncOperations.context(handler: tls) {
            socket.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    private func finish() {
        if reason == nil {
            passOn()
            reason = .closedThere
        }
        guard let reason else { return }
        feed?.finish()
        feed = nil
        nextCheck?.cancel()
        output.close(dropping: true)
        ended?.succeed(reason)
        ended = nil
    }
}
