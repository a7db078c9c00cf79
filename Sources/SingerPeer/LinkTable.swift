internal import NIOCore
internal import SingerCore
internal import Synchronization

/// What a transport has open: listeners, handshakes under way, links. Keeps their numbers within bounds, and ends them all.
final class LinkTable: Sendable {
    private struct State {
        /// Every channel of the transport that is not closed yet.
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Of peers that dialled this one, oldest first.
        var handshakes: [ObjectIdentifier] = []
        /// Dials under way: places among the links that are spoken for.
        var dials = 0
        /// How to end each link.
        var links: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var isStopped = false

        /// Of links, those that others dialled.
        var accepted: Set<ObjectIdentifier> = []

        /// What stands against one more link. Some places are for those that this peer looks for itself, however many come.
        func refusal(isDialled: Bool) -> PeerError? {
            if isStopped { return .stopped }
            if !isDialled, accepted.count >= PeerLimits.acceptedLinksMax { return .linksFull }
            return links.count + dials < Limits.linksMax ? nil : .linksFull
        }
    }

    private let state = Mutex(State())

    var linkCount: Int { state.withLock { $0.links.count } }
    var handshakeCount: Int { state.withLock { $0.handshakes.count } }
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Keeps a channel until it is closed.
    ///
    /// - Throws: `PeerError.stopped`; the channel has to be closed then.
    func keep(_ channel: any Channel) throws(PeerError) {
        let id = ObjectIdentifier(channel)
        let isKept = state.withLock { state in
            guard !state.isStopped else { return false }
            state.channels[id] = channel
            return true
        }
        guard isKept else { throw .stopped }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.channels[id] = nil
                state.handshakes.removeAll { $0 == id }
                state.links[id] = nil
                state.accepted.remove(id)
            }
        }
    }

    /// Admits a connection that somebody made to this peer. The oldest of too many handshakes makes room for it.
    func startHandshake(_ channel: any Channel) throws(PeerError) {
        if let refusal = state.withLock({ $0.refusal(isDialled: false) }) { throw refusal }
        try keep(channel)
        let evicted = state.withLock { state in
            state.handshakes.append(ObjectIdentifier(channel))
            guard state.handshakes.count > PeerLimits.handshakesMax else { return nil as (any Channel)? }
            return state.channels[state.handshakes.removeFirst()]
        }
        evicted?.close(promise: nil)
    }

    /// Reserves the place of a link; `endDial` gives it back, whatever came of the dial.
    func startDial() throws(PeerError) {
        let refusal = state.withLock { state in
            let refusal = state.refusal(isDialled: true)
            if refusal == nil { state.dials += 1 }
            return refusal
        }
        if let refusal { throw refusal }
    }

    func endDial() { state.withLock { $0.dials -= 1 } }

    /// Makes a channel a link, if there still is a place for it. A dialled one has had its place since `startDial`.
    func establish(_ channel: any Channel, isDialled: Bool, end: @escaping @Sendable () -> Void) throws(PeerError) {
        let id = ObjectIdentifier(channel)
        let refusal = state.withLock { state -> PeerError? in
            state.handshakes.removeAll { $0 == id }
            if let refusal = state.refusal(isDialled: isDialled), !isDialled || refusal == .stopped { return refusal }
            // A channel that closed meanwhile is not kept any more, and would stay here for good.
            if state.channels[id] != nil {
                state.links[id] = end
                if !isDialled { state.accepted.insert(id) }
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Ends everything, now and for good, and returns when all sockets are closed.
    func stop() async {
        let (channels, links) = state.withLock { state in
            state.isStopped = true
            return (state.channels, state.links)
        }
        for (id, channel) in channels {
            if let end = links[id] { end() } else { channel.close(promise: nil) }
        }
        for channel in channels.values { try? await channel.closeFuture.get() }
    }
}
