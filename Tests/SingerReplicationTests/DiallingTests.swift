import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

@Suite struct DiallingTests {
    let alice = TestAuthor("alice")

    @Test func `the wait between dials grows to its limit, and starts anew after a link`() throws {
        var net = Simulation(2)
        net.host(alice, at: 0, alice.unsignedLog(3))
        net.peers[0].isUp = false
        net.follow(alice, at: 1)
        net.run(for: 60 * 60 * 1_000)
        let waits = zip(net.peers[1].dials, net.peers[1].dials.dropFirst()).map { $1.at - $0.at }
        #expect(waits.count > 10)
        for (attempt, wait) in waits.enumerated() {
            let full = min(Limits.dialBackoffMax, Limits.dialBackoffMin << Int64(attempt))
            // 20 ms for the dial itself, up to 100 for the tick.
            #expect((full / 2...full + 121).contains(wait), "wait \(attempt): \(wait)")
        }
        net.peers[0].isUp = true
        net.run(for: Limits.dialBackoffMax + 1_000)
        #expect(net.held(alice, at: 1) == [1...3])
        let dials = net.peers[1].dials.count
        net.disconnect(0, 1)
        net.run(for: 1_000)
        #expect(net.links == [[0, 1]])
        #expect(net.peers[1].dials.count == dials + 1)
    }

    @Test func `an account that says it is at home everywhere is dialled at a few places at a time`() throws {
        var replica = Replica(seed: 1)
        var dialled: Set<NodeKey> = []
        func note(_ actions: [Replica.Action]) { for case .dial(let node, _) in actions { dialled.insert(node) } }
        note(replica.handle(.following(alice.account), now: 0))
        for place in 0..<200 {
            note(
                replica.handle(
                    .contact(.init(account: alice.account, node: Simulation.node(place), endpoints: Simulation.endpoints(place), isHome: true)), now: 0))
        }
        #expect(dialled.count == 8)
        // As each turns out not to answer, the next one is tried.
        let first = dialled
        for node in first { note(replica.handle(.dialFailed(node), now: 100)) }
        #expect((16...18).contains(dialled.count))
    }

    @Test func `nobody is dialled twice at once`() throws {
        var replica = Replica(seed: 1)
        let contact = Replica.Contact(account: alice.account, node: Simulation.node(0), endpoints: Simulation.endpoints(0), isHome: true)
        var dials = 0
        let events: [Replica.Event] =
            [.following(alice.account), .contact(contact), .contact(contact), .tick, .greet(contact.node, contact.endpoints), .visiting(alice.account)]
            + [.lookupEnded(alice.account), .contact(contact), .tick]
        for (time, event) in events.enumerated() {
            for action in replica.handle(event, now: Milliseconds(time) * 10_000) { if case .dial = action { dials += 1 } }
        }
        #expect(dials == 1)
    }

    @Test func `a peer with a link is not dialled`() {
        var replica = Replica(seed: 1)
        let contact = Replica.Contact(account: alice.account, node: Simulation.node(0), endpoints: Simulation.endpoints(0), isHome: true)
        _ = replica.handle(.linkUp(contact.node, []), now: 0)
        let events: [Replica.Event] = [.following(alice.account), .contact(contact), .tick, .greet(contact.node, contact.endpoints), .tick]
        for (time, event) in events.enumerated() {
            for action in replica.handle(event, now: Milliseconds(time) * 10_000) { if case .dial = action { Issue.record("dialled at \(event)") } }
        }
    }

    @Test func `when the author is away, any holder that can be reached will do`() {
        // All but the last of nine holders are unreachable, wherever it stands in the order of keys.
        for last in 1...9 {
            var net = Simulation(11)
            let log = alice.unsignedLog(5)
            net.host(alice, at: 0, [])
            net.peers[0].isUp = false
            for holder in 1...9 {
                net.give(log, to: holder)
                net.peers[holder].isUp = holder == last
            }
            net.directory[alice.account] = Array(0...9)
            net.follow(alice, at: 10)
            net.run(for: 30_000)
            #expect(net.held(alice, at: 10) == [1...5], "reachable: \(last)")
        }
    }

    @Test func `a gap that no link can fill makes it look for the author, though others serve the feed`() throws {
        var net = Simulation(3)
        let log = alice.unsignedLog(8)
        net.host(alice, at: 0, log)
        net.homes[alice.account] = [0]
        net.directory[alice.account] = [0, 1]
        // The author is away; two followers have what came before, and serve each other.
        net.peers[0].isUp = false
        net.give(log.prefix(3), to: 1)
        net.give(log.prefix(3), to: 2)
        net.follow(alice, at: 1)
        net.follow(alice, at: 2)
        net.connect(1, 2)
        net.run(for: 20_000)
        #expect(net.held(alice, at: 2) == [1...3])
        // The author is back, and the latest entry is heard in the DHT.
        net.peers[0].isUp = true
        net.give([try #require(log.last)], to: 2)
        net.tell(2, .stored([try #require(log.last)], from: nil, isNews: true))
        net.run(for: 600_000)
        #expect(net.held(alice, at: 2) == [1...8])
        #expect(net.held(alice, at: 1) == [1...8])
    }

    @Test func `what was looked up before the network was there is looked up again as soon as it is`() {
        for endsFirst in [true, false] {
            var replica = Replica(seed: 1)
            var lookups = 0
            func note(_ event: Replica.Event, _ now: Milliseconds) {
                for action in replica.handle(event, now: now) { if case .lookUp = action { lookups += 1 } }
            }
            note(.following(alice.account), 0)
            #expect(lookups == 1)
            // The first one may still be under way: then it is repeated when it has ended.
            for event in endsFirst ? [.lookupEnded(alice.account), .directoryJoined] : [.directoryJoined, .lookupEnded(alice.account)] as [Replica.Event] {
                note(event, 20)
            }
            if !endsFirst { note(.tick, 120) }
            #expect(lookups == 2)
        }
    }

    @Test func `a feed that nobody is found for is looked up less and less often`() {
        var replica = Replica(seed: 1)
        var lookups: [Milliseconds] = []
        func note(_ actions: [Replica.Action], _ now: Milliseconds) {
            for action in actions { if case .lookUp = action { lookups.append(now) } }
        }
        note(replica.handle(.following(alice.account), now: 0), 0)
        for now in stride(from: 100, through: 60 * 60 * 1_000, by: 100) as StrideThrough<Milliseconds> {
            if lookups.count > 0 { _ = replica.handle(.lookupEnded(alice.account), now: now) }
            note(replica.handle(.tick, now: now), now)
        }
        #expect((15...60).contains(lookups.count))
        #expect(zip(lookups, lookups.dropFirst()).allSatisfy { $1 - $0 <= Limits.dialBackoffMax + 100 })
    }

    @Test func `the same events give the same actions`() {
        func dials() -> [Milliseconds] {
            var net = Simulation(2, seed: 9)
            net.host(alice, at: 0, [])
            net.peers[0].isUp = false
            net.follow(alice, at: 1)
            net.run(for: 300_000)
            return net.peers[1].dials.map(\.at)
        }
        #expect(dials() == dials())
        #expect(dials().count > 5)
    }
}
