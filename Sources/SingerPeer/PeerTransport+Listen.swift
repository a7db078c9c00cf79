internal import Logging
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension PeerTransport {
    /// Accepts links at an address of this machine: `0.0.0.0`, `::` (both families), or one of its own; port 0 takes any free one.
    ///
    /// At most 64 handshakes are under way at one time, and connections beyond `PeerLimits.acceptedLinksMax` links are closed at once.
    ///
    /// - Returns: The port.
    /// - Throws: `PeerError.portInUse`, `.cannotListen`, or `.stopped`.
    @discardableResult
    public func listen(host: String, port: Int) async throws(PeerError) -> Int {
        let listener: any Channel
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: PeerLimits.backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try self.accept(channel) } }
                .bind(host: host, port: port)
                .get()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw .portInUse(host: host, port: port)
        } catch {
            throw .cannotListen(host: host, port: port, reason: plainReason(error))
        }
        do {
            try table.keep(listener)
        } catch {
            listener.close(promise: nil)
            throw error
        }
        return listener.localAddress?.port ?? port
    }

    /// Runs on the event loop of a channel just accepted; an error closes it.
    private func accept(_ channel: any Channel) throws {
        try table.startHandshake(channel)
        let (arrivals, logger) = (arrivals, logger)
        try prepare(channel, isDialled: false, expecting: nil).whenComplete { result in
            switch result {
            case .success(let link):
                switch arrivals.yield(link) {
                case .enqueued: break
                case .dropped, .terminated: link.close("nobody takes links here")
                @unknown default: break
                }
            case .failure(let error):
                logger.debug("no link with a peer that dialled", metadata: ["reason": "\(error)"])
            }
        }
    }
}
