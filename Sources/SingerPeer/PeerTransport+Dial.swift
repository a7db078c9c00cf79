internal import NIOCore
internal import NIOPosix
public import SingerCore

extension PeerTransport {
    /// Links to the peer at an endpoint, whose host may be a name or an address of either family.
    ///
    /// TLS 1.3 lets the dialler finish first: a link that the other side refuses (it is full, say) is returned, and closes at once.
    ///
    /// - Parameter expected: The key that the other side has to prove; with `nil` any peer will do.
    /// - Throws: any `PeerError` but those of `listen`, within `PeerTimings.connect` and `PeerTimings.handshake` together.
    public func dial(_ endpoint: Endpoint, expecting expected: NodeKey? = nil) async throws(PeerError) -> PeerLink {
        try table.startDial()
        defer { table.endDial() }
        let offer: EventLoopFuture<PeerLink>
        do {
            offer = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(timings.connect))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: endpoint.host, port: endpoint.port) { channel in
                    // A name with several addresses makes several channels; only the first that connects gets to its handshake.
                    channel.eventLoop.makeCompletedFuture {
                        try self.table.keep(channel)
                        return DialOffer(link: try self.prepare(channel, isDialled: true, expecting: expected))
                    }
                }.link
        } catch ChannelError.connectTimeout {
            throw .connectTimedOut(endpoint)
        } catch {
            throw table.isStopped ? .stopped : .unreachable(endpoint, reason: plainReason(error))
        }
        do {
            return try await offer.get()
        } catch let error as PeerError {
            throw error
        } catch HandshakeFailure.timedOut {
            throw .handshakeTimedOut(endpoint)
        } catch HandshakeFailure.wrongKey(let found) {
            throw .wrongKey(endpoint, expected: expected ?? found, found: found)
        } catch HandshakeFailure.failed(let reason) {
            throw .handshakeFailed(endpoint, reason: reason)
        } catch {
            throw table.isStopped ? .stopped : .handshakeFailed(endpoint, reason: "the connection was closed")
        }
    }
}

/// Carries the future out of the channel initializer, which would otherwise wait for it.
private struct DialOffer: Sendable {
    let link: EventLoopFuture<PeerLink>
}
