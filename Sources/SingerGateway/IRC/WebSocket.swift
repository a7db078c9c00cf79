internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NIOWebSocket
internal import SingerCore

/// What became of a connection to the WebSocket port.
enum WebSocketUpgrade: Sendable {
    case upgraded(Session)
    case refused
}

extension Gateway {
    /// IRCv3 websocket: each message is one line, without its CRLF; `text.ircv3.net` or `binary.ircv3.net`, as the client prefers.
    static func listenForWebSockets(
        _ webSocket: GatewayConfiguration.WebSocket, _ gateway: Gateway, on eventLoop: any EventLoop
    ) async throws(GatewayError) -> NIOAsyncChannel<EventLoopFuture<WebSocketUpgrade>, Never> {
        let configuration = gateway.configuration
        let tls = try tlsContext(configuration)
        let origins = webSocket.origins
        return try await listen(webSocket.host, webSocket.port, configuration, on: eventLoop) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                // Who asks for nothing is not waited for.
                let timeout = channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
                let upgrader = NIOTypedWebSocketServerUpgrader<WebSocketUpgrade>(
                    maxFrameSize: Limits.lineBytesMax * 2,
                    shouldUpgrade: { channel, head in
                        channel.eventLoop.makeSucceededFuture(isAllowed(head, origins) ? protocolHeader(head) : nil)
                    },
                    upgradePipelineHandler: { channel, head in
                        channel.eventLoop.makeCompletedFuture {
                            timeout.cancel()
                            try channel.pipeline.syncOperations.addHandler(WebSocketLines(isBinary: chosenProtocol(head) == "binary.ircv3.net"))
                            return .upgraded(try gateway.session(of: channel))
                        }
                    })
                return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                    configuration: .init(
                        upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(upgraders: [upgrader]) { channel in
                            timeout.cancel()
                            return refuse(channel)
                        }))
            }
        }
    }

    private static func refuse(_ channel: any Channel) -> EventLoopFuture<WebSocketUpgrade> {
        let head = HTTPResponseHead(version: .http1_1, status: .upgradeRequired, headers: ["connection": "close", "content-length": "0"])
        return channel.writeAndFlush(HTTPServerResponsePart.head(head)).flatMap { channel.writeAndFlush(HTTPServerResponsePart.end(nil)) }
            .flatMap { channel.close() }.map { .refused }.flatMapErrorThrowing { _ in .refused }
    }

    /// A browser tells which page asks; other programs don't.
    private static func isAllowed(_ head: HTTPRequestHead, _ origins: Set<String>) -> Bool {
        head.headers["origin"].allSatisfy { origins.contains($0) }
    }

    private static func chosenProtocol(_ head: HTTPRequestHead) -> String? {
        head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init).first { $0 == "text.ircv3.net" || $0 == "binary.ircv3.net" }
    }

    private static func protocolHeader(_ head: HTTPRequestHead) -> HTTPHeaders {
        chosenProtocol(head).map { ["Sec-WebSocket-Protocol": $0] } ?? [:]
    }
}

/// Makes lines of frames, and frames of lines.
final class WebSocketLines: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    private let isBinary: Bool
    /// Of a message in several frames.
    private var message = ByteBuffer()

    init(isBinary: Bool) {
        self.isBinary = isBinary
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary, .continuation:
            guard message.readableBytes + frame.data.readableBytes <= 2 * Limits.lineBytesMax else { return context.close(promise: nil) }
            var piece = frame.unmaskedData
            message.writeBuffer(&piece)
            guard frame.fin else { return }
            message.writeInteger(UInt8(ascii: "\n"))
            context.fireChannelRead(wrapInboundOut(message))
            message = ByteBuffer()
        // Who asks and does not read is not answered: answers that nobody takes would pile up.
        case .ping where !context.channel.isWritable: break
        case .ping:
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose:
            let answer = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        default:
            break
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        guard bytes.readableBytes > 0 else {
            context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: ByteBuffer())), promise: promise)
            return
        }
        while bytes.readableBytes > 0 {
            let length = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map { $0 - bytes.readerIndex + 1 } ?? bytes.readableBytes
            guard var line = bytes.readSlice(length: length) else { break }
            while let last = line.readableBytesView.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
                line.moveWriterIndex(to: line.writerIndex - 1)
            }
            let frame = WebSocketFrame(fin: true, opcode: isBinary ? .binary : .text, data: line)
            context.write(wrapOutboundOut(frame), promise: bytes.readableBytes == 0 ? promise : nil)
        }
    }
}
