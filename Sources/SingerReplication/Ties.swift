import SingerCore

/// What the peers with a link want, give and hold, feed by feed.
///
/// Kept by feed, since nearly every question is about one feed, with the way back from a peer to its feeds. Both are written
/// here and nowhere else, so that neither goes stale; and no question walks links that have nothing to do with it.
struct Ties: Sendable {
    /// One feed and one peer.
    struct Tie: Sendable {
        /// The other side wants the news.
        var isSubscriber = false
        /// How the other side gives the news, where the feed is wanted here.
        var source: Source?
        /// What the other side said it holds, less what it turned out not to give; `nil` if it said nothing.
        var offer: [DeviceKey: SequenceSet]?

        /// Whether news of the feed comes this way, whole or announced.
        var gives: Bool {
            switch source {
            case .eager, .lazy: true
            case .refused, nil: false
            }
        }

        fileprivate var isEmpty: Bool { !isSubscriber && source == nil && offer == nil }
        fileprivate var counts: Counts {
            Counts(subscriptions: isSubscriber ? 1 : 0, offers: offer == nil ? 0 : 1, ranges: (offer ?? [:]).values.reduce(0) { $0 + $1.ranges.count })
        }
    }

    /// Of one tie, or of all that a peer has.
    fileprivate struct Counts {
        var subscriptions = 0
        var offers = 0
        /// In the offers.
        var ranges = 0

        mutating func replace(_ before: Counts, by after: Counts) {
            subscriptions += after.subscriptions - before.subscriptions
            offers += after.offers - before.offers
            ranges += after.ranges - before.ranges
        }
    }

    enum Source: Sendable {
        case eager, lazy
        /// It has too many subscribers.
        case refused
    }

    private struct Peer {
        var feeds: Set<AccountKey> = []
        var counts = Counts()
    }

    private var feeds: [AccountKey: [NodeKey: Tie]] = [:]
    private var peers: [NodeKey: Peer] = [:]

    // MARK: Writing

    /// A link is up, over which nothing has been said.
    mutating func join(_ node: NodeKey) {
        _ = leave(node)
        peers[node] = Peer()
    }

    /// A link is gone.
    ///
    /// - Returns: what was said over it.
    mutating func leave(_ node: NodeKey) -> [AccountKey: Tie] {
        var said: [AccountKey: Tie] = [:]
        for account in peers.removeValue(forKey: node)?.feeds ?? [] { said[account] = drop(account, node) }
        return said
    }

    /// Changes what is between a feed and a peer. Nothing happens without a link.
    ///
    /// Of what a peer offers `Limits.offeredRangesMax` ranges are believed; a feed with which they are more counts as one of which it said nothing.
    mutating func change(_ account: AccountKey, _ node: NodeKey, _ change: (inout Tie) -> Void) {
        guard let others = peers[node]?.counts else { return }
        // In place: a copy of the tie would make each change copy the offer.
        let (before, after, isEmpty) = Self.changed(&feeds[account, default: [:]][node, default: Tie()], among: others, change)
        peers[node]?.counts.replace(before, by: after)
        if isEmpty {
            peers[node]?.feeds.remove(account)
            _ = drop(account, node)
        } else {
            peers[node]?.feeds.insert(account)
        }
    }

    private static func changed(
        _ tie: inout Tie, among all: Counts, _ change: (inout Tie) -> Void
    ) -> (before: Counts, after: Counts, isEmpty: Bool) {
        let before = tie.counts
        change(&tie)
        if all.ranges - before.ranges + tie.counts.ranges > Limits.offeredRangesMax { tie.offer = nil }
        return (before, tie.counts, tie.isEmpty)
    }

    private mutating func drop(_ account: AccountKey, _ node: NodeKey) -> Tie? {
        defer { if feeds[account]?.isEmpty == true { feeds[account] = nil } }
        return feeds[account]?.removeValue(forKey: node)
    }

    // MARK: Reading

    subscript(account: AccountKey) -> [NodeKey: Tie] { feeds[account] ?? [:] }

    subscript(account: AccountKey, node: NodeKey) -> Tie? { feeds[account]?[node] }

    /// What a peer said it holds of a log.
    func offer(of account: AccountKey, _ device: DeviceKey, by node: NodeKey) -> SequenceSet? { feeds[account]?[node]?.offer?[device] }

    /// The peers that want the news of a feed, ascending.
    func subscribers(of account: AccountKey) -> [NodeKey] { self[account].filter(\.value.isSubscriber).keys.sorted() }

    func hasSubscribers(_ account: AccountKey) -> Bool { self[account].contains(where: \.value.isSubscriber) }

    /// The feeds that a peer has to do with.
    func feeds(of node: NodeKey) -> Set<AccountKey> { peers[node]?.feeds ?? [] }

    /// How many feeds a peer wants the news of, and says that it holds.
    func counts(of node: NodeKey) -> (subscriptions: Int, offers: Int) {
        let counts = peers[node]?.counts ?? Counts()
        return (counts.subscriptions, counts.offers)
    }

    /// How much is kept, in items.
    var footprint: Int {
        feeds.values.reduce(0) { sum, ties in
            ties.values.reduce(sum) { $0 + 1 + ($1.offer ?? [:]).values.reduce(0) { $0 + $1.ranges.count } }
        }
    }
}
