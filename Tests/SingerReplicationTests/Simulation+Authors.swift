import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting

/// The simulated network in terms of test authors.
extension Simulation {
    init(_ count: Int, seed: UInt64 = 1) { self.init(count, seed: seed, now: TestAuthor.start) }

    /// A peer's own feed.
    mutating func host(_ author: TestAuthor, at peer: Int, _ log: [Entry]) {
        host(author.account, author.device.publicKey, at: peer)
        give(log, to: peer)
    }

    mutating func follow(_ author: TestAuthor, at peer: Int) { tell(peer, .following(author.account)) }

    func held(_ author: TestAuthor, at peer: Int) -> [ClosedRange<UInt64>] { peers[peer].disk.held(author.device.publicKey).ranges }
}
