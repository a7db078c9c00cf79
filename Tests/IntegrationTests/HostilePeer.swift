import Foundation
import Logging
import NIOPosix
import SingerCore
import SingerPeer
import SingerTesting
import SingerWire

@testable import SingerDHT

/// A peer that says whatever a test wants said: authors whose logs it serves, links, and a node in the DHT.
///
///     singerd (andre) ── link, DHT ── HostilePeer (mallory, honest, …)
final class HostilePeer: Sendable {
    let secret = NodeSecret()
    let transport: PeerTransport
    let directory: OpenDHTDirectory
    private let network: String
    private let target: PeerProcess
    private let port: Int

    init(network: String, target: PeerProcess) async throws {
        self.network = network
        self.target = target
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        transport = try PeerTransport(secret: secret, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        port = try await transport.listen(host: "127.0.0.1", port: 0)
        let bootstrap = Endpoint(host: "127.0.0.1", port: target.dhtPort).map { [$0] } ?? []
        directory = try await OpenDHTDirectory(
            configuration: OpenDHTDirectory.Configuration(host: "127.0.0.1", port: 0, network: network, bootstrap: bootstrap, discovery: false),
            logger: quiet)
        let changes = directory.changes()
        if await !directory.status().isConnected {
            for await _ in changes where await directory.status().isConnected { break }
        }
    }

    func shutdown() async {
        await transport.shutdown()
        await directory.shutdown()
    }

    /// Claims the author's name, and says that this peer is where the author lives; returns when both can be read.
    func introduce(_ author: TestAuthor) async throws {
        let claim = NameClaim(name: author.name, root: author.root, created: TestAuthor.start).placed
        let record = record(of: author, seen: Self.now)
        for placed in [claim, record] {
            await directory.put(placed, permanent: true)
            while await !directory.all(placed.place, placed.envelope.kind, within: .seconds(2)).contains(placed.envelope) {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    func record(of author: TestAuthor, seen: Milliseconds, online: Bool = true) -> PlacedRecord {
        let endpoint = Endpoint(host: "127.0.0.1", port: port).map { [$0] } ?? []
        let record = AccountRecord(
            certificate: author.certificate, node: secret.publicKey, endpoints: endpoint, onlineUntil: online ? seen + Limits.onlineLease : 0, seen: seen,
            followers: 0, following: 0, posts: 0, head: author.last?.seq ?? 0, lastPost: author.last?.id, tail: [])
        return AccountRecord.place(author.account, record.sealed(by: author.device))
    }

    static var now: Milliseconds { Milliseconds(Date().timeIntervalSince1970 * 1_000) }

    /// A link to the target, greeted as a peer greets.
    func link(as stranger: PeerTransport? = nil) async throws -> PeerLink {
        guard let endpoint = Endpoint(host: "127.0.0.1", port: target.peerPort) else { throw LineClient.TimedOut(description: "no port") }
        let link = try await (stranger ?? transport).dial(endpoint)
        link.send(.hello(network: network))
        return link
    }

    /// Another peer, of which nobody has heard.
    static func stranger() throws -> PeerTransport {
        try PeerTransport(secret: NodeSecret(), group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Sends frames, and waits until the link closes, or until the target has read them all.
    ///
    /// - Returns: whether the link closed.
    func say(_ frames: [WireFrame], as stranger: PeerTransport? = nil) async throws -> Bool {
        let link = try await link(as: stranger)
        for frame in frames { link.send(frame) }
        // It answers requests in order: this answer says that all before was read.
        let marker = TestAuthor("marker")
        var want = WireFrame()
        want.want.account = marker.account.data
        want.want.device = marker.device.publicKey.data
        want.want.first = 1
        want.want.last = 1
        link.send(want)
        for await frame in link.frames {
            if case .entries(let entries)? = frame.message, entries.answers == want.want {
                link.close("done")
                _ = await link.closed
                return false
            }
        }
        return true
    }
}

extension WireFrame {
    static func hello(network: String) -> WireFrame {
        var frame = WireFrame()
        frame.hello.version = 1
        frame.hello.network = network
        frame.hello.agent = "hostile"
        return frame
    }

    static func entries(_ entries: [WireEntry], _ certificate: WireSignedCertificate) -> WireFrame {
        var frame = WireFrame()
        frame.entries.certificate = certificate
        frame.entries.entries = entries
        return frame
    }

    /// News of one author.
    static func news(_ entries: Entry...) -> WireFrame { .entries(entries.map(\.wire), entries.first?.certificate.wire ?? WireSignedCertificate()) }

    static func delivery(_ entry: WireSignedEntry, to account: AccountKey) -> WireFrame {
        var frame = WireFrame()
        frame.delivery.entry = entry
        frame.delivery.recipient = account.data
        return frame
    }
}

extension PeerProcess {
    /// What the process has in memory now, in MiB.
    var residentMiB: Int {
        let status = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1_024
    }
}
