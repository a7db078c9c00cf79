internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension Gateway {
    static func listen(_ gateway: Gateway, on eventLoop: any EventLoop) async throws(GatewayError) -> NIOAsyncChannel<Session, Never> {
        let configuration = gateway.configuration
        let tls = try tlsContext(configuration)
        return try await listen(configuration.host, configuration.port, configuration, on: eventLoop) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                let socket = try tls == nil ? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 } : nil
                return try gateway.session(of: channel, socket: socket)
            }
        }
    }

    /// The session of an accepted connection, on its event loop.
    ///
    /// - Parameter socket: of the channel, if what a session writes is sent as it is.
    func session(of channel: any Channel, socket: NIOBSDSocket.Handle? = nil) throws -> Session {
        let handler = SessionHandler(output: ClientOutput(turn: turn, socket: socket))
        let session = Session(gateway: self, channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        handler.serve(session)
        try channel.pipeline.syncOperations.addHandler(handler)
        return session
    }

    static func listen<Accepted: Sendable>(
        _ host: String, _ port: Int, _ configuration: GatewayConfiguration, on group: any EventLoopGroup,
        accept: @escaping @Sendable (any Channel) -> EventLoopFuture<Accepted>
    ) async throws(GatewayError) -> NIOAsyncChannel<Accepted, Never> {
        let address = try address(host, port, configuration)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Finds out about clients that vanished without a word.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read of a few lines at a time: this bounds what is held for a client that sends faster than it is answered.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1_024, maximum: 16_384))
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 64 << 10))
        do {
            return try await bootstrap.bind(to: address, childChannelInitializer: accept)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw .portInUse(host: host, port: port)
        } catch {
            throw .cannotBind(host: host, port: port, reason: "\(error)")
        }
    }

    /// Passphrases go over this port: without TLS they must not leave the machine.
    private static func address(_ host: String, _ port: Int, _ configuration: GatewayConfiguration) throws(GatewayError) -> SocketAddress {
        let address: SocketAddress
        do {
            address = try .makeAddressResolvingHost(host, port: port)
        } catch {
            throw .badHost(host)
        }
        guard configuration.tls != nil || address.isLoopback else { throw .notLoopback(host: host) }
        return address
    }

    static func tlsContext(_ configuration: GatewayConfiguration) throws(GatewayError) -> NIOSSLContext? {
        guard let tls = configuration.tls else { return nil }
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(tls.certificatePath)
        } catch {
            throw .badCertificate(path: tls.certificatePath, reason: "\(error)")
        }
        guard !chain.isEmpty else { throw .badCertificate(path: tls.certificatePath, reason: "it holds none") }
        do {
            let key = try NIOSSLPrivateKey(file: tls.keyPath, format: .pem)
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            settings.minimumTLSVersion = .tlsv12
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .badKey(path: tls.keyPath, reason: "\(error)")
        }
    }
}

extension SocketAddress {
    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}
