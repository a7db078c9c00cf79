/// How much work of one sort is done in a time: it refills steadily, and never holds more than its burst.
public struct TokenBucket: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: ContinuousClock.Instant

    public init(perSecond: Double, burst: Double, now: ContinuousClock.Instant) {
        self.perSecond = perSecond
        self.burst = burst
        tokens = burst
        last = now
    }

    /// Takes `count` tokens if there are as many.
    public mutating func take(_ count: Int, now: ContinuousClock.Instant) -> Bool {
        refill(now)
        guard tokens >= Double(count) else { return false }
        tokens -= Double(count)
        return true
    }

    /// Takes `count` tokens in any case, and says how long to wait until the debt is paid: zero while there were enough.
    public mutating func charge(_ count: Int, now: ContinuousClock.Instant) -> Duration {
        refill(now)
        tokens -= Double(count)
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }

    /// Whether nothing is known of it that a new one would not have.
    public func isFull(at now: ContinuousClock.Instant) -> Bool {
        var copy = self
        copy.refill(now)
        return copy.tokens >= burst
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        guard now > last else { return }
        tokens = min(burst, tokens + (now - last) / .seconds(1) * perSecond)
        last = now
    }
}
