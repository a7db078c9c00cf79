import SingerCore

/// Finding peers and keeping links to them.
extension Replica {
    mutating func learn(_ contact: Contact, now: Milliseconds) -> [Action] {
        guard feeds[contact.account] != nil else { return [] }
        if contact.isHome { feeds[contact.account]?.homes.insert(contact.node) }
        feeds[contact.account]?.holders.insert(contact.node)
        if nodes[contact.node] == nil || !contact.endpoints.isEmpty {
            nodes[contact.node, default: NodeState(endpoints: [])].endpoints = contact.endpoints
        }
        guard links[contact.node] == nil else { return deliver(to: contact.node, of: contact.account, now: now) }
        return needsLink(contact.account, now: now) ? seek(contact.account, now: now) : []
    }

    /// Whether something is wanted of the account's peers and no link is up that would give it.
    func needsLink(_ account: AccountKey, now: Milliseconds) -> Bool {
        guard let feed = feeds[account] else { return false }
        if feed.debts > 0, !feed.homes.contains(where: { links[$0] != nil }) { return true }
        return feed.isWanted(at: now) && (!isServed(account) || isBehind(account))
    }

    /// Whether something is known to be missing of a feed that no link offers: those who serve it are behind, too.
    func isBehind(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        let offers = links.values.compactMap { $0.offers[account] }
        return feed.logs.contains { device, log in
            guard let floor = log.floor, let last = log.held.last, last > floor, log.held.ranges.count > 1 else { return false }
            var covered = log.held
            for range in log.coming.keys { covered.insert(range) }
            for want in log.asked.keys { covered.insert(want.range) }
            for offer in offers { for range in offer[device]?.ranges ?? [] { covered.insert(range) } }
            return !covered.missing(in: floor...last).isEmpty
        }
    }

    /// Dials whoever may hold the feed: the author's own peers first, others where those did not answer; and looks for more.
    mutating func seek(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard needsLink(account, now: now), let feed = feeds[account] else {
            unserved.remove(account)
            return []
        }
        unserved.insert(account)
        var actions: [Action] = []
        var homeFailed = feed.homes.isEmpty
        for node in feed.homes.sorted() {
            actions += dial(node, now: now)
            if (nodes[node]?.retry.attempts ?? 1) > 0 { homeFailed = true }
        }
        if homeFailed {
            // Those that failed least first: a few that are gone must not stand before all others for ever.
            let others = feed.holders.subtracting(feed.homes).filter { nodes[$0]?.endpoints.isEmpty == false }
                .sorted { (nodes[$0]?.retry.attempts ?? 0, $0) < (nodes[$1]?.retry.attempts ?? 0, $1) }
            for node in others.prefix(2) { actions += dial(node, now: now) }
        }
        if !feed.isLookingUp, feed.lookup.isDue(at: now) {
            feeds[account]?.isLookingUp = true
            feeds[account]?.lookup.failed(at: now, min: Limits.dialBackoffMin * 2, max: Limits.dialBackoffMax, random: &random)
            actions.append(.lookUp(account))
        }
        return actions
    }

    private mutating func dial(_ node: NodeKey, now: Milliseconds) -> [Action] {
        guard links[node] == nil, let state = nodes[node], !state.isDialling, !state.endpoints.isEmpty, state.retry.isDue(at: now) else { return [] }
        nodes[node]?.isDialling = true
        return [.dial(node, state.endpoints)]
    }

    mutating func greet(_ node: NodeKey, _ endpoints: [Endpoint]) -> [Action] {
        guard links[node] == nil, nodes[node]?.isDialling != true, !endpoints.isEmpty else { return [] }
        nodes[node, default: NodeState(endpoints: endpoints)].isDialling = true
        return [.dial(node, endpoints)]
    }

    mutating func dialFailed(_ node: NodeKey, now: Milliseconds) -> [Action] {
        nodes[node]?.isDialling = false
        nodes[node]?.retry.failed(at: now, min: Limits.dialBackoffMin, max: Limits.dialBackoffMax, random: &random)
        return seekAll(now: now) { $0.holders.contains(node) }
    }

    mutating func linkUp(_ node: NodeKey, now: Milliseconds) -> [Action] {
        links[node] = Link()
        nodes[node, default: NodeState(endpoints: [])].isDialling = false
        nodes[node]?.retry.reset()
        var actions: [Action] = []
        let wanted = feeds.filter { $0.value.isWanted(at: now) }.keys.sorted()
        for start in stride(from: 0, to: wanted.count, by: Limits.haveFeedsMax) {
            let states = wanted[start..<min(start + Limits.haveFeedsMax, wanted.count)].map { state(of: $0, .subscribe) }
            actions.append(.send(.have(states), to: node))
        }
        for account in Set(debts.values.map(\.debt.recipient)).sorted() where feeds[account]?.homes.contains(node) == true {
            actions += deliver(to: node, of: account, now: now)
        }
        return actions
    }

    mutating func linkDown(_ node: NodeKey, now: Milliseconds) -> [Action] {
        guard links.removeValue(forKey: node) != nil else { return [] }
        nodes[node]?.isDialling = false
        // Both ends may dial again: let chance decide who comes first, without waiting long.
        nodes[node]?.retry.failed(at: now, min: Limits.dialBackoffMin / 2, max: Limits.dialBackoffMax, random: &random)
        var actions: [Action] = []
        for account in fetching.sorted() {
            forgetAsked(account) { $0.node == node }
            actions += fetch(account, now: now)
        }
        return actions + seekAll(now: now) { $0.holders.contains(node) }
    }

    private mutating func seekAll(now: Milliseconds, where concerns: (Feed) -> Bool) -> [Action] {
        feeds.filter { concerns($0.value) }.keys.sorted().flatMap { seek($0, now: now) }
    }

    mutating func tick(now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        for account in fetching.sorted() {
            giveUp(on: account, now: now)
            actions += fetch(account, now: now) + seek(account, now: now)
        }
        for account in visited.sorted() where (feeds[account]?.visitedUntil ?? 0) <= now {
            visited.remove(account)
            if feeds[account]?.isFollowed == false { actions += unsubscribe(account) }
        }
        for account in unserved.sorted() { actions += seek(account, now: now) }
        return actions + retryDebts(now: now)
    }
}
