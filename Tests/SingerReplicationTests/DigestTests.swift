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

    @Test func `what a peer said outlives a restart of either side, and what is out of date is said again`() throws {
        var (net, authors) = network()
        let first = net.traffic.bytes
        // As it stood when it was last written down: half of the posts are newer.
        for author in authors.prefix(5) { net.publish(author.unsignedLog(4)[3], at: 0) }
        net.run(for: 1_000)
        let memories = try [0, 1].map { try #require(net.peers[$0].replica.memory(of: Simulation.node(1 - $0))) }
        #expect(memories.allSatisfy { $0.states.count == 1_000 })
        for author in authors.prefix(10).suffix(5) { net.publish(author.unsignedLog(4)[3], at: 0) }
        net.run(for: 1_000)
        var old = net.traffic.bytes
        #expect(old > first)

        var again = Simulation(2)
        for author in authors {
            let isNew = authors.prefix(10).contains { $0.account == author.account }
            for peer in 0...1 {
                again.give(author.unsignedLog(isNew ? 4 : 3), to: peer)
                again.follow(author, at: peer)
            }
        }
        for peer in 0...1 { again.tell(peer, .remembered(Simulation.node(1 - peer), memories[peer])) }
        old = again.traffic.bytes
        again.connect(0, 1)
        again.run(for: 2_000)
        let bytes = again.traffic.bytes - old
        #expect(bytes < 20_000, "five feeds have changed since: \(bytes) bytes")
        #expect(again.wants == 0)
        for peer in 0...1 { #expect(again.peers[peer].replica.subscriptions(of: Simulation.node(1 - peer)) == 1_000) }
    }

    @Test func `a record that changes while a peer is away is sent at the next link, and no other`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(1)
        let accounts = (0..<20).map { TestAuthor("author\($0)").account }
        let states = accounts.map { Replica.FeedState(account: $0, interest: .subscribe, held: [:]) }
        for account in accounts { _ = replica.handle(.following(account), now: 0) }
        func records(_ actions: [Replica.Action]) -> [AccountKey] {
            actions.compactMap { if case .sendRecord(let account, to: node) = $0 { account } else { nil } }
        }
        _ = replica.handle(.linkUp(node, []), now: 0)
        #expect(records(replica.handle(.received(.have(states), from: node), now: 0)).count == 20)
        _ = replica.handle(.linkDown(node), now: 1)
        _ = replica.handle(.recordChanged(accounts[7], from: nil), now: 2)
        _ = replica.handle(.linkUp(node, []), now: 3)
        #expect(records(replica.handle(.received(.have(states), from: node), now: 3)) == [accounts[7]])
        _ = replica.handle(.linkDown(node), now: 4)

        // The same over a restart.
        var restarted = Replica(seed: 2)
        for account in accounts { _ = restarted.handle(.following(account), now: 0) }
        _ = restarted.handle(.remembered(node, Replica.Memory(states: states, recordsSent: Set(accounts.dropLast()))), now: 0)
        _ = restarted.handle(.linkUp(node, []), now: 3)
        #expect(records(restarted.handle(.received(.digest(0), from: node), now: 3)) == [accounts[19]])
    }

    @Test func `a peer that remembers nothing is told everything`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(1)
        for number in 0..<20 { _ = replica.handle(.following(TestAuthor("author\(number)").account), now: 0) }
        let state = Replica.FeedState(account: TestAuthor("author0").account, interest: .subscribe, held: [:])
        _ = replica.handle(.remembered(node, Replica.Memory(states: [state], recordsSent: [])), now: 0)
        guard case .send(.digest, node)? = replica.handle(.linkUp(node, []), now: 0).first else {
            Issue.record("it was told more than a sum")
            return
        }
        let told = replica.handle(.received(.buckets([]), from: node), now: 0)
        guard case .send(.have(let states), node)? = told.first else {
            Issue.record("nothing was told: \(told)")
            return
        }
        #expect(states.count == 20)
        // It costs much: once on a link.
        #expect(replica.handle(.received(.buckets([]), from: node), now: 0).isEmpty)
        _ = replica.handle(.linkDown(node), now: 1)
        _ = replica.handle(.linkUp(node, []), now: 2)
        guard case .send(.buckets(let sums), node)? = replica.handle(.received(.digest(7), from: node), now: 0).first else {
            Issue.record("nothing was asked")
            return
        }
        #expect(sums.isEmpty)
        // Nor where everything was said without a sum.
        #expect(replica.handle(.received(.buckets([]), from: node), now: 2).isEmpty)
    }
}
