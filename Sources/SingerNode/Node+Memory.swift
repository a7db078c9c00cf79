import Logging
import SingerCore
import SingerReplication
import SingerStore
import SingerWire

/// What other peers said over their links, kept over restarts: a reconnect then costs what has changed, not all that both have.
extension Node {
    /// How often it is written where it has changed: what a kill -9 loses costs bytes, and nothing else.
    private static let memoryPeriod: Duration = .seconds(60)

    func recallLinks() async throws {
        for memory in try await store.memories() {
            guard let have = try? WireHave(decoding: memory.said) else { continue }
            let states = have.feeds.compactMap { try? Replica.FeedState($0) }
            drive(.remembered(memory.node, Replica.Memory(states: states, recordsSent: memory.recordsSent)))
        }
    }

    func keepMemories() async {
        guard .now - memoriesKept > Self.memoryPeriod else { return }
        memoriesKept = .now
        for node in Array(links.keys) { await keepMemory(of: node) }
    }

    func keepMemory(of node: NodeKey) async {
        do {
            let changes = try await store.recordChanges()
            let memory = replica.memory(of: node)
            let isKept = memory == keptMemories[node]
            keptMemories[node] = links[node] == nil ? nil : memory
            guard !isKept else { return }
            guard let memory, !memory.states.isEmpty else { return try await store.forgetMemory(of: node) }
            var have = WireHave()
            have.feeds = memory.states.map(\.wire)
            try await store.keepMemory(of: node, have.encoded, feeds: memory.states.count, recordsSent: memory.recordsSent, changes: changes)
        } catch {
            // It is only missed at the next link.
            if !Task.isCancelled { logger.warning("cannot keep what a peer said", metadata: ["error": "\(error)"]) }
        }
    }
}
