import Logging
import SingerCore

/// What a directory does on its own: it looks for peers while it has none, and remembers those it has.
struct Upkeep: Sendable {
    let node: NodeHandle
    let changes: ChangeBroadcast
    let bootstrap: [Endpoint]
    let cache: NodeCache?
    let logger: Logger

    static let retryMin: Duration = .seconds(1)
    static let retryMax: Duration = .seconds(60)
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
        for peer in known { ping(peer) }
        var pause = Self.retryMin
        let changed = changes.stream()
        while !Task.isCancelled {
            if node.status.goodNodes > 0 {
                pause = Self.retryMin
                // Wakes up at any change; what was lost meanwhile is seen above.
                for await _ in changed { break }
                continue
            }
            for peer in bootstrap { ping(peer) }
            // From the second round on: at the first these have just been asked.
            if pause > Self.retryMin { for peer in known { ping(peer) } }
            // A tenth of jitter, so that peers that lost each other together do not come back together.
            try? await Task.sleep(for: pause * Double.random(in: 0.9...1.1))
            pause = min(pause * 2, Self.retryMax)
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
