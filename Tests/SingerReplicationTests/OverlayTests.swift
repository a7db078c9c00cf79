import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

@Suite struct OverlayTests {
    let alice = TestAuthor("alice")

    /// The author at peer 0, and followers who all know only of the author.
    private func network(followers: Int, log: [Entry]) -> Simulation {
        var net = Simulation(followers + 1)
        net.host(alice, at: 0, log)
        for peer in 1...followers { net.follow(alice, at: peer) }
        net.run(for: 60_000)
        return net
    }

    @Test func `an author sends eight copies, and everybody has the entry`() {
        let log = alice.unsignedLog(13)
        var net = network(followers: 150, log: Array(log.prefix(3)))
        for entry in log[3..<12] {
            net.publish(entry, at: 0)
            net.run(for: 2_000)
        }
        net.countHomeCopies(of: alice.account)
        net.publish(log[12], at: 0)
        net.run(for: 50)
        #expect(net.traffic.homePushes[log[12].id] == 8, "at once")
        net.run(for: 3_000)
        #expect(net.traffic.homeCopies[log[12].id] == 8, "and no more, however many ask")
        for peer in 1...150 { #expect(net.held(alice, at: peer) == [1...13], "peer \(peer)") }
        #expect(net.peers[0].replica.subscribers(of: alice.account).count <= Limits.feedLinksMax)
    }

    @Test func `a feed is heard from the directory too until its own peer gives it, and again when that is gone`() {
        func listening(_ actions: [Replica.Action]) -> Bool? {
            actions.reduce(nil) { last, action in if case .listen(alice.account, let isOn) = action { isOn } else { last } }
        }
        var replica = Replica(seed: 1)
        let (home, other) = (Simulation.node(0), Simulation.node(1))
        let offer = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([1...5])])
        _ = replica.handle(.following(alice.account), now: 0)
        _ = replica.handle(.contact(.init(account: alice.account, node: home, endpoints: Simulation.endpoints(0), isHome: true)), now: 0)
        _ = replica.handle(.linkUp(other, []), now: 0)
        #expect(listening(replica.handle(.received(.have([offer]), from: other), now: 0)) == true)
        _ = replica.handle(.linkUp(home, []), now: 0)
        #expect(listening(replica.handle(.received(.have([offer]), from: home), now: 0)) == false)
        #expect(listening(replica.handle(.linkDown(other), now: 0)) != true)
        #expect(listening(replica.handle(.linkDown(home), now: 0)) == true)
    }

    @Test func `followers of somebody who is away do not dial each other without end`() {
        var net = Simulation(151)
        net.host(alice, at: 0, [])
        net.peers[0].isUp = false
        net.directory[alice.account] = Array(1...150)
        for peer in 1...150 { net.follow(alice, at: peer) }
        net.run(for: 60_000)
        let dials = net.peers.map { peer in peer.dials.count { $0.to != net.peers[0].node } }
        #expect(dials.reduce(0, +) < 150 * 30, "\(dials)")
    }

    @Test func `links to an author who refers to others do not stay`() {
        let net = network(followers: 150, log: alice.unsignedLog(3))
        #expect(net.links.count { $0.contains(0) } <= Limits.feedLinksMax + 1)
    }

    @Test func `in a settled tree hardly anything comes twice`() {
        let log = alice.unsignedLog(40)
        var net = network(followers: 60, log: Array(log.prefix(1)))
        for entry in log[1..<20] {
            net.publish(entry, at: 0)
            net.run(for: 2_000)
        }
        let before = net.peers.map(\.arrived.count).reduce(0, +)
        for entry in log[20..<40] {
            net.publish(entry, at: 0)
            net.run(for: 2_000)
        }
        let copies = net.peers.map(\.arrived.count).reduce(0, +) - before
        #expect(copies < 60 * 20 * 11 / 10, "\(copies) copies for \(60 * 20) deliveries")
        for peer in 1...60 { #expect(net.held(alice, at: peer) == [1...40]) }
    }

    @Test func `when those that push are gone, the others graft`() {
        let log = alice.unsignedLog(30)
        var net = network(followers: 60, log: Array(log.prefix(1)))
        for entry in log[1..<10] {
            net.publish(entry, at: 0)
            net.run(for: 2_000)
        }
        // A third of the followers dies at once.
        for peer in stride(from: 1, through: 60, by: 3) {
            for other in net.peers.indices { net.disconnect(peer, other) }
            net.peers[peer].isUp = false
        }
        net.publish(log[10], at: 0)
        net.run(for: 5_000)
        for peer in 1...60 where net.peers[peer].isUp { #expect(net.held(alice, at: peer) == [1...11], "peer \(peer)") }
    }

    @Test func `an announced entry that no eager link brings is asked for`() {
        var replica = Replica(seed: 1)
        let (eager, lazy) = (Simulation.node(0), Simulation.node(1))
        let log = alice.unsignedLog(2)
        let device = alice.device.publicKey
        _ = replica.handle(.following(alice.account), now: 0)
        for node in [eager, lazy] {
            _ = replica.handle(.linkUp(node, []), now: 0)
            _ = replica.handle(
                .received(.have([.init(account: alice.account, interest: .subscribe, held: [device: SequenceSet([1...1])])]), from: node), now: 0)
        }
        _ = replica.handle(.received(.refer(.init(account: alice.account, isRefused: false, peers: [])), from: lazy), now: 0)
        _ = replica.handle(.stored([log[0]], from: eager, isNews: true), now: 1)
        let news = Replica.LogRange(account: alice.account, device: device, range: 2...2)
        #expect(!asks(replica.handle(.received(.announce([news]), from: lazy), now: 10), lazy), "it may still come")
        #expect(!asks(replica.handle(.tick, now: 200), lazy))
        #expect(asks(replica.handle(.tick, now: 700), lazy))
    }

    private func asks(_ actions: [Replica.Action], _ node: NodeKey) -> Bool {
        let sent = actions.compactMap { action -> Replica.Message? in if case .send(let message, node) = action { message } else { nil } }
        return sent.contains { if case .graft(alice.account) = $0 { true } else { false } }
            && sent.contains { if case .want(let want) = $0 { want.range == 2...2 } else { false } }
    }

    @Test func `two parts of the followers find together without the author`() {
        let log = alice.unsignedLog(5)
        var net = Simulation(9)
        net.host(alice, at: 0, [])
        net.peers[0].isUp = false
        for peer in 1...8 {
            net.give(log.prefix(peer <= 4 ? 5 : 2), to: peer)
            net.follow(alice, at: peer)
        }
        for part in [[1, 2, 3, 4], [5, 6, 7, 8]] { for a in part { for b in part where a < b { net.connect(a, b) } } }
        net.directory[alice.account] = Array(0...8)
        net.run(for: 40 * 60_000)
        for peer in 1...8 { #expect(net.held(alice, at: peer) == [1...5], "peer \(peer)") }
    }
}
