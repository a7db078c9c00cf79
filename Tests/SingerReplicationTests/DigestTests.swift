import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

/// What a link costs that was there before.
@Suite struct DigestTests {
    /// Two peers that follow the same 1,000 accounts.
    private func network() -> (net: Simulation, authors: [TestAuthor]) {
        var net = Simulation(2)
        let authors = (0..<1_000).map { TestAuthor("author\($0)") }
        for author in authors {
            let log = author.unsignedLog(3)
            for peer in 0...1 {
                net.give(log, to: peer)
                net.follow(author, at: peer)
            }
        }
        net.connect(0, 1)
        net.run(for: 2_000)
        return (net, authors)
    }

    @Test func `a reconnect costs in proportion to what has changed`() {
        var (net, authors) = network()
        let first = net.traffic.bytes
        #expect(first > 80_000, "the first link tells everything")

        net.disconnect(0, 1)
        net.connect(0, 1)
        net.run(for: 500)
        let nothing = net.traffic.bytes - first
        #expect(nothing < 200, "nothing new: \(nothing) bytes")

        net.disconnect(0, 1)
        for author in authors.prefix(10) { net.publish(author.unsignedLog(4)[3], at: 0) }
        net.connect(0, 1)
        net.run(for: 2_000)
        let ten = net.traffic.bytes - first - nothing
        #expect(ten < 40_000, "ten new entries: \(ten) bytes")
        for author in authors { #expect(net.held(author, at: 0) == net.held(author, at: 1)) }
        #expect(net.held(authors[0], at: 1) == [1...4])
    }

    @Test func `a peer that remembers nothing is told everything`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(1)
        for number in 0..<20 { _ = replica.handle(.following(TestAuthor("author\(number)").account), now: 0) }
        _ = replica.handle(.linkUp(node, []), now: 0)
        let told = replica.handle(.received(.buckets([]), from: node), now: 0)
        guard case .send(.have(let states), node)? = told.first else {
            Issue.record("nothing was told: \(told)")
            return
        }
        #expect(states.count == 20)
        guard case .send(.buckets(let sums), node)? = replica.handle(.received(.digest(7), from: node), now: 0).first else {
            Issue.record("nothing was asked")
            return
        }
        #expect(sums.isEmpty)
    }
}
