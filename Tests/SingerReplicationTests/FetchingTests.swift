import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

@Suite struct FetchingTests {
    let alice = TestAuthor("alice")

    @Test func `a new follower fetches the latest entries`() {
        var net = Simulation(2)
        net.host(alice, at: 0, alice.unsignedLog(1_000))
        net.follow(alice, at: 1)
        net.run(for: 2_000)
        #expect(net.held(alice, at: 1) == [801...1_000])
        #expect(net.peers[1].replica.isLevel(alice.account))
        #expect(net.peers[1].replica.isServed(alice.account))
        #expect(net.peers[1].arrived.count == 200)
    }

    @Test func `a short log is fetched whole`() {
        var net = Simulation(2)
        net.host(alice, at: 0, alice.unsignedLog(7))
        net.follow(alice, at: 1)
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [1...7])
        #expect(!net.peers[1].replica.hasWork)
    }

    @Test func `older entries come when they are asked for`() {
        var net = Simulation(2)
        net.host(alice, at: 0, alice.unsignedLog(1_000))
        net.follow(alice, at: 1)
        net.run(for: 2_000)
        net.tell(1, .wantsOlder(alice.account, entries: 100))
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [701...1_000])
        net.tell(1, .wantsOlder(alice.account, entries: 5_000))
        net.run(for: 2_000)
        #expect(net.held(alice, at: 1) == [1...1_000])
        #expect(net.peers[1].arrived.count == 1_000)
    }

    @Test func `a follower that was away for 10,000 entries becomes level`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(10_100)
        net.host(alice, at: 0, log)
        net.give(log.prefix(100), to: 1)
        net.follow(alice, at: 1)
        net.run(for: 5_000)
        #expect(net.held(alice, at: 1) == [1...10_100])
        #expect(net.peers[1].replica.isLevel(alice.account))
        #expect(net.peers[1].arrived.count == 10_000)
    }

    @Test func `what is being committed is not asked for again`() {
        var net = Simulation(2)
        net.commitTime = 40
        let log = alice.unsignedLog(5_000)
        net.host(alice, at: 0, log)
        net.give(log.prefix(1), to: 1)
        net.follow(alice, at: 1)
        net.run(for: 5_000)
        #expect(net.held(alice, at: 1) == [1...5_000])
        #expect(net.peers[1].arrived.count == 4_999)
    }

    @Test func `a link that breaks midway resumes with only what is missing`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(6_000)
        net.host(alice, at: 0, log)
        net.give(log.prefix(1), to: 1)
        net.follow(alice, at: 1)
        while net.peers[1].commits.count < 3_000 { net.run(for: 1) }
        let held = net.held(alice, at: 1)
        let before = net.peers[1].arrived.count
        net.disconnect(0, 1)
        net.run(for: 10_000)
        #expect(net.held(alice, at: 1) == [1...6_000])
        let again = Set(net.peers[1].arrived.dropFirst(before))
        #expect(again.count == net.peers[1].arrived.count - before, "nothing comes twice over the new link")
        #expect(again.isDisjoint(with: held.joined()))
        #expect(net.links == [[0, 1]])
    }

    @Test func `a holder that does not answer is passed over`() {
        var net = Simulation(3)
        let log = alice.unsignedLog(150)
        net.host(alice, at: 0, log)
        net.give(log, to: 2)
        net.follow(alice, at: 2)
        net.follow(alice, at: 1)
        net.peers[0].isSilent = true
        net.connect(0, 1)
        net.run(for: 1_000)
        #expect(net.held(alice, at: 1) == [])
        net.connect(1, 2)
        net.run(for: 10_000)
        #expect(net.held(alice, at: 1) == [1...150])
    }

    @Test(arguments: [true, false]) func `a text that was kept back is asked for where it is announced, or said to be`(isAnnounced: Bool) {
        var replica = Replica(seed: 1)
        var alice = TestAuthor("alice")
        let (thief, honest) = (Simulation.node(1), Simulation.node(2))
        let post = alice.post("hello")
        _ = replica.handle(.following(alice.account), now: 0)
        for node in [thief, honest] { _ = replica.handle(.linkUp(node, []), now: 0) }
        _ = replica.handle(.received(.entries([post.stripped], answers: nil), from: thief), now: 1)
        _ = replica.handle(.stored([post.stripped], from: thief, isNews: true), now: 2)
        let range: ClosedRange<UInt64> = 1...1
        let held = Replica.FeedState(account: alice.account, interest: .none, held: [post.header.device: SequenceSet([range])])
        let announcement = Replica.LogRange(account: alice.account, device: post.header.device, range: range)
        var actions = replica.handle(.received(isAnnounced ? .announce([announcement]) : .have([held]), from: honest), now: 3)
        for time in 1...20 { actions += replica.handle(.tick, now: Milliseconds(time) * 100) }
        let asked = actions.compactMap { if case .send(.want(let want), to: honest) = $0 { want.range } else { nil } }
        #expect(asked.first == range)
    }

    @Test func `a slow answer is still taken`() throws {
        var net = Simulation(2)
        net.host(alice, at: 0, alice.unsignedLog(600))
        net.give(alice.unsignedLog(1), to: 1)
        net.follow(alice, at: 1)
        // Slower than the time after which others are asked; but there are no others.
        net.faults.latencyMax = 12_000
        net.run(for: 120_000)
        #expect(net.held(alice, at: 1) == [1...600])
    }

    @Test func `the load is spread over those who hold the feed`() {
        var net = Simulation(3)
        let log = alice.unsignedLog(4_000)
        net.host(alice, at: 0, log)
        net.give(log, to: 2)
        net.follow(alice, at: 2)
        net.give(log.prefix(1), to: 1)
        net.connect(0, 1)
        net.connect(1, 2)
        net.run(for: 100)
        net.follow(alice, at: 1)
        net.run(for: 5_000)
        #expect(net.held(alice, at: 1) == [1...4_000])
        #expect(net.peers[1].arrived.count == 3_999)
    }

    @Test func `unsolicited entries of unwanted feeds are ignored`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(0)
        let log = alice.unsignedLog(5)
        _ = replica.handle(.linkUp(node, []), now: 0)
        let declined = replica.handle(.received(.entries(log, answers: nil), from: node), now: 0)
        guard case .send(.have(let states), node)? = declined.first, case .unwanted(alice.account, node)? = declined.last else {
            Issue.record("news that nobody wants is declined: \(declined)")
            return
        }
        #expect(states.map(\.interest) == [.unsubscribe] && declined.count == 2)
        #expect(replica.handle(.received(.entries(log, answers: nil), from: node), now: 0).isEmpty, "once on a link")
        let want = Replica.LogRange(account: alice.account, device: alice.device.publicKey, range: 1...5)
        #expect(replica.handle(.received(.entries(log, answers: want), from: node), now: 0).isEmpty, "an answer to what was not asked")
        _ = replica.handle(.following(alice.account), now: 0)
        #expect(replica.handle(.received(.entries(log, answers: nil), from: Simulation.node(9)), now: 0).isEmpty, "from a peer without a link")
        #expect(replica.handle(.received(.entries(log, answers: nil), from: node), now: 0).count == 1, "a push of a wanted feed")
    }

    /// A follower of alice that has asked a peer for what that says it holds.
    private func asked(for held: ClosedRange<UInt64>) throws -> (replica: Replica, node: NodeKey, want: Replica.LogRange) {
        var replica = Replica(seed: 1)
        let node = Simulation.node(0)
        _ = replica.handle(.following(alice.account), now: 0)
        _ = replica.handle(.linkUp(node, []), now: 0)
        let offer = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([held])])
        let asked = replica.handle(.received(.have([offer]), from: node), now: 0)
        var want: Replica.LogRange?
        if case .send(.want(let said), let to)? = asked.first, to == node { want = said }
        return (replica, node, try #require(want, "nothing was asked: \(asked)"))
    }

    @Test func `an answer is taken as far as it was asked for`() throws {
        let asked = try asked(for: 1...50)
        var replica = asked.replica
        let (node, want) = (asked.node, asked.want)
        let log = alice.unsignedLog(300)
        #expect(want.range == 1...50)
        var bob = TestAuthor("bob")
        let taken = replica.handle(.received(.entries([bob.post("not asked for")] + log, answers: want), from: node), now: 0)
        guard case .store(let entries, _, let isNews)? = taken.first else {
            Issue.record("nothing was taken: \(taken)")
            return
        }
        #expect(entries == Array(log.prefix(50)))
        #expect(!isNews)
    }

    @Test func `an answer with nothing of what was asked for is one that has none of it`() throws {
        let asked = try asked(for: 200...250)
        var replica = asked.replica
        let (node, want) = (asked.node, asked.want)
        let log = alice.unsignedLog(300)
        // What lies before it, and what somebody else wrote; asked for, and once more unasked.
        var bob = TestAuthor("bob")
        for entries in [Array(log.prefix(3)), [bob.post("1")], []] {
            for _ in 0..<2 {
                let taken = replica.handle(.received(.entries(entries, answers: want), from: node), now: 0)
                #expect(!taken.contains { if case .store = $0 { true } else { false } })
            }
        }
    }

    @Test func `a peer that lies about the length of a log keeps nobody from it`() throws {
        var net = Simulation(3)
        net.host(alice, at: 0, alice.unsignedLog(20))
        net.follow(alice, at: 1)
        net.walls = [[0, 1]]
        net.connect(1, 2)
        let lie = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([1_000_000...1_000_100])])
        net.tell(1, .received(.have([lie]), from: net.peers[2].node))
        net.run(for: 10_000)
        net.walls = []
        net.run(for: 60_000)
        #expect(net.held(alice, at: 1) == [1...20])
    }

    @Test func `a lie about the length of a log hides nothing while its teller is linked`() throws {
        var net = Simulation(3)
        net.host(alice, at: 0, alice.unsignedLog(500))
        net.connect(1, 2)
        net.follow(alice, at: 1)
        let lie = Replica.FeedState(account: alice.account, interest: .none, held: [alice.device.publicKey: SequenceSet([1...1 << 40])])
        net.tell(1, .received(.have([lie]), from: net.peers[2].node))
        net.run(for: 10_000)
        #expect(net.held(alice, at: 1) == [301...500])
    }
}
