/// A bucket of tokens: so many at once, so many a second.
struct TokenBucket: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: ContinuousClock.Instant

    init(perSecond: Int, burst: Int) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        tokens = Double(burst)
        last = .now
    }

    /// Takes tokens, and says how long to wait before going on: zero while there were enough.
    mutating func take(_ count: Int, at now: ContinuousClock.Instant = .now) -> Duration {
        tokens = min(burst, tokens + (now - last) / .seconds(1) * perSecond) - Double(count)
        last = now
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }
}
