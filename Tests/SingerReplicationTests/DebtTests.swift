import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

@Suite struct DebtTests {
    let bob = TestAuthor("bob")
    let debt: Replica.Debt

    init() {
        var alice = TestAuthor("alice")
        debt = Replica.Debt(entry: alice.follow(bob), recipient: bob.account)
    }

    @Test func `what is owed to somebody online is delivered and settled once`() {
        var net = Simulation(2)
        net.host(bob, at: 1, [])
        net.tell(0, .owes(debt))
        net.tell(0, .owes(debt))
        net.run(for: 30_000)
        #expect(net.peers[1].accepted == [debt.entry])
        #expect(net.peers[0].settled == [debt])
        #expect(net.peers[0].replica.debtCount == 0)
        #expect(!net.peers[0].replica.hasWork)
    }

    @Test func `what one peer of an account is told, its other peers hear from that one`() {
        var net = Simulation(3)
        net.host(bob, at: 1, [])
        net.host(TestAuthor("bob", device: "second"), at: 2, [])
        net.run(for: 1_000)
        net.tell(0, .owes(debt))
        net.run(for: 5_000)
        for peer in 1...2 { #expect(net.peers[peer].accepted == [debt.entry], "peer \(peer)") }
        #expect(net.peers[0].settled == [debt])
    }

    @Test func `what is owed to somebody offline is kept until they come`() {
        var net = Simulation(2)
        net.host(bob, at: 1, [])
        net.peers[1].isUp = false
        net.tell(0, .owes(debt))
        net.run(for: 10 * 60 * 1_000)
        #expect(net.peers[0].settled.isEmpty)
        #expect(net.peers[0].replica.hasWork)
        net.peers[1].isUp = true
        net.run(for: Limits.dialBackoffMax + 1_000)
        #expect(net.peers[0].settled == [debt])
    }

    @Test func `a delivery without a receipt is sent again`() {
        var net = Simulation(2, seed: 3)
        net.host(bob, at: 1, [])
        net.faults.lossOneIn = 2
        net.tell(0, .owes(debt))
        net.run(for: 30 * 60 * 1_000)
        #expect(net.peers[0].settled == [debt])
        #expect(net.peers[1].accepted == [debt.entry])
    }

    @Test func `a recipient that has moved is found where it is now`() {
        var net = Simulation(3)
        net.host(bob, at: 1, [])
        net.evict(bob.account, from: 1)
        net.tell(0, .owes(debt))
        net.run(for: 1_000)
        #expect(net.peers[0].settled.isEmpty)
        net.host(bob, at: 2, [])
        net.directory[bob.account] = [2]
        net.run(for: Limits.dialBackoffMax + 1_000)
        #expect(net.peers[2].accepted == [debt.entry])
        #expect(net.peers[0].settled == [debt])
    }

    @Test func `a receipt from a peer that is no home of the recipient settles nothing`() {
        var replica = Replica(seed: 1)
        let (home, stranger) = (Simulation.node(0), Simulation.node(1))
        _ = replica.handle(.owes(debt), now: 0)
        _ = replica.handle(.contact(.init(account: bob.account, node: home, endpoints: Simulation.endpoints(0), isHome: true)), now: 0)
        _ = replica.handle(.linkUp(stranger, []), now: 0)
        _ = replica.handle(.linkUp(home, []), now: 0)
        let receipt = Replica.Message.receipt(debt.entry.id, recipient: bob.account, isUnknown: false)
        #expect(replica.handle(.received(receipt, from: stranger), now: 1).isEmpty)
        #expect(replica.debtCount == 1)
        #expect(replica.handle(.received(receipt, from: home), now: 1).count == 1)
        #expect(replica.debtCount == 0)
        #expect(replica.handle(.received(receipt, from: home), now: 2).isEmpty)
    }

    @Test func `debts are delivered in the order in which they were written`() {
        var net = Simulation(2)
        var alice = TestAuthor("alice")
        net.host(bob, at: 1, [])
        net.peers[1].isUp = false
        let entries = (0..<20).map { $0 % 2 == 0 ? alice.follow(bob) : alice.unfollow(bob) }
        for entry in entries.shuffled(using: &net.random) { net.tell(0, .owes(.init(entry: entry, recipient: bob.account))) }
        net.run(for: 5_000)
        net.peers[1].isUp = true
        net.run(for: Limits.dialBackoffMax)
        #expect(net.peers[1].accepted == entries)
        #expect(net.peers[0].settled.count == 20)
    }

    /// Owes bob so many entries; his home is known.
    private func owe(_ count: Int, at home: NodeKey, _ replica: inout Replica) -> [Entry] {
        var alice = TestAuthor("alice")
        let entries = (0..<count).map { $0 % 2 == 0 ? alice.follow(bob) : alice.unfollow(bob) }
        for entry in entries { _ = replica.handle(.owes(.init(entry: entry, recipient: bob.account)), now: 0) }
        _ = replica.handle(.contact(.init(account: bob.account, node: home, endpoints: Simulation.endpoints(0), isHome: true)), now: 0)
        return entries
    }

    @Test func `a link is given no more debts at once than it takes, and the others as they are acknowledged`() {
        var replica = Replica(seed: 1)
        let home = Simulation.node(0)
        let entries = owe(1_000, at: home, &replica)
        func delivered(_ actions: [Replica.Action]) -> [Entry] {
            actions.compactMap { if case .send(.delivery(let debt), to: home) = $0 { debt.entry } else { nil } }
        }
        var sent = delivered(replica.handle(.linkUp(home, []), now: 1))
        #expect(sent.count == 256)
        var acknowledged = 0
        while acknowledged < sent.count {
            let receipt = Replica.Message.receipt(sent[acknowledged].id, recipient: bob.account, isUnknown: false)
            sent += delivered(replica.handle(.received(receipt, from: home), now: 2))
            acknowledged += 1
            #expect(sent.count - acknowledged <= 256)
        }
        #expect(sent == entries)
        #expect(replica.debtCount == 0)
    }

    @Test func `of many debts to one account the oldest are kept, and the store is asked for the others in time`() {
        var replica = Replica(seed: 1)
        let home = Simulation.node(0)
        let entries = owe(2_500, at: home, &replica)
        #expect(replica.debtCount == Replica.debtsMax)
        var delivered: Set<EntryID> = []
        var settled: Set<EntryID> = []
        var actions = replica.handle(.linkUp(home, []), now: 1)
        while !actions.isEmpty {
            let action = actions.removeFirst()
            switch action {
            case .send(.delivery(let debt), to: home):
                delivered.insert(debt.entry.id)
                actions += replica.handle(.received(.receipt(debt.entry.id, recipient: bob.account, isUnknown: false), from: home), now: 2)
            case .settle(let debt): settled.insert(debt.entry.id)
            case .recallDebts(bob.account):
                for entry in entries.filter({ !settled.contains($0.id) }).prefix(Replica.debtsMax + 1) {
                    actions += replica.handle(.owes(.init(entry: entry, recipient: bob.account)), now: 2)
                }
            default: break
            }
            #expect(replica.debtCount <= Replica.debtsMax)
        }
        #expect(delivered.count == entries.count && settled == delivered)
    }

    @Test func `debts that nobody acknowledges do not keep others back`() {
        var replica = Replica(seed: 1)
        let home = Simulation.node(0)
        _ = owe(400, at: home, &replica)
        _ = replica.handle(.linkUp(home, []), now: 1)
        var sent: Set<EntryID> = []
        for time in 1...60 {
            for action in replica.handle(.tick, now: Milliseconds(time) * 1_000) {
                if case .send(.delivery(let debt), to: home) = action { sent.insert(debt.entry.id) }
            }
        }
        #expect(sent.count == 400)
    }
}
