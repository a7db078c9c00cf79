import SingerCore

/// Finding peers and keeping links to them.
extension Replica {
    mutating func learn(_ contact: Contact, now: Milliseconds) -> [Action] {
        guard feeds[contact.account] != nil else { return [] }
        if contact.isHome {
            feeds[contact.account]?.homes.insert(contact.node)
            feeds[contact.account]?.eager.remove(contact.node)
        }
        hold(contact.node, contact.endpoints, of: contact.account)
        guard links[contact.node] == nil else { return deliver(to: contact.node, of: contact.account, now: now) }
        return needsLink(contact.account, now: now) ? seek(contact.account, now: now) : []
    }

    /// Notes that a peer is said to hold a feed, and where it can be dialled.
    mutating func hold(_ node: NodeKey, _ endpoints: [Endpoint], of account: AccountKey) {
        guard let feed = feeds[account] else { return }
        if feed.holders.count >= Limits.holdersMax, !feed.holders.contains(node) {
            // Those that could not be reached make room; the account's own peers stay.
            let others = feed.holders.subtracting(feed.homes).filter { links[$0] == nil }
            guard let worst = others.max(by: { (nodes[$0]?.retry.attempts ?? 0, $0) < (nodes[$1]?.retry.attempts ?? 0, $1) }) else { return }
            feeds[account]?.holders.remove(worst)
            if nodes[worst]?.isDialling == false { nodes[worst] = nil }
        }
        feeds[account]?.holders.insert(node)
        if nodes[node] == nil || !endpoints.isEmpty { nodes[node, default: NodeState(endpoints: [])].endpoints = endpoints }
    }

    /// Whether something is wanted of the account's peers and no link is up that would give it.
    func needsLink(_ account: AccountKey, now: Milliseconds) -> Bool {
        guard let feed = feeds[account] else { return false }
        if feed.debts > 0, !feed.homes.contains(where: { links[$0] != nil }) { return true }
        // The account's other devices; whoever else holds the log may tell of it, and need not be looked for.
        if feed.isHosted { return feed.homes.contains { links[$0] == nil } }
        return feed.isWanted(at: now)
            && (!isServed(account) || isBehind(account) || needsSource(account) || missesHome(account) || isKeptWaiting(account, now: now))
    }

    /// Whether something is known to be missing of a feed that no link offers: those who serve it are behind, too.
    func isBehind(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        let offers = links.values.compactMap { $0.offers[account] }
        return feed.logs.contains { device, log in
            guard log.proof == nil, let floor = log.floor, let last = log.held.last, last > floor, log.held.ranges.count > 1 else { return false }
            var covered = log.held
            for range in log.coming.keys { covered.insert(range) }
            for want in log.asked.keys { covered.insert(want.range) }
            for offer in offers { for range in offer[device]?.ranges ?? [] { covered.insert(range) } }
            return !covered.missing(in: floor...last).isEmpty
        }
    }

    /// Dials whoever may hold the feed: the author's own peers first, others where those do not answer at once; and looks for more.
    mutating func seek(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard needsLink(account, now: now), let feed = feeds[account] else {
            unserved.remove(account)
            feeds[account]?.seekingSince = nil
            return []
        }
        unserved.insert(account)
        let since = feed.seekingSince ?? now
        feeds[account]?.seekingSince = since
        var actions: [Action] = []
        var looksElsewhere = feed.homes.allSatisfy { links[$0] != nil } || now - since >= Self.homeDialPatience
        for node in feed.homes.sorted() {
            actions += dial(node, now: now)
            if links[node] == nil, nodes[node]?.retry.attempts ?? 1 > 0 { looksElsewhere = true }
        }
        let isStuck = !isServed(account) || isBehind(account) || isKeptWaiting(account, now: now)
        if looksElsewhere, !feed.isHosted, isStuck || needsSource(account) { actions += dialOthers(account, count: 2, now: now) }
        // Where the home answers at once, nobody else need be asked.
        if looksElsewhere, isStuck || feed.referred.isEmpty && needsSource(account) { actions += lookUp(account, now: now) }
        return actions
    }

    /// When `seek` has something to do next.
    func seekDue(_ account: AccountKey) -> Milliseconds {
        guard let feed = feeds[account] else { return .max }
        var due = feed.isLookingUp ? .max : feed.lookup.due
        // Homes are holders, too.
        for node in feed.holders where links[node] == nil {
            if let state = nodes[node], !state.isDialling, !state.endpoints.isEmpty { due = min(due, state.retry.due) }
        }
        return due
    }

