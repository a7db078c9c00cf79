import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

/// Peers whose processes are stopped: their links stay up, and nothing comes.
@Suite struct HangingTests {
    let alice = TestAuthor("alice")

    @Test func `a catch-up whose source hangs is finished by a holder that was not linked`() {
        var net = Simulation(3)
        let log = alice.unsignedLog(3_000)
        net.host(alice, at: 0, log)
        net.give(log, to: 2)
        net.give(log.prefix(1), to: 1)
        net.directory[alice.account] = [2]
        net.follow(alice, at: 1)
        while net.peers[1].commits.count < 300 { net.run(for: 1) }
        #expect(net.links == [[0, 1]])
        net.peers[0].hangs = true
        net.run(for: 2_000)
        #expect(net.held(alice, at: 1) == [1...3_000])
    }

    @Test func `other feeds of a peer that hangs are looked for, too`() {
        var net = Simulation(3)
        let authors = (0..<40).map { TestAuthor("author\($0)") }
        for author in authors {
            net.host(author, at: 0, author.unsignedLog(3))
            net.give(author.unsignedLog(3), to: 2)
            net.directory[author.account] = [2]
        }
        net.peers[0].isSilent = true
        net.connect(0, 1)
        for author in authors { net.follow(author, at: 1) }
        net.run(for: 300)
        net.peers[0].hangs = true
        net.run(for: 4_000)
        for author in authors { #expect(net.held(author, at: 1) == [1...3]) }
    }

    @Test func `dials that hang do not hold up the others, and there is an end to them`() {
        var net = Simulation(30)
        let log = alice.unsignedLog(5)
        for holder in 1..<29 {
            net.give(log, to: holder)
            net.peers[holder].hangs = true
        }
        net.directory[alice.account] = Array(1..<29)
        net.follow(alice, at: 29)
        net.run(for: 9_000)
        #expect(net.peers[29].dials.count == 8)
        #expect(net.peers[29].dials.prefix { $0.at < net.peers[29].dials[0].at + 3_500 }.count >= 6)
        net.peers[28].hangs = false
        net.run(for: 60_000)
        #expect(net.held(alice, at: 29) == [1...5])
    }

    @Test func `an answer that was waited for long is taken when the peer goes on, and nothing is asked twice`() throws {
        var replica = Replica(seed: 1)
        let node = Simulation.node(0)
        _ = replica.handle(.following(alice.account), now: 0)
        _ = replica.handle(.linkUp(node, []), now: 0)
        let offer = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([1...50])])
        guard case .send(.want(let want), node)? = replica.handle(.received(.have([offer]), from: node), now: 0).first else {
            Issue.record("nothing was asked")
            return
        }
        for now in stride(from: 100, through: 30_000, by: 100) as StrideThrough<Milliseconds> {
            for action in replica.handle(.tick, now: now) { if case .send(.want, _) = action { Issue.record("asked again at \(now)") } }
        }
        let taken = replica.handle(.received(.entries(alice.unsignedLog(50), answers: want), from: node), now: 30_100)
        guard case .store(let entries, node, _)? = taken.first else {
            Issue.record("not taken: \(taken)")
            return
        }
        #expect(entries.count == 50)
    }

    @Test func `whoever promises a long log and says no more makes nobody link to all the others`() {
        var net = Simulation(40)
        let log = alice.unsignedLog(20)
        for holder in 2..<40 { net.give(log, to: holder) }
        net.directory[alice.account] = Array(2..<40)
        net.follow(alice, at: 1)
        net.run(for: 5_000)
        #expect(net.held(alice, at: 1) == [1...20])
        net.peers[0].isSilent = true
        net.connect(0, 1)
        let lie = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([1...1_000_000])])
        for _ in 0..<60 {
            net.tell(1, .received(.have([lie]), from: net.peers[0].node))
            net.run(for: 2_000)
        }
        #expect(net.links.count { $0.contains(1) } <= 6)
    }
}
