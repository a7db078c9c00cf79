import SingerCore
import Synchronization
import Testing

@testable import SingerNode

struct ClockTests {
    @Test(
        arguments: [
            ([], nil), ([0], nil), ([Limits.clockSkewMax], nil), ([Limits.clockSkewMax + 1], Limits.clockSkewMax + 1),
            ([-2 * Limits.clockSkewMax], -2 * Limits.clockSkewMax),
            // As many are right as are wrong.
            ([0, 10_000_000], nil), ([-10_000_000, 10_000_000], -10_000_000), ([0, 10_000_000, 10_000_001], 10_000_000),
            ([.min + 1, 1, 2], nil), ([.min + 1, .max], .min + 1),
        ] as [([Milliseconds], Milliseconds?)])
    func `the clock is wrong when it is not that of most peers`(offsets: [Milliseconds], ahead: Milliseconds?) {
        #expect(Node.ahead(of: offsets) == ahead)
        #expect(Node.ahead(of: offsets.reversed()) == ahead)
    }

    @Test func `people are told by how much, in words`() {
        #expect(Node.words(ofClockAhead: 11 * 60_000).hasPrefix("the clock of this peer is 11 minutes ahead of other peers'"))
        #expect(Node.words(ofClockAhead: -3 * 60 * 60_000).hasPrefix("the clock of this peer is 3 hours behind other peers'"))
        #expect(Node.words(ofClockAhead: 48 * 60 * 60_000 - 9).contains(" 2 days ahead "))
    }

    @Test func `what waits goes on when the clock is set back, and the account's record is renewed`() async throws {
        let ahead = Mutex<Milliseconds>(0)
        try await withNodes(clock: { Node.systemClock() + ahead.withLock(\.self) }) { cluster in
            let andre = try await cluster[0].register("andre")
            let (node, account) = (andre.node, andre.login.account)
            let before = await (time: node.steadyTime, version: node.recordVersion(of: account))
            ahead.withLock { $0 = -3_600_000 }
            #expect(await node.steadyTime >= before.time)
            await node.publishRecord(of: account, online: true)
            #expect(await node.recordVersion(of: account) > before.version)
        }
    }
}

extension Node {
    fileprivate func recordVersion(of account: AccountKey) -> Milliseconds { opened[account]?.recordVersion ?? 0 }
}
