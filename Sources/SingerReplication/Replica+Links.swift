import SingerCore

/// Finding peers and keeping links to them.
extension Replica {
    struct Link: Sendable {
        let since: Milliseconds
        /// Feeds whose account records the other side was sent over this link, or over the one before.
        var recordsSent: Set<AccountKey> = []
        /// Feeds whose quarantined devices the other side was told of.
        var proofsSent: Set<AccountKey> = []
        /// When all that is wanted here was said over this link; in changes of the whole replica.
        var introducedAt: UInt64?
        /// Nothing has come over it.
        var isNew = true
        /// Feeds that the other side was told are not wanted, because news of them came.
        var declined: Set<AccountKey> = []
        var wantsUnderWay = 0
        /// Since when nothing has been heard of the other side, although requests may be under way.
        var waitingSince: Milliseconds = 0
    }

    struct NodeState: Sendable {
        var endpoints: [Endpoint]
        /// Feeds among whose holders it is.
        var feeds: Set<AccountKey> = []
        /// Since when a dial has been under way.
        var dialledAt: Milliseconds?
        var retry = Retry()

        var isDialling: Bool { dialledAt != nil }
    }

    mutating func learn(_ contact: Contact, now: Milliseconds) -> [Action] {
        guard feeds[contact.account] != nil else { return [] }
        var isNewHome = false
        if contact.isHome, makeRoom(forHome: contact.node, of: contact.account) {
            isNewHome = feeds[contact.account]?.homes.insert(contact.node).inserted == true
            feeds[contact.account]?.eager.remove(contact.node)
        }
        hold(contact.node, contact.endpoints, of: contact.account)
        guard links[contact.node] == nil else {
            guard isNewHome else { return [] }
            return deliver(to: contact.node, of: contact.account, now: now) + catchUpEdges(of: contact.account, with: contact.node)
        }
        return seek(contact.account, now: now)
    }

    /// Notes that a peer is said to hold a feed, and where it can be dialled.
    mutating func hold(_ node: NodeKey, _ endpoints: [Endpoint], of account: AccountKey) {
        guard let feed = feeds[account] else { return }
        if !feed.holders.contains(node) {
            guard feed.holders.count < Limits.holdersMax || feed.homes.contains(node) || makeRoom(in: feed, account) else { return }
            feeds[account]?.holders.insert(node)
            nodes[node, default: NodeState(endpoints: endpoints)].feeds.insert(account)
        }
        if !endpoints.isEmpty { nodes[node]?.endpoints = endpoints }
    }

    /// Forgets holders that could not be reached, several at once: a search for each newcomer would cost too much. The account's own
    /// peers stay.
    private mutating func makeRoom(in feed: Feed, _ account: AccountKey) -> Bool {
        let others = feed.holders.filter { !feed.homes.contains($0) && links[$0] == nil }.map { (attempts: nodes[$0]?.retry.attempts ?? 0, node: $0) }
        for (_, node) in others.sorted(by: >).prefix(Limits.holdersMax / 8) {
            feeds[account]?.holders.remove(node)
            nodes[node]?.feeds.remove(account)
            forgetIfIdle(node)
        }
        return !others.isEmpty
    }

    /// An account says itself where it is at home: so many places are believed. Where there are more, one that could not be reached is forgotten.
    private mutating func makeRoom(forHome node: NodeKey, of account: AccountKey) -> Bool {
        guard let homes = feeds[account]?.homes, !homes.contains(node), homes.count >= Limits.devicesMax else { return true }
        let unreached = homes.filter { links[$0] == nil && nodes[$0]?.retry.attempts ?? 0 > 0 }
        guard let gone = unreached.max(by: { (nodes[$0]?.retry.attempts ?? 0, $0) < (nodes[$1]?.retry.attempts ?? 0, $1) }) else { return false }
        feeds[account]?.homes.remove(gone)
        feeds[account]?.holders.remove(gone)
        nodes[gone]?.feeds.remove(account)
        forgetIfIdle(gone)
        return true
    }