    /// Dials holders besides the homes: those that failed least first, so that a few that are gone do not stand before all
    /// others for ever; of these the ones that were named last; of these any.
    mutating func dialOthers(_ account: AccountKey, count: Int, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account] else { return [] }
        let others = feed.holders.subtracting(feed.homes).filter { links[$0] == nil && nodes[$0]?.endpoints.isEmpty == false }
        let dialled = others.compactMap { nodes[$0]?.dialledAt }
        // A process that hangs is waited for, but the others are not kept waiting.
        let free = min(count - dialled.count { now - $0 < Self.dialPatience }, Self.dialsMax - dialled.count)
        guard free > 0 else { return [] }
        let referred = Set(feed.referred)
        let ranked = others.filter { nodes[$0]?.isDialling == false && nodes[$0]?.retry.isDue(at: now) == true }.sorted { a, b in
            (nodes[a]?.retry.attempts ?? 0, referred.contains(a) ? 0 : 1, mixed(a)) < (nodes[b]?.retry.attempts ?? 0, referred.contains(b) ? 0 : 1, mixed(b))
        }
        return ranked.prefix(free).flatMap { dial($0, now: now) }
    }

    mutating func lookUp(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], !feed.isLookingUp, feed.lookup.isDue(at: now) else { return [] }
        feeds[account]?.isLookingUp = true
        feeds[account]?.lookup.failed(at: now, min: Limits.dialBackoffMin * 2, max: Limits.dialBackoffMax, random: &random)
        return [.lookUp(account)]
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
        return seekAll(now: now) { $0.holders.contains(node) }
    }

    mutating func linkUp(_ node: NodeKey, _ endpoints: [Endpoint], now: Milliseconds) -> [Action] {
        links[node] = Link(since: now)
        links[node]?.recordsSent = remembered[node]?.recordsSent ?? []
        nodes[node, default: NodeState(endpoints: [])].dialledAt = nil
        nodes[node]?.retry.reset()
        if !endpoints.isEmpty { nodes[node]?.endpoints = endpoints }
        var actions = introduce(to: node, now: now)
        for account in Set(debts.values.map(\.debt.recipient)).sorted() where feeds[account]?.homes.contains(node) == true {
            actions += deliver(to: node, of: account, now: now)
        }
        return actions
    }

    mutating func linkDown(_ node: NodeKey, now: Milliseconds) -> [Action] {
        let memory = memory(of: node)
        guard let link = links.removeValue(forKey: node) else { return [] }
        remember(memory, of: node)
        spare.remove(node)
        for account in link.subscriptions { feeds[account]?.eager.remove(node) }
        for account in link.sources.keys {
            if feeds[account]?.parent == node { feeds[account]?.parent = nil }
            watchOverlay(account, now: now)
        }
        nodes[node]?.dialledAt = nil
        // Both ends may dial again: let chance decide who comes first, without waiting long.
        nodes[node]?.retry.failed(at: now, min: Limits.dialBackoffMin / 2, max: Limits.dialBackoffMax, random: &random)
        var actions: [Action] = []
        for account in fetching.sorted() {
            forgetAsked(account) { $0.node == node }
            actions += fetch(account, now: now)
        }
        return actions + link.sources.keys.sorted().flatMap { seek($0, now: now) } + seekAll(now: now) { $0.holders.contains(node) }
    }

    private mutating func seekAll(now: Milliseconds, where concerns: (Feed) -> Bool) -> [Action] {
        feeds.filter { concerns($0.value) }.keys.sorted().flatMap { seek($0, now: now) }
    }

    mutating func tick(now: Milliseconds) -> [Action] {
        var actions = announce() + graftLate(now: now)
        for account in fetching.sorted() {
            giveUp(on: account, now: now)
            actions += fetch(account, now: now) + seek(account, now: now)
        }
        for account in visited.sorted() where (feeds[account]?.visitedUntil ?? 0) <= now {
            visited.remove(account)
            if feeds[account]?.isWanted(at: now) == false { actions += unsubscribe(account) }
        }
        for account in unserved.sorted() { actions += seek(account, now: now) }
        return actions + rewire(now: now) + closeSpare(now: now) + retryDebts(now: now)
    }
}
