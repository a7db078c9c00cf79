import Logging
import NIOCore
import NIOPosix
import SingerCore
import SingerPeer
import SingerTesting
import SingerWire

import struct Foundation.Data

/// Two transports on loopback, of which the second listens.
final class PeerPair: Sendable {
    let a: PeerTransport
    let b: PeerTransport
    let port: Int
    private let group: MultiThreadedEventLoopGroup

    init(timings: PeerTimings = PeerTimings(), host: String = "127.0.0.1") async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        a = try PeerTransport(secret: NodeSecret(), group: group, logger: quietLogger, timings: timings)
        b = try PeerTransport(secret: NodeSecret(), group: group, logger: quietLogger, timings: timings)
        port = try await Self.listen(b, host)
    }

    /// A program that another test starts in this very moment may hold the port that was found free, until it runs.
    private static func listen(_ transport: PeerTransport, _ host: String) async throws -> Int {
        for _ in 1..<10 {
            do {
                return try await transport.listen(host: host, port: LastingPort.free())
            } catch PeerError.portInUse {
                continue
            }
        }
        return try await transport.listen(host: host, port: LastingPort.free())
    }

    func endpoint(host: String = "127.0.0.1") throws -> Endpoint { try loopback(port: port, host: host) }

    /// A dials B.
    func link() async throws -> (a: PeerLink, b: PeerLink) {
        let dialled = try await a.dial(endpoint(), expecting: b.key)
        return (dialled, try await b.nextLink())
    }

    func shutdown() async throws {
        await a.shutdown()
        await b.shutdown()
        try await group.shutdownGracefully()
    }
}

struct Missing: Error {}

let quietLogger = Logger(label: "singer.tests") { _ in SwiftLogNoOpLogHandler() }

func loopback(port: Int, host: String = "127.0.0.1") throws -> Endpoint {
    guard let endpoint = Endpoint(host: host, port: port) else { throw Missing() }
    return endpoint
}

/// Runs a test with two transports, and shuts them down however it ends.
func withPeers(_ timings: PeerTimings = PeerTimings(), host: String = "127.0.0.1", _ body: (PeerPair) async throws -> Void) async throws {
    let pair = try await PeerPair(timings: timings, host: host)
    do {
        try await body(pair)
    } catch {
        try await pair.shutdown()
        throw error
    }
    try await pair.shutdown()
}

extension PeerTransport {
    func nextLink() async throws -> PeerLink {
        for await link in incoming { return link }
        throw Missing()
    }
}

extension WireFrame {
    /// A frame that carries a number, and about as many bytes as are asked for.
    static func numbered(_ number: Int, bytes: Int = 0) -> WireFrame {
        var frame = WireFrame()
        frame.want.first = UInt64(number)
        frame.want.account = Data(count: bytes)
        return frame
    }

    var number: Int { Int(want.first) }
}
