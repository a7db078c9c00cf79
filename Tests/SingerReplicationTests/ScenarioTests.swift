import SingerSimulation
import Testing

/// Whole networks under faults: crashes, partitions, wrong clocks, old disks, hostile peers. `make simulate` runs larger ones.
@Suite struct ScenarioTests {
    private func report(_ seed: UInt64, peers: Int = 200, change: (inout Scenario) -> Void = { _ in }) -> Report {
        var scenario = Scenario()
        scenario.peers = peers
        scenario.seed = seed
        scenario.faultMinutes = 1
        scenario.follows = 2
        change(&scenario)
        var trial = Trial(scenario)
        trial.run()
        return Report(trial)
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>) func `all rules hold under faults`(seed: UInt64) {
        let report = report(seed)
        #expect(report.isGood, "singer-sim --peers 200 --seed \(seed) --minutes 1 --follows 2: \(report.failures)")
    }

    @Test func `one seed gives one run`() {
        let (one, other) = (report(7, peers: 60), report(7, peers: 60))
        #expect(one.trace == other.trace)
        #expect(one.table == other.table)
        #expect(one.trace != report(8, peers: 60).trace)
    }
}
