import Logging
import SingerCore

/// What a directory does on its own: it looks for peers, eagerly while it has none, and remembers those it has.
struct Upkeep: Sendable {
    let node: NodeHandle
    let changes: ChangeBroadcast
    let bootstrap: [Endpoint]
    let cache: NodeCache?
    let logger: Logger

    /// Between two looks for peers: the pause doubles, and starts anew when the first peer was found or the last one lost.
    static let pauseMin: Duration = .seconds(1)
    static let pauseMax: Duration = .seconds(60)
    static let savePeriod: Duration = .seconds(180)

    /// Until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await findPeers() }
            if let cache { group.addTask { await keep(in: cache) } }
        }
    }

    private func findPeers() async {
        let known = cache?.load() ?? []
        var pause = Self.pauseMin
        var hasPeers = false
        while !Task.isCancelled {
            let changed = changes.stream()
            if hasPeers != (node.status.goodNodes > 0) {
                hasPeers.toggle()
                pause = Self.pauseMin
            }
            // Also those who have peers ask the bootstrap peers: a network that was split has peers in either part.
            for peer in bootstrap { ping(peer) }
            if hasPeers { node.refresh() } else { for peer in known { ping(peer) } }
            // A tenth of jitter, so that peers that lost each other together do not come back together.
            await wait(for: pause * Double.random(in: 0.9...1.1), orUntil: changed) { [hasPeers] in hasPeers != (node.status.goodNodes > 0) }
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    private func wait(for span: Duration, orUntil changed: AsyncStream<Void>, isEnough: @escaping @Sendable () -> Bool) async {
        await withTaskGroup { group in
            group.addTask { try? await Task.sleep(for: span) }
            group.addTask { for await _ in changed where isEnough() { break } }
            await group.next()
            group.cancelAll()
        }
    }

    private func ping(_ peer: Endpoint) {
        guard let port = UInt16(exactly: peer.port) else { return }
        node.ping(peer.host, port)
    }

    private func keep(in cache: NodeCache) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.savePeriod)
            // At the end too: the node is stopped only after this.
            do {
                try cache.save(node.exportNodes())
            } catch {
                logger.warning("cannot save the node cache", metadata: ["error": "\(error)"])
            }
        }
    }
}
