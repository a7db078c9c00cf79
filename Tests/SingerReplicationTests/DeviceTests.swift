import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

/// One account at several peers, and devices that write two logs.
@Suite struct DeviceTests {
    let alice = TestAuthor("alice")
    let second = TestAuthor("alice", device: "second")

    @Test func `two devices of an account have each other's entries, and followers have both`() {
        var net = Simulation(3)
        let (log, other) = (alice.unsignedLog(4), second.unsignedLog(3))
        net.host(alice, at: 0, Array(log.prefix(3)))
        net.host(second, at: 1, Array(other.prefix(2)))
        net.follow(alice, at: 2)
        net.run(for: 5_000)
        #expect(net.held(second, at: 0) == [1...2])
        #expect(net.held(alice, at: 1) == [1...3])
        #expect(net.held(alice, at: 2) == [1...3])
        #expect(net.held(second, at: 2) == [1...2])
        net.publish(log[3], at: 0)
        net.publish(other[2], at: 1)
        net.run(for: 100)
        #expect(net.held(second, at: 0) == [1...3], "at once")
        #expect(net.held(alice, at: 1) == [1...4], "at once")
        net.run(for: 2_000)
        #expect(net.held(alice, at: 2) == [1...4])
        #expect(net.held(second, at: 2) == [1...3])
    }

    @Test func `a device whose data is old learns of its own later entries`() {
        var net = Simulation(2)
        let log = alice.unsignedLog(80)
        net.host(alice, at: 0, Array(log.prefix(50)))
        net.give(log, to: 1)
        net.follow(alice, at: 1)
        net.run(for: 3_000)
        #expect(net.peers[0].behind.max() == 80)
        #expect(net.held(alice, at: 0) == [1...80])
        #expect(net.peers[0].replica.isOwnLogLevel(alice.account))
    }

