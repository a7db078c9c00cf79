import SingerCore

/// Which feeds lack a link, and whom to dial for them.
extension Replica {
    /// What no link gives.
    struct Need: OptionSet {
        let rawValue: UInt8

        /// Entries: nobody serves the feed, or those who do are behind, too, or hang.
        static let holder = Need(rawValue: 1)
        /// One more peer that gives the news.
        static let source = Need(rawValue: 2)
    }

    /// Whether something is wanted of the account's peers and no link is up that would give it; `nil` if not.
    func need(of account: AccountKey, now: Milliseconds) -> Need? {
        guard let feed = feeds[account] else { return nil }
        let lacksHome: Bool
        if !feed.debts.isEmpty, !feed.homes.contains(where: { links[$0] != nil }) {
            lacksHome = true
        } else if feed.isHosted {
            // The account's other devices; whoever else holds the log may tell of it, and need not be looked for.
            guard feed.homes.contains(where: { links[$0] == nil }) else { return nil }
            lacksHome = true
        } else if feed.isWanted(at: now) {
            // The account's own peer is dialled although others give the feed, unless it has said that it has enough of them.
            lacksHome = !feed.homes.isSubset(of: feed.refusals) && !feed.homes.contains { links[$0] != nil }
        } else {
            return nil
        }
        var need: Need = []
        if !isServed(account) || isBehind(account) || isKeptWaiting(account, now: now) { need.insert(.holder) }
        if needsSource(account) { need.insert(.source) }
        return lacksHome || !need.isEmpty ? need : nil
    }

    /// Whether something is known to be missing of a feed that no link offers: those who serve it are behind, too, or keep back what posts say.
    func isBehind(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        return feed.logs.contains { device, log in
            guard log.proof == nil, log.held.ranges.count > 1 || !log.bodiless.isEmpty else { return false }
            guard let floor = log.floor, let last = log.held.last, last >= floor else { return false }
            var covered = log.covered
            for tie in ties[account].values { for range in tie.offer?[device]?.ranges ?? [] { covered.insert(range) } }
            return !covered.missing(in: floor...last).isEmpty
        }
    }

    /// Dials whoever may hold the feed: the author's own peers first, others where those do not answer at once; and looks for more.
    mutating func seek(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard let need = need(of: account, now: now), let feed = feeds[account] else {
            unserved[account] = nil
            feeds[account]?.seekingSince = nil
            return []
        }
        let since = feed.seekingSince ?? now
        feeds[account]?.seekingSince = since
        var actions: [Action] = []
        var looksElsewhere = feed.homes.allSatisfy { links[$0] != nil } || now - since >= Self.homeDialPatience
        var dialled = feed.homes.count { nodes[$0]?.isDialling == true }
        for node in feed.homes.sorted() {
            if dialled < Self.homesDialledAtOnce {
                let dials = dial(node, now: now)
                dialled += dials.count
                actions += dials
            }
            if links[node] == nil, nodes[node]?.retry.attempts ?? 1 > 0 { looksElsewhere = true }
        }
        let wantsOthers = !need.isEmpty && !feed.isHosted && feed.isWanted(at: now)
        var due = Milliseconds.max
        if wantsOthers, feed.search.isDue(at: now) {
            var others = others(of: account)
            if looksElsewhere { actions += dial(&others, count: Self.dialsAtOnce, of: account, now: now) }
            due = dialDue(others, now: now)
        } else if wantsOthers {
            due = feed.search.due
        }
        if !looksElsewhere { due = max(due, since + Self.homeDialPatience) }
        let wantsLookup = need.contains(.holder) || feed.referred.isEmpty && need.contains(.source)
        // Where the home answers at once, nobody else need be asked.
        if wantsLookup, looksElsewhere { actions += lookUp(account, now: now) }
        // Where enough are dialled, what comes of it is an event.
        for home in feed.homes where links[home] == nil && dialled < Self.homesDialledAtOnce {
            if let state = nodes[home], !state.isDialling, !state.endpoints.isEmpty { due = min(due, state.retry.due) }
        }
        if wantsLookup, let feed = feeds[account], !feed.isLookingUp {
            due = min(due, looksElsewhere ? feed.lookup.due : max(feed.lookup.due, since + Self.homeDialPatience))
        }
        unserved[account] = due
        return actions
    }

