public import SingerCore

/// Decides what a peer fetches, sends and retries: who is missing what, whom to ask, when to try again.
///
/// A pure state machine: `handle(event, now)` returns actions, and nothing else ever happens here. Time comes in as a
/// parameter. The same events give the same actions, so that a simulator can run thousands of these.
public struct Replica: Sendable {
    var feeds: [AccountKey: Feed] = [:]
    var nodes: [NodeKey: NodeState] = [:]
    var links: [NodeKey: Link] = [:]
    var debts: [Debt.Key: DebtState] = [:]
    /// Accounts for which no link is up that would do: all that the timer has to look for.
    var unserved: Set<AccountKey> = []
    /// Feeds with ranges under way, and feeds that are only visited: all that the timer has to check.
    var fetching: Set<AccountKey> = []
    var visited: Set<AccountKey> = []
    var random: SplitMix64

    /// - Parameter seed: spreads retries; the same seed gives the same run.
    public init(seed: UInt64) { random = SplitMix64(state: seed) }

    /// What is known of one account's logs, and who has them.
    struct Feed: Sendable {
        var isHosted = false
        var isFollowed = false
        /// Somebody looks at it, until then.
        var visitedUntil: Milliseconds = 0
        var logs: [DeviceKey: Log] = [:]
        /// Peers that serve the account itself.
        var homes: Set<NodeKey> = []
        /// Peers that are said to hold the feed, homes among them.
        var holders: Set<NodeKey> = []
        /// How many debts wait for the account's peer.
        var debts = 0
        var lookup = Retry()
        var isLookingUp = false

        func isWanted(at now: Milliseconds) -> Bool { isFollowed || visitedUntil > now }
    }

    struct Log: Sendable {
        var held = SequenceSet()
        /// The lowest sequence number that is wanted; older entries come when they are asked for. `nil` until a holder
        /// says how long the log is.
        var floor: UInt64?
        /// Ranges that were asked for and have not come.
        var asked: [Want: Asked] = [:]
        /// Ranges that have come and are being committed: not asked for again, unless the store does not take them.
        var coming: [ClosedRange<UInt64>: Asked] = [:]

        struct Asked: Sendable {
            let node: NodeKey
            let deadline: Milliseconds
        }
    }

    struct Link: Sendable {
        /// Feeds whose news the other side wants.
        var subscriptions: Set<AccountKey> = []
        /// What the other side said it holds, less what it turned out not to give.
        var offers: [AccountKey: [DeviceKey: SequenceSet]] = [:]
        var wantsUnderWay = 0
    }

    struct NodeState: Sendable {
        var endpoints: [Endpoint]
        var isDialling = false
        var retry = Retry()
    }

    struct DebtState: Sendable {
        let debt: Debt
        var retry = Retry()
    }

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

        mutating func reset() { self = Retry() }
    }

    /// How long a range may be under way before it is asked for elsewhere, and a delivery before it is sent again.
    static let answerTimeout: Milliseconds = 5_000
    static let receiptTimeout: Milliseconds = 5_000
    static let visitTime: Milliseconds = 10 * 60 * 1_000

    /// Takes what happened and says what to do now.
    public mutating func handle(_ event: Event, now: Milliseconds) -> [Action] {
        switch event {
        case .hosting(let account): return host(account)
        case .interest(let account):
            if feeds[account] == nil { feeds[account] = Feed() }
            return []
        case .following(let account): return follow(account, now: now)
        case .unfollowed(let account): return unfollow(account, now: now)
        case .visiting(let account): return visit(account, now: now)
        case .wantsOlder(let account, let entries): return wantOlder(account, entries, now: now)
        case .holding(let account, let device, let held):
            feeds[account, default: Feed()].logs[device, default: Log()].held = held
            return []
        case .contact(let contact): return learn(contact, now: now)
        case .lookupEnded(let account):
            feeds[account]?.isLookingUp = false
            return []
        case .linkUp(let node): return linkUp(node, now: now)
        case .linkDown(let node): return linkDown(node, now: now)
        case .dialFailed(let node): return dialFailed(node, now: now)
        case .received(let message, let node): return receive(message, from: node, now: now)
        case .stored(let entries, let node, let isNews): return stored(entries, from: node, isNews: isNews, now: now)
        case .known(let entries): return known(entries, now: now)
        case .greet(let node, let endpoints): return greet(node, endpoints)
        case .owes(let debt): return owe(debt, now: now)
        case .recordChanged(let account, let source):
            return subscribers(of: account).filter { $0 != source }.map { .sendRecord(account, to: $0) }
        case .tick: return tick(now: now)
        }
    }

    /// Whether the timer is needed: something will be due that no event brings.
    public var hasWork: Bool { !unserved.isEmpty || !debts.isEmpty || !fetching.isEmpty || !visited.isEmpty }

    /// The number of entries that wait for somebody's receipt.
    public var debtCount: Int { debts.count }

    /// Whether nothing of the feed is missing that some link could give.
    public func isLevel(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return true }
        return feed.logs.values.allSatisfy { $0.asked.isEmpty }
            && links.values.allSatisfy { link in
                (link.offers[account] ?? [:]).allSatisfy { device, offer in
                    guard let log = feed.logs[device], let floor = log.floor, let last = offer.last, last >= floor else { return offer.isEmpty }
                    return log.held.missing(in: floor...last).allSatisfy { offer.intersection($0).isEmpty }
                }
            }
    }

    /// Whether anything is wanted of, or owed to, an account.
    public func knows(_ account: AccountKey) -> Bool { feeds[account] != nil }

    /// Whether entries of an account's logs are wanted here.
    public func wants(_ account: AccountKey, at now: Milliseconds) -> Bool { feeds[account].map { $0.isWanted(at: now) && !$0.isHosted } ?? false }

    /// Whether a log of the feed begins before what is held of it.
    public func hasOlder(_ account: AccountKey) -> Bool {
        feeds[account]?.logs.values.contains { ($0.held.first ?? 1) > 1 || $0.held.ranges.count > 1 } ?? false
    }

    /// Whether a link is up to a peer that holds the feed.
    ///
    /// The account's own peer does so even with an empty log; others only with what they have.
    public func isServed(_ account: AccountKey) -> Bool {
        links.contains { node, link in
            guard let offer = link.offers[account] else { return false }
            return feeds[account]?.homes.contains(node) == true || offer.values.contains { !$0.isEmpty }
        }
    }

    /// The links that want the news of a feed.
    public func subscribers(of account: AccountKey) -> [NodeKey] {
        links.filter { $0.value.subscriptions.contains(account) }.keys.sorted()
    }

    /// The feeds whose news a link wants.
    public func subscriptions(of node: NodeKey) -> Int { links[node]?.subscriptions.count ?? 0 }
}

/// A small generator with a state of one word (Steele, Lea, Flood 2014): the same seed, the same numbers, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    public init(state: UInt64) { self.state = state }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
