/// How long to wait before the next attempt: twice as long each time, up to a bound, and never all clients at once.
package struct Backoff {
    package static let first = Duration.milliseconds(250)
    package static let longest = Duration.seconds(20)

    private var attempts = 0

    package init() {}

    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let whole = min(Self.first * (1 << min(attempts, 10)), Self.longest)
        attempts += 1
        return whole * Double.random(in: 0.5...1, using: &generator)
    }

    package mutating func reset() { attempts = 0 }
}
