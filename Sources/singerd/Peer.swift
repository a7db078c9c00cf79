import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import SingerCore
import SingerDHT
import SingerGateway
import SingerNode
import SingerPeer
import SingerStore
import UnixSignals

/// The parts of a running peer, opened in the order in which they need each other.
struct Peer {
    private let services: ServiceGroup

    init(_ settings: Settings) async throws {
        do {
            let logger = Logger(label: "singer")
            let store = try Store(directory: settings.dataDirectory)
            let secret = try await Node.secret(in: store)
            let group = MultiThreadedEventLoopGroup.singleton
            let transport = try PeerTransport(secret: secret, group: group, logger: Logger(label: "singer.peer"))
            let peerPort = try await transport.listen(host: settings.listen.host, port: settings.listen.port)
            let nodeCache = URL(fileURLWithPath: settings.dataDirectory + "/nodes")
            let directory = try await OpenDHTDirectory(
                configuration: OpenDHTDirectory.Configuration(
                    host: settings.listen.isAnyAddress ? "" : settings.listen.host, port: settings.dhtPort ?? peerPort, network: settings.network,
                    bootstrap: settings.bootstrap, discovery: settings.discovery, nodeCache: nodeCache), holding: store.claims().map(\.placed),
                logger: Logger(label: "singer.dht"))
            let expectsPeers = !settings.bootstrap.isEmpty || FileManager.default.fileExists(atPath: nodeCache.path)
            let node = Node(
                configuration: Node.Configuration(
                    network: settings.network, advertise: settings.advertise, peerPort: peerPort,
                    peerHost: settings.listen.isAnyAddress ? nil : settings.listen.host, takesIPv6: settings.listen.host != "0.0.0.0",
                    expectsPeers: expectsPeers, workLog2: settings.workLog2),
                store: store, directory: directory, transport: transport, secret: secret)
            try await node.load()
            let tls = settings.tlsCertificate.flatMap { certificate in
                settings.tlsKey.map { GatewayConfiguration.TLS(certificatePath: certificate, keyPath: $0) }
            }
            let gateway = Gateway(
                configuration: GatewayConfiguration(
                    host: settings.gateway.host, port: settings.gateway.port, serverName: settings.serverName, password: settings.gatewayPassword, tls: tls,
                    webSocket: settings.webSocket.map { GatewayConfiguration.WebSocket(host: $0.host, port: $0.port, origins: settings.webSocketOrigins) }),
                node: node, group: group, logger: Logger(label: "singer.gateway"))
            let gatewayPort = try await gateway.bind()
            let dhtPort = await directory.status().port
            let gatewayAddress = HostPort.text(settings.gateway.host, gatewayPort)
            let peerAddress = HostPort.text(settings.listen.host, peerPort)
            let ready = Start(store: store, line: "singerd ready gateway=\(gatewayAddress) peer=\(peerAddress) dht=\(dhtPort) node=\(secret.publicKey)")

            // Services stop in reverse order: clients get their last line first, then the network its goodbye.
            let parts: [any Service] = [node, gateway, ready]
            services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: parts.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        } catch {
            throw StartError(description: Self.line(error))
        }
    }

    func serve() async throws {
        do {
            try await services.run()
        } catch {
            throw StartError(description: Self.line(error))
        }
    }

    private static func line(_ error: any Error) -> String {
        switch error {
        case StoreError.inUse(let why), StoreError.corrupt(let why), StoreError.failed(let why): why
        case StoreError.full, NodeError.storageFull: "the disk is full"
        case NodeError.internal(let why): why
        default: String(describing: error)
        }
    }
}

/// Says that the peer is ready, once signals are listened to: whoever reads the line may send one at once. What can wait until then comes behind it.
private struct Start: Service {
    let store: Store
    let line: String

    func run() async throws {
        // Whoever does not read it can do without.
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
        await cancelWhenGracefulShutdown { [store] in await store.lengthenJournal() }
        try await gracefulShutdown()
    }
}
