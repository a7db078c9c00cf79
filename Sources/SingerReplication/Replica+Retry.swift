import SingerCore

extension Replica {
    /// When to try something again: at once, then after a wait that doubles and is spread at random.
    struct Retry: Sendable {
        private(set) var attempts = 0
        private(set) var due: Milliseconds = 0

        func isDue(at now: Milliseconds) -> Bool { now >= due }

        mutating func failed(at now: Milliseconds, min low: Milliseconds, max high: Milliseconds, random: inout SplitMix64) {
            attempts += 1
            let wait = Swift.min(high, low << Int64(Swift.min(attempts - 1, 20)))
            // Half fixed, half random: peers that lost the same link do not all come back in the same instant.
            due = now + wait / 2 + Milliseconds(random.next() % UInt64(wait / 2 + 1))
        }

        /// It worked, and is yet to be of use: how often it failed before still counts.
        mutating func succeeded() { due = 0 }

        mutating func reset() { self = Retry() }
    }
}