    mutating func lookUp(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], !feed.isLookingUp, feed.lookup.isDue(at: now) else { return [] }
        feeds[account]?.isLookingUp = true
        feeds[account]?.lookup.failed(at: now, min: Limits.dialBackoffMin * 2, max: Limits.dialBackoffMax, random: &random)
        return [.lookUp(account)]
    }

    mutating func lookupEnded(_ account: AccountKey) {
        feeds[account]?.isLookingUp = false
        if let due = unserved[account] { unserved[account] = min(due, feeds[account]?.lookup.due ?? .max) }
    }

    mutating func dial(_ node: NodeKey, now: Milliseconds) -> [Action] {
        guard links[node] == nil, let state = nodes[node], !state.isDialling, !state.endpoints.isEmpty, state.retry.isDue(at: now) else { return [] }
        nodes[node]?.dialledAt = now
        return [.dial(node, state.endpoints)]
    }

    mutating func greet(_ node: NodeKey, _ endpoints: [Endpoint], now: Milliseconds) -> [Action] {
        guard links[node] == nil, nodes[node]?.isDialling != true, !endpoints.isEmpty else { return [] }
        nodes[node, default: NodeState(endpoints: endpoints)].dialledAt = now
        return [.dial(node, endpoints)]
    }

    mutating func dialFailed(_ node: NodeKey, now: Milliseconds) -> [Action] {
        nodes[node]?.dialledAt = nil
        nodes[node]?.retry.failed(at: now, min: Limits.dialBackoffMin, max: Limits.dialBackoffMax, random: &random)
        let actions = seekAll(node, now: now)
        forgetIfIdle(node)
        return actions
    }

    mutating func linkUp(_ node: NodeKey, _ endpoints: [Endpoint], now: Milliseconds) -> [Action] {
        links[node] = Link(since: now)
        links[node]?.recordsSent = remembered[node]?.recordsSent ?? []
        ties.join(node)
        nodes[node, default: NodeState(endpoints: [])].dialledAt = nil
        nodes[node]?.retry.succeeded()
        if !endpoints.isEmpty { nodes[node]?.endpoints = endpoints }
        var actions = introduce(to: node, now: now)
        for account in (nodes[node]?.feeds ?? []).sorted() {
            actions += deliver(to: node, of: account, now: now) + catchUpEdges(of: account, with: node)
            // It has a moment to say what it has before others are dialled.
            if unserved[account] != nil { unserved[account] = now + Self.homeDialPatience }
        }
        return actions
    }

    private func catchUpEdges(of account: AccountKey, with node: NodeKey) -> [Action] {
        guard let feed = feeds[account], feed.isHosted, feed.homes.contains(node) else { return [] }
        return [.readEdges(account)]
    }

    mutating func linkDown(_ node: NodeKey, now: Milliseconds) -> [Action] {
        let memory = memory(of: node)
        guard let link = links.removeValue(forKey: node) else { return [] }
        let said = ties.leave(node)
        remember(memory, of: node)
        spare.remove(node)
        var actions: [Action] = []
        for account in said.keys.sorted() {
            feeds[account]?.eager.remove(node)
            if feeds[account]?.parent == node { feeds[account]?.parent = nil }
            // Not where it only wanted the feed itself: of those there are always others.
            if let tie = said[account], tie.gives, tie.offer?.isEmpty == false { feeds[account]?.search.reset() }
            actions += watchOverlay(account, now: now)
        }
        nodes[node]?.dialledAt = nil
        // One that ends as soon as it is up, again and again, is of no use to either side.
        if now - link.since >= Self.spareTime { nodes[node]?.retry.reset() }
        // Both ends may dial again: let chance decide who comes first, without waiting long.
        nodes[node]?.retry.failed(at: now, min: Limits.dialBackoffMin / 2, max: Limits.dialBackoffMax, random: &random)
        for account in fetching.sorted() where forgetAsked(account, where: { $0.node == node }) { actions += fetch(account, now: now) }
        for (account, tie) in said { for device in (tie.offer ?? [:]).keys { forgetIfUnknown(account, device) } }
        for account in said.keys.sorted() where said[account]?.source != nil && nodes[node]?.feeds.contains(account) != true {
            actions += seek(account, now: now)
        }
        actions += seekAll(node, now: now)
        forgetIfIdle(node)
        return actions
    }

    /// Anybody may come with a new key at any time.
    private mutating func forgetIfIdle(_ node: NodeKey) {
        if let state = nodes[node], state.feeds.isEmpty, !state.isDialling, links[node] == nil { nodes[node] = nil }
    }

    /// Looks for others where a peer that was said to hold feeds cannot be reached.
    private mutating func seekAll(_ node: NodeKey, now: Milliseconds) -> [Action] {
        (nodes[node]?.feeds ?? []).sorted().flatMap { seek($0, now: now) }
    }
}
