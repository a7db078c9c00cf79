public import Logging
public import NIOCore
public import ServiceLifecycle
public import SingerNode
internal import Synchronization

/// The local port that people, scripts and bots connect to. Serves until graceful shutdown.
public final class Gateway: Service {
    let configuration: GatewayConfiguration
    let node: Node
    let logger: Logger
    let connections: Connections
    let irc: IRCServer

    private let group: any EventLoopGroup
    private let listener = Mutex<NIOAsyncChannel<Client, Never>?>(nil)

    /// How long sessions may take to say goodbye at shutdown. A client that reads nothing would take for ever.
    private static let farewellTimeMax = TimeAmount.seconds(3)

    /// Listens nowhere yet.
    public convenience init(configuration: GatewayConfiguration, node: Node, group: any EventLoopGroup, logger: Logger) {
        self.init(configuration: configuration, node: node, group: group, logger: logger, connections: Connections())
    }

    init(configuration: GatewayConfiguration, node: Node, group: any EventLoopGroup, logger: Logger, connections: Connections) {
        self.configuration = configuration
        self.node = node
        self.group = group
        self.logger = logger
        self.connections = connections
        irc = IRCServer(configuration: configuration, node: node, logger: logger)
    }

    /// Starts to listen, and returns the port. Connections wait until `run()` takes them.
    public func bind() async throws(GatewayError) -> Int {
        let channel = try await Self.listen(configuration, on: group)
        listener.withLock { $0 = channel }
        return channel.channel.localAddress?.port ?? configuration.port
    }

    /// Serves connections until graceful shutdown; then every session gets a last line. Binds first if nobody has.
    public func run() async throws {
        if listener.withLock({ $0 == nil }) { _ = try await bind() }
        guard let listener = listener.withLock({ $0 }) else { return }
        try await listener.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { sessions in
                try await withGracefulShutdownHandler {
                    for try await client in clients {
                        sessions.addTask { await self.serve(client) }
                    }
                } onGracefulShutdown: {
                    self.shutDown(listener.channel)
                }
            }
        }
    }

    private func shutDown(_ listener: any Channel) {
        listener.close(promise: nil)
        connections.shutDown()
        listener.eventLoop.scheduleTask(in: Self.farewellTimeMax) { self.connections.closeAll() }
    }

    private func serve(_ client: Client) async {
        let channel = client.channel
        let admission = connections.admit(channel)
        defer { connections.remove(channel) }
        do {
            try await client.executeThenClose { inbound, outbound in
                switch admission {
                case .admitted:
                    let session = Session(gateway: self, channel: channel, outbound: outbound)
                    await session.run(inbound)
                case .full:
                    let line = PlainDialect.lines(of: Reply(failure: .tooManySessions), tag: nil).text(.crlf)
                    let timeout = channel.eventLoop.scheduleTask(in: Self.farewellTimeMax) { channel.close(promise: nil) }
                    defer { timeout.cancel() }
                    try await channel.writeAndFlush(ByteBuffer(string: line)).get()
                    logger.notice("Connection refused: as many are open as may be")
                case .closing:
                    break
                }
            }
        } catch {
            // The client is gone; there is nobody to tell.
            logger.debug("Connection ended", metadata: ["error": "\(error)"])
        }
    }
}
