public import Logging
public import NIOCore
internal import NIOPosix
internal import NIOSSL
public import SingerCore

/// Makes links to other peers: dials them, and takes the links of those that dial this one.
///
/// Links speak TLS 1.3. Both sides present a certificate of their Ed25519 node key; there is no authority, the key is the identity.
/// Garbage, silence or malice of another peer cost it its connection, and nothing else. Call `shutdown` when done.
public final class PeerTransport: Sendable {
    /// The key by which other peers know this one.
    public let key: NodeKey
    /// Links that other peers made to this one. Each is handed out once; one task should read this.
    ///
    /// A link waits here, counted in `Limits.linksMax`, until it is taken. When the task that reads this is cancelled, new links are closed.
    public let incoming: AsyncStream<PeerLink>

    let group: any EventLoopGroup
    let logger: Logger
    let timings: PeerTimings
    let certificate: NodeCertificate
    let table = LinkTable()
    let arrivals: AsyncStream<PeerLink>.Continuation

    /// - Throws: `PeerError.badIdentity`.
    public init(
        secret: NodeSecret, group: any EventLoopGroup, logger: Logger, timings: PeerTimings = PeerTimings()
    ) throws(PeerError) {
        key = secret.publicKey
        self.group = group
        self.logger = logger
        self.timings = timings
        certificate = try NodeCertificate(secret, timings: timings)
        (incoming, arrivals) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Limits.linksMax))
    }

    /// How many links are open.
    public var linkCount: Int { table.linkCount }

    /// Closes the listeners and all links, ends `incoming`, and returns when every socket is closed, which takes no longer than
    /// `PeerTimings.goodbye` and a little. Nothing can be dialled afterwards. The event loop group stays as it is.
    public func shutdown() async {
        await table.stop()
        arrivals.finish()
    }

    /// Puts TLS, and the handler that waits for it, on a new channel. Runs on the event loop of that channel.
    func prepare(_ channel: any Channel, isDialled: Bool, expecting: NodeKey?) throws -> EventLoopFuture<PeerLink> {
        let identity = RemoteIdentity(expecting: expecting)
        let tls: NIOSSLHandler
        if isDialled {
            tls = try NIOSSLClientHandler(
                context: certificate.context.client, serverHostname: nil, customVerificationCallback: identity.judge)
        } else {
            tls = NIOSSLServerHandler(context: certificate.context.server, customVerificationCallback: identity.judge)
        }
        let outcome = channel.eventLoop.makePromise(of: PeerLink.self)
        let handshake = HandshakeHandler(tls: tls, identity: identity, isDialled: isDialled, timings: timings, outcome: outcome)
        do {
            try channel.pipeline.syncOperations.addHandlers(tls, handshake)
        } catch {
            // Without a handler in the pipeline nobody else completes the promise; with one it is complete already.
            handshake.handlerNotAdded()
            throw error
        }
        let table = table
        return outcome.futureResult.flatMapThrowing { link in
            do {
                try table.establish(channel, isDialled: isDialled) { [weak link] in link?.shutdown() }
            } catch {
                link.shutdown()
                throw error
            }
            return link
        }
    }
}
