/// How much work of one sort is done in a time: it refills steadily, and never holds more than its burst.
struct TokenBucket: Sendable {
    let perSecond: Double
    let burst: Double
    private var tokens: Double
    private var last: ContinuousClock.Instant

    init(perSecond: Double, burst: Double, now: ContinuousClock.Instant) {
        self.perSecond = perSecond
        self.burst = burst
        tokens = burst
        last = now
    }

    /// Takes `count` tokens if there are as many.
    mutating func take(_ count: Int, now: ContinuousClock.Instant) -> Bool {
        if now > last {
            tokens = min(burst, tokens + (now - last) / .seconds(1) * perSecond)
            last = now
        }
        guard tokens >= Double(count) else { return false }
        tokens -= Double(count)
        return true
    }
}
