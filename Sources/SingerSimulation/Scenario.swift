public import SingerCore

/// What a simulated network goes through. Everything follows from these numbers and the seed.
public struct Scenario: Sendable {
    public var peers = 200
    public var seed: UInt64 = 1
    /// How long the network is bad, in virtual minutes.
    public var faultMinutes = 5
    /// How long it may take to settle when it is good again.
    public var settleMinutesMax = 60
    /// Accounts that each account follows, besides the celebrity.
    public var follows = 4
    /// Posts of the celebrity, and entries of all others together, in a virtual minute.
    public var celebrityPostsPerMinute = 6
    public var entriesPerMinute = 60
    /// Of a hundred peers so many are hostile.
    public var hostilePercent = 5
    /// Faults can be left out, to measure a network in good order.
    public var hasFaults = true
    public var clockSkewMax: Milliseconds = 5 * 60 * 1_000

    public init() {}

    /// Unix time at which every run begins.
    static let start: Milliseconds = 1_750_000_000_000
    /// Peers start within this time.
    static let warmUp: Milliseconds = 60_000
}
