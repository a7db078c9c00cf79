import ArgumentParser
import SingerCore
import SingerSimulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs the replication of a whole network in one process, in virtual time, and says whether it kept its promises.
@main struct SingerSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "singer-sim",
        abstract: "Simulates a Singer network under faults.",
        discussion: """
            Every peer runs the replication of singerd on a disk in memory; links, clocks, crashes and hostile peers are simulated, in \
            virtual time. Half of the peers follow one author, who posts every ten seconds; besides, each follows a few others, chosen at \
            random. Peers start within a minute, live through five minutes of crashes, broken and slow links, partitions, wrong clocks and \
            disks put back to older copies, and then have to settle. 10,000 peers take \
            minutes and 2 GiB.

            One seed gives one run. Ends with 0 when all rules held, else with 1 and the command that repeats the run.
            """)

    @Option(help: "Peers, each with an account.") var peers = 200
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Runs, with one seed after the other.") var runs = 1
    @Option(help: "Virtual minutes for which the network is bad.") var minutes = 5
    @Option(help: "Virtual minutes in which it has to settle.") var settle = 60
    @Option(help: "Accounts that each account follows, besides the one that half of them follow.") var follows = 4
    @Option(help: "Posts of that one account in a virtual minute.") var posts = 6
    @Option(help: "Entries of all others together in a virtual minute.") var entries = 60
    @Option(help: "Hostile peers in a hundred.") var hostile = 5
    @Flag(help: "Leave out the faults, but not the hostile peers.") var calm = false
    @Flag(help: "Say nothing until the end.") var quiet = false

    mutating func validate() throws {
        guard peers >= 3, peers <= 100_000 else { throw ValidationError("--peers is a number from 3 to 100000") }
        guard runs >= 1, minutes >= 1, settle >= 1, follows >= 0, posts >= 1, entries >= 1, (0...50).contains(hostile) else {
            throw ValidationError("a number is out of its range")
        }
    }

    mutating func run() throws {
        for seed in seed..<(seed + UInt64(runs)) {
            var scenario = Scenario()
            scenario.peers = peers
            scenario.seed = seed
            scenario.faultMinutes = minutes
            scenario.settleMinutesMax = settle
            scenario.follows = follows
            scenario.celebrityPostsPerMinute = posts
            scenario.entriesPerMinute = entries
            scenario.hostilePercent = hostile
            scenario.hasFaults = !calm
            var trial = Trial(scenario)
            let isQuiet = quiet
            trial.run { if !isQuiet { Self.say($0) } }
            let report = Report(trial)
            print("seed \(seed)\n\(report.table)")
            guard !report.isGood else { continue }
            for failure in report.failures { print("FAILED: \(failure)") }
            print(
                "repeat with: singer-sim --peers \(peers) --seed \(seed) --minutes \(minutes) --settle \(settle) --follows \(follows) "
                    + "--posts \(posts) --entries \(entries) --hostile \(hostile)\(calm ? " --calm" : "")")
            throw ExitCode.failure
        }
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
