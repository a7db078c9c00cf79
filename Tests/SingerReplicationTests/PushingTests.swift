import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

@Suite struct PushingTests {
    let alice = TestAuthor("alice")

    @Test func `a new entry reaches a subscriber at once, and once`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(4)
        net.host(alice, at: 0, Array(log.prefix(3)))
        net.follow(alice, at: 1)
        net.run(for: 1_000)
        net.publish(log[3], at: 0)
        net.run(for: 10)
        #expect(net.peers[1].arrived == [1, 2, 3, 4])
        net.run(for: 10_000)
        #expect(net.peers[1].arrived == [1, 2, 3, 4])
        #expect(net.wants == 1)
    }

    @Test func `an entry is passed on to those who cannot reach its author`() {
        var net = Simulation(3)
        let log = alice.unsignedLog(5)
        net.walls = [[0, 2]]
        net.host(alice, at: 0, Array(log.prefix(3)))
        net.directory[alice.account] = [0, 1]
        net.follow(alice, at: 1)
        net.run(for: 1_000)
        net.follow(alice, at: 2)
        net.run(for: 3_000)
        #expect(net.held(alice, at: 2) == [1...3])
        net.publish(log[3], at: 0)
        net.run(for: 20)
        #expect(net.peers[2].arrived == [1, 2, 3, 4])
        net.publish(log[4], at: 0)
        net.run(for: 5_000)
        #expect(net.peers[2].arrived == [1, 2, 3, 4, 5])
    }

    @Test func `in a full mesh everything is committed once, and nothing circles`() {
        var net = Simulation(4)
        let log = alice.unsignedLog(30)
        net.host(alice, at: 0, Array(log.prefix(1)))
        for peer in 1...3 { net.follow(alice, at: peer) }
        for a in 0..<4 { for b in 0..<a { net.connect(a, b) } }
        net.run(for: 1_000)
        for entry in log.dropFirst() {
            net.publish(entry, at: 0)
            net.run(for: 50)
        }
        for peer in 1...3 {
            #expect(net.peers[peer].commits == Array(1...30))
            #expect(net.peers[peer].arrived.count <= 30 * 3)
        }
    }

    @Test func `an unfollow stops the pushes`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(6)
        net.host(alice, at: 0, Array(log.prefix(3)))
        net.follow(alice, at: 1)
        net.run(for: 1_000)
        #expect(net.peers[0].replica.subscriptions(of: net.peers[1].node) == 1)
        net.tell(1, .unfollowed(alice.account))
        net.run(for: 100)
        #expect(net.peers[0].replica.subscriptions(of: net.peers[1].node) == 0)
        net.publish(log[3], at: 0)
        net.run(for: 5_000)
        #expect(net.peers[1].arrived == [1, 2, 3])
        #expect(!net.peers[1].replica.hasWork)
        // And following again brings what was missed.
        net.publish(log[4], at: 0)
        net.follow(alice, at: 1)
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [1...5])
    }

    @Test func `a feed that is looked at is kept up for ten minutes`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(6)
        net.host(alice, at: 0, Array(log.prefix(3)))
        net.tell(1, .visiting(alice.account))
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [1...3])
        net.publish(log[3], at: 0)
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [1...4])
        net.run(for: 10 * 60 * 1_000)
        net.publish(log[4], at: 0)
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [1...4])
        #expect(!net.peers[1].replica.hasWork)
    }

    @Test func `a newer record is passed on to subscribers, but not to where it came from`() {
        var replica = Replica(seed: 1)
        let nodes = (0..<3).map(Simulation.node)
        _ = replica.handle(.following(alice.account), now: 0)
        for node in nodes { _ = replica.handle(.linkUp(node, []), now: 0) }
        let subscribe = Replica.FeedState(account: alice.account, interest: .subscribe, held: [:])
        for node in nodes.prefix(2) { _ = replica.handle(.received(.have([subscribe]), from: node), now: 0) }
        let told = replica.handle(.recordChanged(alice.account, from: nodes[0]), now: 0).compactMap { action -> NodeKey? in
            if case .sendRecord(alice.account, let node) = action { node } else { nil }
        }
        #expect(told == [nodes[1]])
    }
}