    @Test func `so many devices of an account are followed, however their entries come`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(1)
        _ = replica.handle(.following(alice.account), now: 0)
        _ = replica.handle(.linkUp(node, []), now: 0)
        var devices = (0..<(Limits.devicesMax + 20)).map { TestAuthor("alice", device: "device \($0)") }
        for index in devices.indices {
            let entry = devices[index].post("hello")
            switch index % 3 {
            case 0: _ = replica.handle(.received(.entries([entry], answers: nil), from: node), now: 1)
            case 1: _ = replica.handle(.stored([entry], from: nil, isNews: true), now: 1)
            default: _ = replica.handle(.holding(alice.account, entry.header.device, SequenceSet([1...1])), now: 1)
            }
            _ = replica.handle(.stored([entry], from: node, isNews: true), now: 2)
        }
        #expect(devices.count { replica.lastHeld(alice.account, $0.device.publicKey) == 1 } == Limits.devicesMax)
    }

    @Test(arguments: [true, false]) func `devices that there are not keep no room from those that there are`(answers: Bool) {
        var replica = Replica(seed: 1)
        let (liar, honest) = (Simulation.node(1), Simulation.node(2))
        _ = replica.handle(.following(alice.account), now: 0)
        _ = replica.handle(.linkUp(liar, []), now: 0)
        var invented: [DeviceKey: SequenceSet] = [:]
        for number in 0..<Limits.devicesMax { invented[TestAuthor("alice", device: "invented \(number)").device.publicKey] = SequenceSet([1...5]) }
        let lie = Replica.FeedState(account: alice.account, interest: .none, held: invented)
        var asked = replica.handle(.received(.have([lie]), from: liar), now: 1)
        if answers {
            while let next = asked.compactMap({ if case .send(.want(let want), to: liar) = $0 { want } else { nil } }).first {
                asked.removeFirst()
                asked += replica.handle(.received(.entries([], answers: next), from: liar), now: 2)
            }
        } else {
            _ = replica.handle(.linkDown(liar), now: 2)
        }
        _ = replica.handle(.linkUp(honest, []), now: 3)
        let device = alice.device.publicKey
        let state = Replica.FeedState(account: alice.account, interest: .none, held: [device: SequenceSet([1...7])])
        let actions = replica.handle(.received(.have([state]), from: honest), now: 4)
        #expect(actions.contains { if case .send(.want(let want), to: honest) = $0 { want.device == device && want.range == 1...7 } else { false } })
    }

    @Test func `a device must not write while somebody offers more of its log than it has`() {
        var replica = Replica(seed: 1)
        let node = Simulation.node(1)
        let device = alice.device.publicKey
        _ = replica.handle(.hosting(alice.account, device), now: 0)
        _ = replica.handle(.holding(alice.account, device, SequenceSet([1...5])), now: 0)
        _ = replica.handle(.linkUp(node, []), now: 0)
        #expect(replica.isOwnLogLevel(alice.account))
        let state = Replica.FeedState(account: alice.account, interest: .subscribe, held: [device: SequenceSet([1...7])])
        _ = replica.handle(.received(.have([state]), from: node), now: 1)
        #expect(!replica.isOwnLogLevel(alice.account))
        // It was a lie: nothing comes, and it is believed no more.
        for now in stride(from: 100, through: 8_000, by: 100) as StrideThrough<Milliseconds> { _ = replica.handle(.tick, now: now) }
        #expect(replica.isOwnLogLevel(alice.account))
    }

    @Test func `the proof that a device wrote two logs reaches all followers, and each keeps one`() {
        var net = Simulation(6)
        var author = TestAuthor("mallory")
        let first = author.post("one")
        var fork = author.fork()
        let (left, right) = (author.post("left"), fork.post("right"))
        net.host(author, at: 0, [first, left])
        for peer in 1...5 { net.follow(author, at: peer) }
        net.run(for: 2_000)
        net.tell(3, .received(.entries([right], answers: nil), from: net.peers[0].node))
        net.run(for: 10_000)
        #expect(net.peers[3].proofs.isEmpty, "what is held already is not looked at twice")
        net.publish(right, at: 3)
        net.run(for: 5_000)
        for peer in 0...5 { #expect(net.peers[peer].proofs.count == 1, "peer \(peer)") }
        // Nothing more of that device is taken.
        let later = author.post("later")
        net.publish(later, at: 0)
        net.run(for: 5_000)
        for peer in 1...5 { #expect(net.held(author, at: peer) == [1...2]) }
    }

    @Test func `an author knows how many hold an entry`() {
        var net = Simulation(4)
        let log = alice.unsignedLog(3)
        net.host(alice, at: 0, Array(log.prefix(2)))
        for peer in 1...3 { net.follow(alice, at: peer) }
        net.run(for: 5_000)
        #expect(net.peers[0].replica.holders(of: alice.account, alice.device.publicKey, 2) == 3)
        net.publish(log[2], at: 0)
        #expect(net.peers[0].replica.holders(of: alice.account, alice.device.publicKey, 3) == 0)
        net.run(for: 1_000)
        #expect(net.peers[0].replica.holders(of: alice.account, alice.device.publicKey, 3) == 3)
        #expect(net.peers[0].receipts[3] == 3)
        net.disconnect(0, 1)
        net.peers[1].isUp = false
        #expect(net.peers[0].replica.holders(of: alice.account, alice.device.publicKey, 3) == 3, "it still has it")
    }

    @Test func `a post that came without its body is asked for again, elsewhere`() {
        var net = Simulation(3)
        var author = TestAuthor("bob")
        let log = author.posts(3)
        net.host(author, at: 0, log)
        net.give(log.map(\.withoutBody), to: 1)
        net.walls = [[0, 2]]
        net.follow(author, at: 2)
        net.connect(1, 2)
        net.tell(1, .following(author.account))
        net.run(for: 2_000)
        net.walls = []
        net.run(for: 10 * 60_000)
        #expect((1...3).allSatisfy { net.peers[2].disk.entry(author.device.publicKey, $0)?.body != nil })
    }
}
