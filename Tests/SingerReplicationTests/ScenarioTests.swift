import Dispatch
import SingerSimulation
import Testing

/// Whole networks under faults: crashes, partitions, wrong clocks, old disks, hostile peers. `make simulate` runs larger ones.
@Suite struct ScenarioTests {
    private func report(_ seed: UInt64, peers: Int = 200, minutes: Int = 1, follows: Int = 2) async -> Report {
        var scenario = Scenario()
        scenario.peers = peers
        scenario.seed = seed
        scenario.faultMinutes = minutes
        scenario.follows = follows
        // Not on the threads that all other tests share: it calculates for seconds without a pause.
        return await withCheckedContinuation { [scenario] continuation in
            DispatchQueue.global().async {
                var trial = Trial(scenario)
                trial.run()
                continuation.resume(returning: Report(trial))
            }
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>) func `all rules hold under faults`(seed: UInt64) async {
        let report = await report(seed)
        #expect(report.isGood, "singer-sim --peers 200 --seed \(seed) --minutes 1 --follows 2: \(report.failures)")
    }

    /// 22: of a post whose text was kept back the text was not asked for where it was announced.
    @Test func `texts that were kept back come after all`() async {
        let report = await report(22)
        #expect(report.isGood, "singer-sim --peers 200 --seed 22 --minutes 1 --follows 2: \(report.failures)")
    }

    /// 13: a follow from a device whose clock was ahead outlasted the UNFOLLOW after it.
    @Test(arguments: [13] as [UInt64]) func `what failed once holds now`(seed: UInt64) async {
        let report = await report(seed, minutes: 5, follows: 4)
        #expect(report.isGood, "singer-sim --peers 200 --seed \(seed): \(report.failures)")
    }

    @Test func `one seed gives one run`() async {
        let (one, other) = (await report(7, peers: 60), await report(7, peers: 60))
        #expect(one.trace == other.trace)
        #expect(one.table == other.table)
        #expect(await one.trace != report(8, peers: 60).trace)
    }
}
