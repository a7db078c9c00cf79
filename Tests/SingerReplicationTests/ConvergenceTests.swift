import SingerCore
import SingerReplication
import SingerSimulation
import SingerTesting
import Testing

/// Whatever the network does to them, replicas hold the same when it is over.
@Suite struct ConvergenceTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>) func `after the faults end everybody holds everything`(seed: UInt64) {
        let authors = (0..<4).map { TestAuthor("author\($0)") }
        let logs = authors.map { $0.unsignedLog(120) }
        var net = Simulation(5, seed: seed)
        var random = Generator(seed: seed)
        for (index, author) in authors.enumerated() { net.host(author, at: index, []) }
        for author in authors { net.directory[author.account] = Array(0..<5) }
        // Everybody follows everybody; the fifth only reads.
        for peer in 0..<5 { for (index, author) in authors.enumerated() where index != peer { net.follow(author, at: peer) } }

        net.faults = .init(lossOneIn: 10, repeatOneIn: 10, latencyMax: 300)
        var written = [0, 0, 0, 0]
        var debts: [(from: Int, debt: Replica.Debt)] = []
        for _ in 0..<150 {
            let author = random.below(4)
            if written[author] < 120, !random.oneIn(3) {
                net.publish(logs[author][written[author]], at: author)
                written[author] += 1
            }
            if random.oneIn(10) {
                let (peer, other) = (random.below(5), random.below(4))
                if peer < 4, peer != other, written[peer] > 0 {
                    let debt = Replica.Debt(entry: logs[peer][written[peer] - 1], recipient: authors[other].account)
                    if !debts.contains(where: { $0.debt == debt }) {
                        debts.append((peer, debt))
                        net.tell(peer, .owes(debt))
                    }
                }
            }
            switch random.below(12) {
            case 0: net.disconnect(random.below(5), random.below(5))
            case 1: net.walls.insert([random.below(5), random.below(5)])
            case 2: net.walls = []
            case 3: net.peers[random.below(5)].isSilent.toggle()
            default: break
            }
            net.run(for: Milliseconds(random.below(500)))
        }

        net.faults = .init()
        net.walls = []
        for peer in net.peers.indices { net.peers[peer].isSilent = false }
        net.breakAll()
        // As every peer does when it is back: it greets those who follow its accounts. Without this, two halves that each
        // serve all feeds among themselves have no reason to look for one another.
        for peer in 0..<5 { for other in 0..<4 where other != peer { net.tell(other, .greet(net.peers[peer].node, Simulation.endpoints(peer))) } }
        net.run(for: 2 * Limits.dialBackoffMax)

        for peer in 0..<5 {
            for (index, author) in authors.enumerated() where index != peer {
                #expect(net.held(author, at: peer) == [1...UInt64(written[index])], "seed \(seed): author \(index) at peer \(peer)")
                #expect(net.peers[peer].replica.isLevel(author.account), "seed \(seed)")
            }
            #expect(net.peers[peer].replica.debtCount == 0, "seed \(seed)")
            #expect(net.peers[peer].settled.count == debts.count { $0.from == peer }, "seed \(seed)")
        }
        for (_, debt) in debts {
            #expect(net.peers.contains { $0.disk.hosted[debt.recipient] != nil && $0.accepted.contains(debt.entry) }, "seed \(seed)")
        }
    }
}
