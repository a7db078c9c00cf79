import Logging
import SingerCore
import SingerPeer
import SingerReplication
import SingerWire

/// Links to other peers: made, greeted, read.
extension Node {
    struct OpenLink {
        let link: PeerLink
        let since: ContinuousClock.Instant
        /// Where the other side says it can be dialled.
        let endpoints: [Endpoint]
        /// Of the other side's, when it said hello; `nil` where it did not say.
        let clockAhead: Milliseconds?
        /// What it asked for, and was not answered; the first is being answered.
        var wants: [Replica.LogRange] = []
        /// Accounts whose records it is to be sent.
        var recordsOwed: Set<AccountKey> = []
    }

    /// Frames whose signatures may be checked, for each link: what is over waits, unread, in the sender's socket.
    /// About what one core checks.
    private static let checksPerSecond = 8_000.0
    private static let checksBurst = 20_000.0

    func acceptLinks() async {
        for await link in transport.incoming { job { await self.serve(link) } }
    }

    /// Dials a peer at the first of its addresses that answers, and serves the link until it closes.
    func dial(_ node: NodeKey, _ endpoints: [Endpoint]) async {
        for endpoint in endpoints.prefix(Limits.endpointsMax) {
            do {
                let link = try await transport.dial(endpoint, expecting: node)
                await serve(link)
                return
            } catch {
                logger.debug("cannot dial", metadata: ["peer": "\(node)", "endpoint": "\(endpoint)", "error": "\(error)"])
            }
        }
        drive(.dialFailed(node))
    }

    /// Says hello, and then reads the link until it closes.
    private func serve(_ link: PeerLink) async {
        guard link.remote != transport.key else {
            link.close("that is this very peer")
            if link.isDialled { drive(.dialFailed(link.remote)) }
            return
        }
        link.send(hello())
        var frames = link.frames.makeAsyncIterator()
        let timer = Task {
            try await Task.sleep(for: .seconds(10))
            link.close("no hello")
        }
        defer { timer.cancel() }
        guard let first = await frames.next(), case .hello(let hello)? = first.message, hello.version == 1, hello.network == configuration.network else {
            link.close("another network, or no Singer peer")
            if link.isDialled { drive(.dialFailed(link.remote)) }
            return
        }
        timer.cancel()
        guard adopt(link, hello) else {
            link.close("there is a link already")
            return
        }
        await Self.read(frames, of: link, for: self)
        guard links[link.remote]?.link === link else { return }
        links[link.remote] = nil
        logger.debug("link closed", metadata: ["peer": "\(link.remote)"])
        drive(.linkDown(link.remote))
        await keepMemory(of: link.remote)
    }

    private func hello() -> WireFrame {
        var hello = WireHello()
        hello.version = 1
        hello.network = configuration.network
        hello.agent = "singer \(Self.version)"
        hello.sentMs = UInt64(clamping: clock())
        var here = WireEndpoint()
        here.port = UInt32(configuration.peerPort)
        hello.endpoints = ownEndpoints().map(\.wire) + [here]
        return WireFrame(.hello(hello))
    }

    /// One link for each peer: of two that were made at the same time both sides keep the one that the lower key dialled.
    private func adopt(_ link: PeerLink, _ hello: WireHello) -> Bool {
        if let other = links[link.remote] {
            let crossed = other.link.isDialled != link.isDialled && .now - other.since < .seconds(5)
            if crossed, other.link.isOpen, other.link.isDialled == (transport.key < link.remote) { return false }
            // The other side has lost the old one, or it is the one that goes.
            links[link.remote] = nil
            other.link.close("another link took its place")
            drive(.linkDown(link.remote))
        }
        let endpoints = hello.endpoints.prefix(Limits.endpointsMax).compactMap { wire in
            wire.host.isEmpty ? Endpoint(host: link.remoteHost, port: Int(wire.port)) : Endpoint(wire)
        }
        let ahead = hello.sentMs == 0 ? nil : clock() - Milliseconds(clamping: hello.sentMs)
        links[link.remote] = OpenLink(link: link, since: .now, endpoints: endpoints, clockAhead: ahead)
        watchClock()
        logger.debug("link open", metadata: ["peer": "\(link.remote)", "host": "\(link.remoteHost)", "dialled": "\(link.isDialled)"])
        drive(.linkUp(link.remote, endpoints))
        return true
    }

    /// Verifies what a link brings, off the actor, and hands it on. One bad frame ends the link.
    @concurrent
    private static func read(_ frames: LinkFrames.AsyncIterator, of link: PeerLink, for node: Node) async {
        var frames = frames
        var certificates = CertificateCache()
        var bucket = TokenBucket(perSecond: checksPerSecond, burst: checksBurst, now: .now)
        while let frame = await frames.next() {
            let wait = bucket.charge(Replica.Message.cost(of: frame), now: .now)
            if wait > .zero { try? await Task.sleep(for: wait) }
            do {
                if case .record(let record)? = frame.message {
                    let envelope = try Envelope(.account, verifying: record.account)
                    await node.take(try AccountRecord(reading: envelope), envelope, from: link.remote)
                } else if let message = try await Replica.Message(verifying: frame, certificates: &certificates) {
                    await node.received(message, over: link)
                }
            } catch {
                node.logger.warning("bad frame", metadata: ["peer": "\(link.remote)", "why": "\(error)"])
                link.close("bad frame: \(error)")
                return
            }
        }
    }

    private func received(_ message: Replica.Message, over link: PeerLink) async {
        guard links[link.remote]?.link === link else { return }
        drive(.received(message, from: link.remote))
        await ingestRoom(for: link)
        await acceptRoom(of: link.remote)
    }

    func send(_ message: Replica.Message, to node: NodeKey) {
        guard let link = links[node]?.link else { return }
        for frame in message.frames { link.send(frame) }
    }
}
