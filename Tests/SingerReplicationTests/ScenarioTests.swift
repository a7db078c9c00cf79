import Dispatch
import SingerSimulation
import Testing

/// Whole networks under faults: crashes, partitions, wrong clocks, old disks, hostile peers. `make simulate` runs larger ones.
@Suite struct ScenarioTests {
    private func report(_ seed: UInt64, peers: Int = 200) async -> Report {
        var scenario = Scenario()
        scenario.peers = peers
        scenario.seed = seed
        scenario.faultMinutes = 1
        scenario.follows = 2
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

    @Test func `one seed gives one run`() async {
        let (one, other) = (await report(7, peers: 60), await report(7, peers: 60))
        #expect(one.trace == other.trace)
        #expect(one.table == other.table)
        #expect(await one.trace != report(8, peers: 60).trace)
    }
}
