import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

@testable import SingerGateway
@testable import SingerNode

/// The one place where the tests of the gateway make a node.
func makeNode() -> Node { Node() }

/// Runs a gateway on a free port as long as `body` takes, then shuts it down.
func withGateway(
    _ configuration: GatewayConfiguration = GatewayConfiguration(), sessionsMax: Int = 100, _ body: (LiveGateway) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.port = 0
    var logger = Logger(label: "gateway")
    logger.logLevel = .error
    let gateway = Gateway(
        configuration: configuration, node: makeNode(), group: MultiThreadedEventLoopGroup.singleton, logger: logger,
        connections: Connections(max: sessionsMax))
    let port = try await gateway.bind()
    let services = ServiceGroup(services: [gateway], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        do {
            try await body(LiveGateway(port: port, services: services))
        } catch {
            await services.triggerGracefulShutdown()
            throw error
        }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
    }
}

struct LiveGateway: Sendable {
    let port: Int
    let services: ServiceGroup

    /// Connects as `nc` does, and closes when `body` is done.
    func connect(tls: Bool = false, _ body: (inout LiveClient) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        var settings = TLSConfiguration.makeClientConfiguration()
                        settings.certificateVerification = .none
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: NIOSSLContext(configuration: settings), serverHostname: nil))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var client = LiveClient(input: inbound.makeAsyncIterator(), outbound: outbound)
            try await body(&client)
        }
    }

    /// What the server says to these bytes up to its end, as with `printf … | nc -N`.
    func converse(_ text: String, halfClose: Bool = true, tls: Bool = false) async throws -> String {
        var said = ""
        try await connect(tls: tls) { client in
            try await client.send(text)
            if halfClose { client.outbound.finish() }
            said = try await client.rest()
        }
        return said
    }
}

struct LiveClient {
    /// Used by one test, in one task.
    private nonisolated(unsafe) var input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var unread = ""

    init(input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.input = input
        self.outbound = outbound
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// The next line with its ending, or what there is when the server closes.
    mutating func line() async throws -> String {
        while true {
            if let end = unread.unicodeScalars.firstIndex(of: "\n") {
                let after = unread.unicodeScalars.index(after: end)
                defer { unread = String(unread[after...]) }
                return String(unread[..<after])
            }
            guard let bytes = try await input.next() else {
                defer { unread = "" }
                return unread
            }
            unread += String(buffer: bytes)
        }
    }

    /// Everything up to the end.
    mutating func rest() async throws -> String {
        while let bytes = try await input.next() { unread += String(buffer: bytes) }
        return unread
    }
}
