import SingerCore
import SingerSimulation
import Testing

@testable import SingerReplication

@Suite struct TiesTests {
    private func key<Role>(_ number: Int) -> Bytes32<Role> {
        guard let key = Bytes32<Role>((0..<32).map { UInt8(truncatingIfNeeded: (number >> ($0 % 2 * 8)) &* 31 &+ $0 &* 7) }) else {
            preconditionFailure("it has 32 bytes")
        }
        return key
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func `what is kept by feed and by peer is what a walk over all links finds`(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let accounts: [AccountKey] = (0..<12).map { key($0) }
        let nodes: [NodeKey] = (0..<8).map { key(100 + $0) }
        var ties = Ties()
        // The plain form: a table for each link.
        var links: [NodeKey: [AccountKey: Ties.Tie]] = [:]
        for _ in 0..<3_000 {
            let (node, account) = (nodes[random.below(nodes.count)], accounts[random.below(accounts.count)])
            let (subscribes, offers, gives) = (random.oneIn(2), random.oneIn(2), random.oneIn(2))
            func set(_ tie: inout Ties.Tie) {
                tie.isSubscriber = subscribes
                tie.offer = offers ? [key(7): SequenceSet([1...9])] : nil
                tie.source = gives ? .eager : nil
            }
            switch random.below(20) {
            case 0:
                ties.join(node)
                links[node] = [:]
            case 1:
                let said = ties.leave(node)
                #expect(said.keys.sorted() == (links.removeValue(forKey: node) ?? [:]).keys.sorted())
            default:
                ties.change(account, node, set)
                if links[node] != nil {
                    set(&links[node, default: [:]][account, default: Ties.Tie()])
                    if !subscribes, !offers, !gives { links[node]?[account] = nil }
                }
            }
            for account in accounts {
                let walk = links.filter { $0.value[account]?.isSubscriber == true }.keys.sorted()
                #expect(ties.subscribers(of: account) == walk)
                #expect(ties[account].keys.sorted() == links.filter { $0.value[account] != nil }.keys.sorted())
            }
            for node in nodes {
                #expect(ties.feeds(of: node) == Set((links[node] ?? [:]).keys))
                #expect(ties.counts(of: node).subscriptions == (links[node] ?? [:]).values.count(where: \.isSubscriber))
                #expect(ties.counts(of: node).offers == (links[node] ?? [:]).values.count { $0.offer != nil })
            }
        }
    }

    @Test func `a peer that offers more ranges than a link may is believed no more, and what it takes back makes room`() {
        var ties = Ties()
        let node: NodeKey = key(1)
        ties.join(node)
        let scattered = SequenceSet((0..<UInt64(Limits.rangesMax)).map { $0 * 2...$0 * 2 })
        let count = Limits.offeredRangesMax / Limits.rangesMax
        for number in 0...count { ties.change(key(1_000 + number), node) { $0.offer = [key(7): scattered] } }
        #expect(ties[key(1_000 + count - 1), node]?.offer != nil)
        #expect(ties[key(1_000 + count), node] == nil)
        #expect(ties.counts(of: node).offers == count)
        ties.change(key(1_000), node) { $0.offer = [key(7): SequenceSet([1...9])] }
        ties.change(key(1_000 + count), node) { $0.offer = [key(7): SequenceSet([1...9])] }
        #expect(ties[key(1_000 + count), node]?.offer != nil)
    }

    @Test func `what a replica knows of holders is the same from either side, after a network under faults`() {
        var scenario = Scenario()
        scenario.peers = 40
        scenario.faultMinutes = 1
        var trial = Trial(scenario)
        trial.run()
        for peer in trial.net.peers {
            let replica = peer.replica
            for (account, feed) in replica.feeds {
                let walk = replica.nodes.filter { $0.value.feeds.contains(account) }.keys.sorted()
                #expect(feed.holders.sorted() == walk)
                #expect(!feed.debts.isEmpty == replica.owing.contains(account))
            }
            for (node, _) in replica.links { #expect(replica.ties.feeds(of: node).allSatisfy { replica.ties[$0, node] != nil }) }
        }
    }
}
