public import SingerCore

/// Decides what a peer fetches, sends and retries: who is missing what, whom to ask, when to try again.
///
/// A pure state machine: `handle(event, now)` returns actions, and nothing else ever happens here. Time comes in as a
/// parameter. The same events give the same actions, so that a simulator can run thousands of these.
public struct Replica: Sendable {
    var feeds: [AccountKey: Feed] = [:]
    var nodes: [NodeKey: NodeState] = [:]
    var links: [NodeKey: Link] = [:]
    var ties = Ties()
    /// Accounts to whose peers something is owed.
    var owing: Set<AccountKey> = []
    /// Accounts for which no link is up that would do: when there is somebody to dial, or a lookup to make.
    var unserved: [AccountKey: Milliseconds] = [:]
    /// Feeds with ranges under way, and feeds that are only visited: what the timer has to check.
    var fetching: Set<AccountKey> = []
    var visited: Set<AccountKey> = []
    /// Feeds of which more would be asked for if those who have it were not busy.
    var stalled = TurnQueue<AccountKey>()
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
    /// Counts changes of what is held or wanted.
    var changes: UInt64 = 0
    var random: SplitMix64
    /// Chooses among peers that are as good as each other, for every replica in another way.
    let salt: UInt64

    /// - Parameter seed: spreads retries; the same seed gives the same run.
    public init(seed: UInt64) {
        random = SplitMix64(state: seed)
        salt = random.next()
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
    /// Homes of one account; it may name many, and anybody's address.
    static let homesDialledAtOnce = 8
    /// Peers besides the homes of a feed that are dialled at one time.
    static let dialsAtOnce = 2
    /// How long a dial may take before it stands in the way of no other: a process that hangs takes ten seconds to fail.
    static let dialPatience: Milliseconds = 1_000
    /// After this long nothing comes of a dial any more, nor of a link over which nothing was said of the feed.
    static let dialTimeMax: Milliseconds = 15_000
    /// Holders of one feed that are tried at one time, those included that hang.
    static let dialsMax = 8
    /// How long a search for somebody who gives a feed pauses after one that does not. The first ones cost a newcomer less than a dial;
    /// the longest is what a place that has become free stays so.
    static let searchPauseMin: Milliseconds = 100
    static let searchPauseMax: Milliseconds = 30_000
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
            guard feeds[account]?.hasRoom(for: device) != false else { return [] }
            feeds[account, default: Feed()].logs[device, default: Log()].held.formUnion(held)
            noteChange(of: account)
            return []
        case .contact(let contact): return learn(contact, now: now)
        case .lookupEnded(let account):
            lookupEnded(account)
            return []
        case .directoryJoined: return directoryJoined(now: now)
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
        case .accepted(let debt, let node): return passOn(debt, from: node)
        case .equivocated(let proof, let node): return equivocated(proof, from: node)
        case .tick: return tick(now: now)
        }
    }
}
