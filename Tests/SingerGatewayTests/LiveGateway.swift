import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import SingerCore
import SingerDHT
import SingerNode
import SingerPeer
import SingerStore

@testable import SingerGateway

/// A node that is alone in its network unless it is given one, with a data directory of its own as long as `body` takes, unless it is given one.
func withNode(
    in given: String? = nil, network: InMemoryNetwork = InMemoryNetwork(), clock: @escaping @Sendable () -> Milliseconds = Node.systemClock,
    _ body: (Node) async throws -> Void
) async throws {
    let folder = given ?? FileManager.default.temporaryDirectory.appending(path: "singer-gateway-\(UUID())").path
    defer { if given == nil { try? FileManager.default.removeItem(atPath: folder) } }
    let store = try Store(directory: folder)
    let secret = try await Node.secret(in: store)
    let logger = quietLogger
    let transport = try PeerTransport(secret: secret, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    let port = try await transport.listen(host: "127.0.0.1", port: 0)
    let node = Node(
        configuration: Node.Configuration(
            network: "test", advertise: nil, peerPort: port, peerHost: "127.0.0.1", expectsPeers: false, workLog2: 4),
        store: store, directory: InMemoryDirectory(network: network), transport: transport, secret: secret, logger: logger,
        clock: clock)
    try await node.load()
    do {
        try await body(node)
    } catch {
        await transport.shutdown()
        throw error
    }
    await transport.shutdown()
}

let quietLogger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    return logger
}()

/// Runs a gateway on a free port as long as `body` takes, then shuts it down.
func withGateway(
    _ configuration: GatewayConfiguration = GatewayConfiguration(), sessionsMax: Int = 100, in folder: String? = nil,
    network: InMemoryNetwork = InMemoryNetwork(), clock: @escaping @Sendable () -> Milliseconds = Node.systemClock, _ body: (LiveGateway) async throws -> Void
) async throws {
    try await withNode(in: folder, network: network, clock: clock) { node in try await withGateway(configuration, sessionsMax: sessionsMax, node: node, body) }
}

private func withGateway(
    _ configuration: GatewayConfiguration, sessionsMax: Int, node: Node, _ body: (LiveGateway) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.port = 0
    let gateway = Gateway(
        configuration: configuration, node: node, group: MultiThreadedEventLoopGroup.singleton, logger: quietLogger,
        connections: Connections(max: sessionsMax))
    let port = try await gateway.bind()
    // Services stop in reverse order: sessions say goodbye while there is still a node.
    let services = ServiceGroup(services: [node, gateway], logger: quietLogger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        do {
            try await body(LiveGateway(port: port, webSocketPort: gateway.webSocketPort, services: services))
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
    let webSocketPort: Int?
    let services: ServiceGroup

    /// Connects as `nc` does, and closes when `body` is done.
    func connect(tls: Bool = false, port: Int? = nil, _ body: (inout LiveClient) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port ?? self.port) { channel in
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
    private var hasSpoken = false
    /// Whether the line to clients that have said nothing for a while is of interest also where this one has spoken: on a busy
    /// machine what it says may arrive late.
    var readsGreeting = false

    init(input: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.input = input
        self.outbound = outbound
    }

    mutating func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    mutating func send(_ bytes: [UInt8]) async throws {
        hasSpoken = true
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// The next line with its ending, or what there is when the server closes.
    mutating func line() async throws -> String {
        while true {
            if let end = unread.unicodeScalars.firstIndex(of: "\n") {
                let after = unread.unicodeScalars.index(after: end)
                let line = String(unread[..<after])
                unread = String(unread[after...])
                if isGreeting(line) { continue }
                return line
            }
            guard let bytes = try await input.next() else {
                defer { unread = "" }
                return unread
            }
            unread += String(buffer: bytes)
        }
    }

    /// What comes next, as it comes, for protocols that have no lines; `nil` at the end.
    mutating func read() async throws -> [UInt8]? { try await input.next().map { Array($0.readableBytesView) } }

    /// Everything up to the end.
    mutating func rest() async throws -> String {
        while let bytes = try await input.next() { unread += String(buffer: bytes) }
        if let end = unread.unicodeScalars.firstIndex(of: "\n"), isGreeting(String(unread[...end])) {
            unread = String(unread.unicodeScalars[unread.unicodeScalars.index(after: end)...])
        }
        return unread
    }

    private func isGreeting(_ line: String) -> Bool { hasSpoken && !readsGreeting && line.hasPrefix("NOTICE * :*** Singer ") }
}
