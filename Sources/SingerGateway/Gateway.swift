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

    /// Serves all connections: what they do to each other happens in the order in which it was read, and no thread waits for another.
    private let eventLoop: any EventLoop
    let turn: OutputTurn
    let loopTasks: LoopTasks
    let newsPump: NewsPump
    let renderings: NIOLoopBoundBox<NewsRenderings<LineWay>>
    private let listener = Mutex<NIOAsyncChannel<Session, Never>?>(nil)
    private let webSocketListener = Mutex<NIOAsyncChannel<EventLoopFuture<WebSocketUpgrade>, Never>?>(nil)

    /// How long sessions may take to say goodbye at shutdown. A client that reads nothing would take for ever.
    private static let farewellTimeMax = TimeAmount.seconds(3)

    /// Listens nowhere yet.
    public convenience init(configuration: GatewayConfiguration, node: Node, group: any EventLoopGroup, logger: Logger) {
        self.init(configuration: configuration, node: node, group: group, logger: logger, connections: Connections())
    }

    init(configuration: GatewayConfiguration, node: Node, group: any EventLoopGroup, logger: Logger, connections: Connections) {
        self.configuration = configuration
        self.node = node
        eventLoop = group.next()
        turn = OutputTurn(eventLoop)
        loopTasks = LoopTasks(eventLoop)
        renderings = .makeBoxSendingValue(NewsRenderings(), eventLoop: eventLoop)
        self.logger = logger
        self.connections = connections
        newsPump = NewsPump(loopTasks, logger)
        irc = IRCServer(configuration: configuration, node: node, newsPump: newsPump, logger: logger, eventLoop: eventLoop)
    }

    /// Starts to listen, and returns the port. Connections wait until `run()` takes them.
    public func bind() async throws(GatewayError) -> Int {
        let channel = try await Self.listen(self, on: eventLoop)
        listener.withLock { $0 = channel }
        if let webSocket = configuration.webSocket {
            let channel = try await Self.listenForWebSockets(webSocket, self, on: eventLoop)
            webSocketListener.withLock { $0 = channel }
        }
        return channel.channel.localAddress?.port ?? configuration.port
    }

    /// Serves connections until graceful shutdown; then every session gets a last line. Binds first if nobody has.
    public func run() async throws {
        if listener.withLock({ $0 == nil }) { _ = try await bind() }
        guard let listener = listener.withLock({ $0 }) else { return }
        let webSocketListener = webSocketListener.withLock { $0 }
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.run(listener) { session in await self.serve(session, isWebSocket: false) } }
                if let webSocketListener {
                    group.addTask { try await self.run(webSocketListener) { await self.serve($0) } }
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            webSocketListener?.channel.close(promise: nil)
            self.shutDown(listener.channel)
        }
    }

    /// Where WebSockets are listened for, once that is so.
    var webSocketPort: Int? { webSocketListener.withLock { $0?.channel.localAddress?.port } }

    private func run<Accepted: Sendable>(
        _ listener: NIOAsyncChannel<Accepted, Never>, _ serve: @escaping @Sendable (Accepted) async -> Void
    ) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { sessions in
                for try await connection in connections { sessions.addTask { await serve(connection) } }
            }
        }
    }

    private func serve(_ upgrade: EventLoopFuture<WebSocketUpgrade>) async {
        // What does not become a WebSocket was answered already, and is closed.
        if case .upgraded(let session)? = try? await upgrade.get() { await serve(session, isWebSocket: true) }
    }

    private func shutDown(_ listener: any Channel) {
        listener.close(promise: nil)
        connections.shutDown()
        listener.eventLoop.scheduleTask(in: Self.farewellTimeMax) { self.connections.closeAll() }
    }

    private func serve(_ session: Session, isWebSocket: Bool) async {
        let channel = session.channel
        let admission = connections.admit(channel)
        defer { connections.remove(channel) }
        switch admission {
        case .admitted:
            if isWebSocket { await session.startIRC(isAdmitted: configuration.password == nil) }
            await session.run()
        case .full:
            let line = PlainDialect.lines(of: Reply(failure: .tooManySessions), tag: nil).text(.crlf)
            let timeout = channel.eventLoop.scheduleTask(in: Self.farewellTimeMax) { channel.close(promise: nil) }
            defer { timeout.cancel() }
            try? await channel.writeAndFlush(ByteBuffer(string: line)).get()
            logger.notice("Connection refused: as many are open as may be")
        case .closing:
            break
        }
        try? await channel.close().get()
    }
}
