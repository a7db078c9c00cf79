import NIOCore
import NIOPosix
import SingerCore
import SingerPeer
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized)
struct DialTests {
    @Test func `a dial that expects another key is refused`() async throws {
        try await withPeers { peers in
            let expected = NodeSecret().publicKey
            let error = PeerError.wrongKey(try peers.endpoint(), expected: expected, found: peers.b.key)
            await #expect(throws: error) { try await peers.a.dial(peers.endpoint(), expecting: expected) }
            #expect(peers.a.linkCount == 0 && peers.b.linkCount == 0)
        }
    }

    @Test func `a name can be dialled`() async throws {
        try await withPeers { peers in
            let link = try await peers.a.dial(peers.endpoint(host: "localhost"), expecting: peers.b.key)
            #expect(link.remote == peers.b.key)
        }
    }

    @Test(.enabled(if: hasIPv6)) func `an IPv6 address can be dialled`() async throws {
        try await withPeers(host: "::1") { peers in
            let link = try await peers.a.dial(peers.endpoint(host: "::1"), expecting: peers.b.key)
            #expect(link.remoteHost == "::1")
            #expect(try await peers.b.nextLink().remoteHost == "::1")
        }
    }

    @Test(.enabled(if: hasIPv6)) func `a listener for both families shows IPv4 addresses as such`() async throws {
        try await withPeers(host: "::") { peers in
            let (a, b) = try await peers.link()
            #expect(a.isOpen && b.remoteHost == "127.0.0.1")
        }
    }

    @Test func `a port in use is a clear error`() async throws {
        try await withPeers { peers in
            let error = PeerError.portInUse(host: "127.0.0.1", port: peers.port)
            await #expect(throws: error) { try await peers.a.listen(host: "127.0.0.1", port: peers.port) }
            #expect("\(error)" == "port \(peers.port) on 127.0.0.1 is already in use")
        }
    }

    @Test func `an address of another machine cannot be listened on`() async throws {
        try await withPeers { peers in
            await #expect(throws: PeerError.cannotListen(host: "192.0.2.1", port: 0, reason: "cannot assign requested address")) {
                try await peers.a.listen(host: "192.0.2.1", port: 0)
            }
        }
    }

    @Test func `a name that does not exist is a clear error`() async throws {
        try await withPeers { peers in
            let endpoint = try loopback(port: 1, host: "nowhere.invalid")
            await #expect(throws: PeerError.unreachable(endpoint, reason: "the name nowhere.invalid has no address")) {
                try await peers.a.dial(endpoint)
            }
        }
    }

    @Test func `a listener that never answers is given up`() async throws {
        var timings = PeerTimings()
        timings.handshake = .milliseconds(100)
        try await withPeers(timings) { peers in
            let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
            let endpoint = try loopback(port: mute.localAddress?.port ?? 0)
            await #expect(throws: PeerError.handshakeTimedOut(endpoint)) { try await peers.a.dial(endpoint) }
            try await mute.close()
        }
    }

    @Test func `what answers with something else is no peer`() async throws {
        try await withPeers { peers in
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(MailServer()) }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let endpoint = try loopback(port: server.localAddress?.port ?? 0)
            await #expect(throws: PeerError.handshakeFailed(endpoint, reason: "TLS failed, wrong version number")) {
                try await peers.a.dial(endpoint)
            }
            try await server.close()
        }
    }
}

private final class MailServer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 mail.example.org ESMTP\r\n")), promise: nil)
    }
}

/// Whether this machine has `::1`.
let hasIPv6: Bool = {
    let listener = try? ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "::1", port: 0).wait()
    defer { listener?.close(promise: nil) }
    return listener != nil
}()
