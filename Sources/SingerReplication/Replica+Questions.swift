public import SingerCore

/// What a replica can be asked. Nothing changes by it.
extension Replica {
    /// The number of entries that wait for somebody's receipt.
    /// As far as they are kept here.
    public var debtCount: Int { owing.reduce(0) { $0 + (feeds[$1]?.debts.count ?? 0) } }

    /// Whether nothing of the feed is missing that some link could give.
    public func isLevel(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return true }
        return feed.logs.values.allSatisfy { $0.asked.isEmpty }
            && ties[account].values.allSatisfy { tie in
                (tie.offer ?? [:]).allSatisfy { device, offer in
                    if feed.logs[device]?.proof != nil { return true }
                    guard let log = feed.logs[device], let floor = log.floor, let last = offer.last, last >= floor else { return offer.isEmpty }
                    return log.whole.missing(in: floor...last).allSatisfy { offer.intersection($0).isEmpty }
                }
            }
    }

    /// Whether anything is wanted of, or owed to, an account.
    public func knows(_ account: AccountKey) -> Bool { feeds[account] != nil }

    /// Whether a peer serves an account, as far as is known.
    public func isHome(_ node: NodeKey, of account: AccountKey) -> Bool { feeds[account]?.homes.contains(node) == true }

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
        ties[account].contains { node, tie in
            guard let offer = tie.offer else { return false }
            return feeds[account]?.homes.contains(node) == true || offer.values.contains { !$0.isEmpty }
        }
    }

    /// Whether more of a feed is on its way over a link, or somebody who gives it is just looked for.
    public func isComing(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        if isServed(account) { return !isLevel(account) }
        return feed.isLookingUp
            || feed.homes.union(feed.holders).contains { nodes[$0]?.isDialling == true || links[$0] != nil && ties[account][$0]?.offer == nil }
    }

    /// The links that want the news of a feed.
    public func subscribers(of account: AccountKey) -> [NodeKey] { ties.subscribers(of: account) }

    /// Whether nothing is known, or offered and not yet looked at, of a hosted account's own log that is not here: before that,
    /// a device whose disk may have been put back to an older state must not write.
    public func isOwnLogLevel(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account], let own = feed.own else { return true }
        let log = feed.logs[own] ?? Log()
        guard log.asked.isEmpty, log.coming.isEmpty else { return false }
        return ties[account].values.allSatisfy { ($0.offer?[own]?.last ?? 0) <= log.held.last ?? 0 }
    }

    /// The number of the last entry of a log that is held here; 0 if there is none.
    public func lastHeld(_ account: AccountKey, _ device: DeviceKey) -> UInt64 { feeds[account]?.logs[device]?.held.last ?? 0 }

    /// How many other peers are known to hold an entry: of accounts of this peer, all that ever said so since the start;
    /// of others, those with a link.
    public func holders(of account: AccountKey, _ device: DeviceKey, _ seq: UInt64) -> Int {
        guard let feed = feeds[account], feed.isHosted else { return ties[account].values.count { $0.offer?[device]?.contains(seq) == true } }
        return feed.witnesses.values.count { $0[device]?.contains(seq) == true }
    }

    /// How much is kept in memory, in items: what a simulation holds against a bound.
    public var footprint: Int {
        let feeds = feeds.values.reduce(0) { sum, feed in
            sum + feed.holders.count + feed.debts.count + feed.witnesses.values.reduce(0) { $1.values.reduce($0) { $0 + $1.ranges.count } } + feed.logs.count
                + feed.logs.values.reduce(0) { $0 + $1.asked.count + $1.coming.count + $1.awaited.count + $1.held.ranges.count }
        }
        return feeds + ties.footprint + nodes.count + remembered.values.reduce(0) { $0 + $1.states.count + $1.recordsSent.count }
    }

    /// The feeds whose news a link wants.
    public func subscriptions(of node: NodeKey) -> Int { ties.counts(of: node).subscriptions }
}