    /// A user who logs in as the peer starts must not wait for the lookup after the one that came too early.
    mutating func directoryJoined(now: Milliseconds) -> [Action] {
        unserved.keys.sorted().flatMap { account in
            feeds[account]?.lookup.reset()
            return seek(account, now: now)
        }
    }

    /// The holders of a feed besides its homes.
    private struct Others {
        /// Since when those are tried that may yet turn out to give it.
        var tried: [Milliseconds] = []
        /// Those that could be.
        var rest: [(node: NodeKey, retry: Retry)] = []
    }

    private func others(of account: AccountKey) -> Others {
        var others = Others()
        guard let feed = feeds[account] else { return others }
        let said = ties[account]
        for node in feed.holders where !feed.homes.contains(node) {
            if let link = links[node] {
                // A link over which nothing has been said of the feed yet.
                if said[node]?.source == nil { others.tried.append(link.since) }
            } else if let state = nodes[node], !state.endpoints.isEmpty {
                if let since = state.dialledAt { others.tried.append(since) } else { others.rest.append((node, state.retry)) }
            }
        }
        return others
    }

    /// When there is one of these to dial that no event brings.
    private func dialDue(_ others: Others, now: Milliseconds) -> Milliseconds {
        guard others.tried.count(where: { now - $0 < Self.dialTimeMax }) < Self.dialsMax, let next = others.rest.map(\.retry.due).min() else { return .max }
        // Where enough are being tried, what comes of it is an event; where it takes long, others are dialled too.
        let recent = others.tried.filter { now - $0 < Self.dialPatience }
        return max(next, recent.count < Self.dialsAtOnce ? now : (recent.min() ?? now) + Self.dialPatience)
    }

    /// Dials holders besides the homes: those that failed least first, so that a few that are gone do not stand before all
    /// others for ever; of these the ones that were named last; of these any.
    private mutating func dial(_ others: inout Others, count: Int, of account: AccountKey, now: Milliseconds) -> [Action] {
        let tried = others.tried
        // A process that hangs is waited for, but the others are not kept waiting.
        let free = min(count - tried.count { now - $0 < Self.dialPatience }, Self.dialsMax - tried.count { now - $0 < Self.dialTimeMax })
        guard free > 0, let referred = feeds[account]?.referred else { return [] }
        let ranked = others.rest.filter { $0.retry.isDue(at: now) }.map { node, retry in
            (rank: (retry.attempts, referred.contains(node) ? 0 : 1, mixed(node)), node: node)
        }
        let chosen = ranked.sorted { $0.rank < $1.rank }.prefix(free).map(\.node)
        others.tried += chosen.map { _ in now }
        others.rest.removeAll { chosen.contains($0.node) }
        return chosen.flatMap { dial($0, now: now) }
    }

    mutating func dialOthers(_ account: AccountKey, count: Int, now: Milliseconds) -> [Action] {
        guard feeds[account]?.search.isDue(at: now) == true else { return [] }
        var others = others(of: account)
        return dial(&others, count: count, of: account, now: now)
    }

    /// Notes that a peer was found for a feed and does not give it: it has no room, or nothing itself. The search goes on, and takes
    /// its time: where half a network is without a feed, or without room in it, everybody would dial everybody otherwise.
    mutating func searchFailed(_ account: AccountKey, now: Milliseconds) {
        guard unserved[account] != nil, feeds[account]?.search.isDue(at: now) == true else { return }
        feeds[account]?.search.failed(at: now, min: Self.searchPauseMin, max: Self.searchPauseMax, random: &random)
    }
}
