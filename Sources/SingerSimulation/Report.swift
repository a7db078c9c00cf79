/// What came out of a run.
public struct Report: Sendable {
    public let isGood: Bool
    /// Broken rules, and what has not settled.
    public let failures: [String]
    public let trace: UInt64
    public let rows: [(name: String, value: String)]

    public init(_ trial: Trial) {
        let audit = trial.net.audit ?? Audit(peers: 0)
        failures = audit.violations + trial.unsettled + (trial.settledAfter == nil ? ["not settled in time"] : [])
        isGood = failures.isEmpty
        trace = trial.net.trace
        let delays = audit.delays.sorted()
        let traffic = trial.net.traffic
        let pushes = traffic.homePushes.values.sorted()
        let copies = traffic.homeCopies.values.sorted()
        rows = [
            ("peers", "\(trial.scenario.peers), of them hostile \(trial.net.peers.count { $0.mischief != nil })"),
            ("followers of the one author", "\(trial.net.directory[trial.celebrity.account]?.count ?? 0)"),
            ("crashes, partitions, disks put back", "\(trial.crashes), \(trial.partitions), \(trial.restores)"),
            ("devices that forked after that", "\(audit.forked.count)"),
            ("posts", "\(trial.posts)"),
            ("deliveries", "\(audit.deliveries)"),
            ("hops, p50 and p99", "\(Self.percentile(audit.hops, 50)), \(Self.percentile(audit.hops, 99))"),
            ("delay, p50 and p99", "\(Self.at(delays, 50)) ms, \(Self.at(delays, 99)) ms"),
            ("copies pushed by the one author, p50 and most", "\(Self.at(pushes, 50)), \(pushes.last ?? 0)"),
            ("copies sent by the one author, p50 and most", "\(Self.at(copies, 50)), \(copies.last ?? 0)"),
            ("bytes for each delivered post", "\(traffic.honest.values.reduce(0, +) / max(1, audit.deliveries))"),
            ("of these", Self.shares(traffic.honest, of: audit.deliveries)),
            ("bytes that hostile peers sent for it", "\((traffic.bytes - traffic.honest.values.reduce(0, +)) / max(1, audit.deliveries))"),
            ("messages, refused, links overrun", "\(traffic.messages), \(traffic.refused), \(traffic.overflows)"),
            ("time to converge", trial.settledAfter.map { "\($0 / 1_000) s" } ?? "not in \(trial.scenario.settleMinutesMax) minutes"),
            ("trace", String(trace, radix: 16)),
        ]
    }

    public var table: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { $0.name + String(repeating: " ", count: width + 2 - $0.name.count) + $0.value }.joined(separator: "\n")
    }

    private static func shares(_ bytes: [String: Int], of deliveries: Int) -> String {
        bytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value / max(1, deliveries))" }.joined(separator: ", ")
    }

    private static func at(_ sorted: [Int], _ percent: Int) -> Int { sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)] }

    private static func percentile(_ histogram: [Int], _ percent: Int) -> Int {
        let wanted = histogram.reduce(0, +) * percent / 100
        var seen = 0
        for (value, count) in histogram.enumerated() {
            seen += count
            if seen > wanted { return value }
        }
        return 0
    }
}
