import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import SingerCore
import SingerDHT
import SingerTesting
import SingerWire
import Synchronization
import Testing

@testable import SingerPeer

/// A real peer under more than it can do: links are closed or read slowly, memory stays bounded, and its users notice nothing.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FloodTests {
    /// Resident memory may grow by this much under any of these floods: the queue of a link (8 MiB), what is being verified, what is
    /// being answered, and what the allocator keeps of it.
    private static let growthMaxMiB = 96

    /// Asks for signs of life as long as `body` takes.
    ///
    /// - Returns: the longest wait for one.
    private func slowest(_ command: String, as client: LineClient, during body: () async throws -> Void) async throws -> Duration {
        let isDone = Mutex(false)
        async let slowest: Duration = {
            var slowest = Duration.zero
            while !isDone.withLock({ $0 }) {
                let start = ContinuousClock.now
                _ = try await client.ask(command)
                slowest = max(slowest, .now - start)
                try await Task.sleep(for: .milliseconds(10))
            }
            return slowest
        }()
        do {
            try await body()
        } catch {
            isDone.withLock { $0 = true }
            throw error
        }
        isDone.withLock { $0 = true }
        return try await slowest
    }

    /// Sends a frame as fast as the other side takes it, over a link after another if they close, without reading what comes back.
    private func flood(_ frame: WireFrame, reading: Bool = false, from hostile: HostilePeer, for time: Duration) async throws -> (frames: Int, closed: Int) {
        let deadline = ContinuousClock.now + time
        var (frames, closed) = (0, 0)
        while .now < deadline {
            let link = try await hostile.link()
            let reader = Task { if reading { for await _ in link.frames {} } }
            while link.isOpen, .now < deadline {
                // Waits for room no longer than there is time: the other side may never read again.
                await withTaskGroup { group in
                    group.addTask { await link.room() }
                    group.addTask { try? await Task.sleep(until: deadline) }
                    await group.next()
                    group.cancelAll()
                }
                guard link.queued.frames < 256 else { break }
                link.send(frame)
                frames += 1
            }
            if !link.isOpen { closed += 1 }
            link.close("enough")
            reader.cancel()
        }
        return (frames, closed)
    }

    @Test func `floods of requests cost the one who sends them, not the users`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        let text = String(repeating: "x", count: 1_900)
        for number in 1...300 { andre.send("POST \(number) \(text)") }
        for _ in 1...300 { #expect(try await andre.reply().isOK) }
        let hostile = try await HostilePeer(network: network.name, target: peer)
        let name = try #require(Username("andre"))
        let claim = try NameClaim(reading: try #require(await hostile.directory.all(.name(name), .nameClaim, within: .seconds(2)).first))
        let record = try AccountRecord(reading: try #require(await hostile.directory.all(.account(claim.account), .account, within: .seconds(2)).first))
        var mallory = TestAuthor("mallory")
        try await hostile.introduce(mallory)
        #expect(try await andre.ask("FOLLOW mallory").isOK)

        // Everybody's feeds, and one that is here a thousand times over: each of those is answered with a record.
        var strangers = WireFrame()
        strangers.have.feeds = (0..<1_000).map { number in
            var feed = WireFeedState()
            feed.account = EntryID.sha256(Data("\(number)".utf8)).data
            feed.subscribe = true
            return feed
        }
        var same = WireFrame()
        same.have.feeds = (0..<1_000).map { _ in
            var feed = WireFeedState()
            feed.account = claim.account.data
            feed.subscribe = true
            return feed
        }
        var want = WireFrame()
        want.want.account = claim.account.data
        want.want.device = record.certificate.device.data
        want.want.first = 1
        want.want.last = Limits.sequenceMax
        // As much of a tail as fits: many signatures in one frame.
        let tail = mallory.posts(60)
        var records = WireFrame()
        var heavy = try AccountRecord(reading: hostile.record(of: mallory, seen: HostilePeer.now).envelope)
        heavy.tail = tail
        records.record.account = heavy.sealed(by: mallory.device).wire
        // An offer of more than anybody could write, of which nothing is ever given.
        var offer = WireFrame()
        var feed = WireFeedState()
        feed.account = mallory.account.data
        var device = WireDeviceState()
        device.device = mallory.device.publicKey.data
        var range = WireRange()
        range.first = 1
        range.last = Limits.sequenceMax
        device.held = [range]
        feed.devices = [device]
        offer.have.feeds = [feed]

        let floods: [(name: String, frame: WireFrame, reading: Bool)] = [
            ("haves of strangers", strangers, true), ("haves of one feed, not reading", same, false), ("haves of one feed, reading", same, true),
            ("wants, not reading", want, false), ("wants, reading", want, true), ("records", records, true), ("offers of everything", offer, true),
        ]
        let reader = try await peer.login("andre")
        let start = peer.residentMiB
        for flood in floods {
            var sent = (frames: 0, closed: 0)
            var read = Duration.zero
            let slowest = try await slowest("PING alive", as: andre) {
                read = try await self.slowest("TIMELINE 5", as: reader) {
                    sent = try await self.flood(flood.frame, reading: flood.reading, from: hostile, for: .seconds(1))
                }
            }
            let now = peer.residentMiB
            print(
                "\(flood.name): \(sent.frames) frames, \(sent.closed) links closed, slowest ping \(slowest), timeline \(read), \(start) MiB before, \(now) now")
            // Two seconds of it may be the wait for older posts of an author who offers what is not there.
            #expect(read < .seconds(15), "\(flood.name)")
            // Far above what is measured on an idle machine (140 ms), far below what a person takes for an end.
            #expect(slowest < .seconds(2), "\(flood.name)")
            #expect(now < start + Self.growthMaxMiB, "\(flood.name): \(start) MiB before, \(now) now")
        }
        #expect(try await andre.ask("TIMELINE 200").isOK)
        await hostile.shutdown()
        #expect(peer.stop() == 0)
    }

    @Test func `what is no Singer peer is let go, and keeps nobody out`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        let start = peer.residentMiB
        // Plain HTTP, plain garbage, and silence on more connections than may shake hands at one time.
        let http = try LineClient(port: peer.peerPort)
        http.send("GET / HTTP/1.1\r\nHost: singer\r\n\r")
        while try await http.line() != nil {}
        let silent = try (1...200).map { _ in try RawSocket(port: peer.peerPort) }
        for socket in silent.prefix(50) { socket.send(bytes: (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31) }) }
        // Within TLS: lengths that no frame has, and bytes that are none.
        for bytes in [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [0, 0x20, 0, 0], [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
            try await TLSClient.closes(after: bytes, port: peer.peerPort)
        }
        // An honest peer still gets in, and so does its user.
        let other = try await network.peer("b", joining: peer)
        let diogo = try await other.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        #expect(silent.count == 200)
        #expect(peer.residentMiB < start + Self.growthMaxMiB)
    }
}

/// A peer that gets through TLS, and then says anything.
private enum TLSClient {
    /// Returns when the other side has closed.
    static func closes(after bytes: [UInt8], port: Int) async throws {
        let tls = try NodeCertificate(NodeSecret(), timings: PeerTimings()).context.client
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil) { _, verdict in verdict.succeed(.certificateVerified) }
                    try channel.pipeline.syncOperations.addHandlers(handler, CloseOnError())
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        try await channel.closeFuture.get()
    }

    private final class CloseOnError: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
