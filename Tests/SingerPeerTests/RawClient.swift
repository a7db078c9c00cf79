import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SingerCore

@testable import SingerPeer

/// A connection that says whatever a test wants said, with TLS or without.
struct RawClient {
    let channel: any Channel
    private let handshake: EventLoopFuture<Void>

    /// - Parameter tls: `nil` for plain TCP.
    init(port: Int, tls: NIOSSLContext? = nil) async throws {
        let handshakeDone = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil) { _, verdict in
                            verdict.succeed(.certificateVerified)
                        }
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(Watcher(done: handshakeDone))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        handshake = handshakeDone.futureResult
    }

    /// Throws when the handshake failed, or the connection was closed before it was done.
    func handshook() async throws { try await handshake.get() }

    func send(_ bytes: some Sequence<UInt8>) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    func closed() async throws { try await channel.closeFuture.get() }

    private final class Watcher: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let done: EventLoopPromise<Void>

        init(done: EventLoopPromise<Void>) { self.done = done }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? TLSUserEvent, case .handshakeCompleted = event { done.succeed() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            done.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { done.fail(ChannelError.eof) }
    }
}

extension TLSConfiguration {
    /// What a peer has, ready to be spoilt by a test.
    static func peer(_ secret: NodeSecret = NodeSecret()) throws -> TLSConfiguration {
        try NodeCertificate(secret, timings: PeerTimings()).context.client.configuration
    }
}
