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
    /// Feeds of which more would be asked for if those who have it were not busy.
    var stalled: Set<AccountKey> = []
    /// Feeds with entries that lazy links have yet to be told of, and feeds with announced entries that have yet to come.
    var announcing: Set<AccountKey> = []
    var awaiting: Set<AccountKey> = []
    /// Links on which one side was referred to others: closed before long, unless something else goes over them.
    var spare: Set<NodeKey> = []
    /// Followed feeds that do not come from their home: when each looks for one more peer.
    var rewiring: [AccountKey: Milliseconds] = [:]
    /// What peers without a link said over the last one, oldest first.
    var remembered: [NodeKey: Memory] = [:]
    var rememberedOrder: [NodeKey] = []
    var random: SplitMix64
    /// Chooses among peers that are as good as each other, for every replica in another way.
    let salt: UInt64

    /// - Parameter seed: spreads retries; the same seed gives the same run.
    public init(seed: UInt64) {
        random = SplitMix64(state: seed)
        salt = random.next()
    }

    /// What is known of one account's logs, and who has them.
    struct Feed: Sendable {
        /// An account of this peer: what its other devices write is wanted, too.
        var isHosted = false
        /// The device of a hosted account that writes here.
        var own: DeviceKey?
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
        /// Subscribers that get news whole and at once; all others are told of it.
        var eager: Set<NodeKey> = []
        /// Who was the first to push the latest news.
        var parent: NodeKey?
        /// What lazy links have yet to be told of.
        var unannounced: [DeviceKey: SequenceSet] = [:]
        /// Holders that others were so kind as to name, latest last.
        var referred: [NodeKey] = []
        /// Homes that have enough subscribers without this peer.
        var refusals: Set<NodeKey> = []
        /// Since when a link is wanted that is not up.
        var seekingSince: Milliseconds?
        /// What peers said they hold of a hosted feed.
        var witnesses: [NodeKey: [DeviceKey: SequenceSet]] = [:]

        func isWanted(at now: Milliseconds) -> Bool { isHosted || isFollowed || visitedUntil > now }
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
        /// Ranges that were announced: an eager link has until the deadline to bring them, then they are asked for.
        var awaited: [ClosedRange<UInt64>: Asked] = [:]
        /// Posts that are held without their bodies, although nobody is known to have deleted them: asked for again.
        var bodiless = SequenceSet()
        /// The device wrote two logs: nothing more of it is fetched, taken or passed on.
        var proof: Equivocation?

        /// What is held in full: what can be given to others, and need not be asked for.
        var whole: SequenceSet { held.subtracting(bodiless) }

        struct Asked: Sendable {
            let node: NodeKey
            let since: Milliseconds
            let deadline: Milliseconds

            init(node: NodeKey, since: Milliseconds, wait: Milliseconds = Replica.answerTimeout) {
                self.node = node
                self.since = since
                deadline = since + wait
            }
        }
    }

    struct Link: Sendable {
        let since: Milliseconds
        /// Feeds whose news the other side wants.
        var subscriptions: Set<AccountKey> = []
        /// How the other side gives the news of feeds that are wanted here.
        var sources: [AccountKey: Source] = [:]
        /// What the other side said it holds, less what it turned out not to give.
        var offers: [AccountKey: [DeviceKey: SequenceSet]] = [:]
        /// Feeds whose account records the other side was sent over this link, or over the one before.
        var recordsSent: Set<AccountKey> = []
        /// Feeds whose quarantined devices the other side was told of.
        var proofsSent: Set<AccountKey> = []
        /// Feeds that the other side was told are not wanted, because news of them came.
        var declined: Set<AccountKey> = []
        var wantsUnderWay = 0
        /// Since when nothing has been heard of the other side, although requests may be under way.
        var waitingSince: Milliseconds = 0

        /// Whether news of the feed comes this way, whole or announced.
        func gives(_ account: AccountKey) -> Bool {
            switch sources[account] {
            case .eager, .lazy: true
            case .refused, nil: false
            }
        }
    }

    enum Source: Sendable {
        case eager, lazy
        /// It has too many subscribers.
        case refused
    }

    struct NodeState: Sendable {
        var endpoints: [Endpoint]
        /// Since when a dial has been under way.
        var dialledAt: Milliseconds?
        var retry = Retry()

        var isDialling: Bool { dialledAt != nil }
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

    /// How long a range may be under way before it is given up, and a delivery before it is sent again.
    static let answerTimeout: Milliseconds = 5_000
    static let receiptTimeout: Milliseconds = 5_000
    /// How long a range may be under way before others that offer it are asked as well.
    static let patience: Milliseconds = 1_000
    /// How many peers that answer are asked for what they have of a feed before nobody else is looked for.
    static let sourcesEnough = 3
    /// How long the home of a feed may take to answer a dial before others are dialled.
    static let homeDialPatience: Milliseconds = 300
    /// How long a dial may take before it stands in the way of no other: a process that hangs takes ten seconds to fail.
    static let dialPatience: Milliseconds = 1_000
    /// Dials to holders of one feed under way.
    static let dialsMax = 8
    static let visitTime: Milliseconds = 10 * 60 * 1_000
    /// News for lazy links is collected for so long.
    static let announceDelay: Milliseconds = 100
    /// How long an announced entry may take to come by the tree: a few hops more than it took to be announced.
    static let graftTimeout: Milliseconds = 600
    /// A link whose subscriber was referred to others stays up for so long: what it asked for meanwhile gets through.
    static let spareTime: Milliseconds = 10_000
    /// How often a follower that is not linked to the feed's home looks for one more peer: what keeps the overlay in one piece.
    static let rewireTime: Milliseconds = 10 * 60 * 1_000

    /// Takes what happened and says what to do now.
    public mutating func handle(_ event: Event, now: Milliseconds) -> [Action] {
        switch event {
        case .hosting(let account, let device): return host(account, device, now: now)
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
        case .linkUp(let node, let endpoints): return linkUp(node, endpoints, now: now)
        case .linkDown(let node): return linkDown(node, now: now)
        case .dialFailed(let node): return dialFailed(node, now: now)
        case .received(let message, let node): return receive(message, from: node, now: now)
        case .stored(let entries, let node, let isNews): return stored(entries, from: node, isNews: isNews, now: now)
        case .known(let entries): return known(entries, now: now)
        case .withheld(let account, let logs): return withheld(account, logs, now: now)
        case .greet(let node, let endpoints): return greet(node, endpoints, now: now)
        case .owes(let debt): return owe(debt, now: now)
        case .recordChanged(let account, let source): return recordChanged(account, from: source)
        case .remembered(let node, let memory):
            if links[node] == nil { remember(memory, of: node) }
            return []
        case .equivocated(let proof, let node): return equivocated(proof, from: node)
        case .tick: return tick(now: now)
        }
    }

    /// Whether the timer is needed: something will be due that no event brings.
    public var hasWork: Bool {
        !unserved.isEmpty || !debts.isEmpty || !fetching.isEmpty || !visited.isEmpty || !announcing.isEmpty || !awaiting.isEmpty || !spare.isEmpty
            || !rewiring.isEmpty
    }

    /// When the next tick is of use; `nil` while nothing will be due that no event brings.
    public func nextTick(after now: Milliseconds) -> Milliseconds? {
        if !announcing.isEmpty || !awaiting.isEmpty || !fetching.isEmpty { return now + Self.announceDelay }
        // Where very many are unserved this peer is off the network: looking for each of them at every event would cost too much.
        if unserved.count > 32 { return now + 500 }
        if !unserved.isEmpty { return min(now + 1_000, max(now + Self.announceDelay, unserved.lazy.map { seekDue($0) }.min() ?? now)) }
        if !debts.isEmpty || !spare.isEmpty { return now + 1_000 }
        if !visited.isEmpty { return now + 10_000 }
        return rewiring.values.min().map { max($0, now + 1_000) }
    }

    /// The number of entries that wait for somebody's receipt.
    public var debtCount: Int { debts.count }

    /// Whether nothing of the feed is missing that some link could give.
    public func isLevel(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return true }
        return feed.logs.values.allSatisfy { $0.asked.isEmpty }
            && links.values.allSatisfy { link in
                (link.offers[account] ?? [:]).allSatisfy { device, offer in
                    if feed.logs[device]?.proof != nil { return true }
                    guard let log = feed.logs[device], let floor = log.floor, let last = offer.last, last >= floor else { return offer.isEmpty }
                    return log.held.missing(in: floor...last).allSatisfy { offer.intersection($0).isEmpty }
                }
            }
    }

    /// Whether anything is wanted of, or owed to, an account.
    public func knows(_ account: AccountKey) -> Bool { feeds[account] != nil }

    /// Whether entries of an account's logs are wanted here.
    public func wants(_ account: AccountKey, at now: Milliseconds) -> Bool { feeds[account]?.isWanted(at: now) ?? false }

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

    /// Whether nothing is known, or offered and not yet looked at, of a hosted account's own log that is not here: before that,
    /// a device whose disk may have been put back to an older state must not write.
    public func isOwnLogLevel(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account], let own = feed.own else { return true }
        let log = feed.logs[own] ?? Log()
        guard log.asked.isEmpty, log.coming.isEmpty else { return false }
        return links.values.allSatisfy { ($0.offers[account]?[own]?.last ?? 0) <= log.held.last ?? 0 }
    }

    /// The number of the last entry of a log that is held here; 0 if there is none.
    public func lastHeld(_ account: AccountKey, _ device: DeviceKey) -> UInt64 { feeds[account]?.logs[device]?.held.last ?? 0 }

    /// How many other peers are known to hold an entry: of accounts of this peer, all that ever said so since the start;
    /// of others, those with a link.
    public func holders(of account: AccountKey, _ device: DeviceKey, _ seq: UInt64) -> Int {
        guard let feed = feeds[account], feed.isHosted else { return links.values.count { $0.offers[account]?[device]?.contains(seq) == true } }
        return feed.witnesses.values.count { $0[device]?.contains(seq) == true }
    }

    /// How much is kept in memory, in items: what a simulation holds against a bound.
    public var footprint: Int {
        let feeds = feeds.values.reduce(0) { sum, feed in
            sum + feed.holders.count + feed.witnesses.count
                + feed.logs.values.reduce(0) { $0 + $1.asked.count + $1.coming.count + $1.awaited.count + $1.held.ranges.count }
        }
        let links = links.values.reduce(0) { sum, link in
            sum + link.subscriptions.count + link.offers.values.reduce(0) { $0 + $1.values.reduce(1) { $0 + $1.ranges.count } }
        }
        return feeds + links + nodes.count + debts.count + remembered.values.reduce(0) { $0 + $1.states.count }
    }

    /// The feeds whose news a link wants.
    public func subscriptions(of node: NodeKey) -> Int { links[node]?.subscriptions.count ?? 0 }
}

/// A small generator with a state of one word (Steele, Lea, Flood 2014): the same seed, the same numbers, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    public init(state: UInt64) { self.state = state }

    /// A number from 0 up to `bound`, exclusive.
    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True once in `count` times.
    public mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
