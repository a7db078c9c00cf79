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

    /// Whether something is known to be missing of a feed that no link offers: those who serve it are behind, too.
    func isBehind(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        return feed.logs.contains { device, log in
            guard log.proof == nil, log.held.ranges.count > 1, let floor = log.floor, let last = log.held.last, last > floor else { return false }
            var covered = log.held
            for range in log.coming.keys { covered.insert(range) }
            for want in log.asked.keys { covered.insert(want.range) }
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
        for node in feed.homes.sorted() {
            actions += dial(node, now: now)
            if links[node] == nil, nodes[node]?.retry.attempts ?? 1 > 0 { looksElsewhere = true }
        }
        let wantsOthers = !need.isEmpty && !feed.isHosted && feed.isWanted(at: now)
        if wantsOthers, looksElsewhere { actions += dialOthers(account, count: Self.dialsAtOnce, now: now) }
        let wantsLookup = need.contains(.holder) || feed.referred.isEmpty && need.contains(.source)
        // Where the home answers at once, nobody else need be asked.
        if wantsLookup, looksElsewhere { actions += lookUp(account, now: now) }
        var due = dialDue(account, others: !wantsOthers ? nil : looksElsewhere ? now : since + Self.homeDialPatience, now: now)
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

    /// When there is somebody to dial for a feed that no event brings.
    ///
    /// - Parameter start: when others than its homes are dialled, if they are.
    private func dialDue(_ account: AccountKey, others start: Milliseconds?, now: Milliseconds) -> Milliseconds {
        guard let feed = feeds[account] else { return .max }
        var due = Milliseconds.max
        for home in feed.homes where links[home] == nil {
            if let state = nodes[home], !state.isDialling, !state.endpoints.isEmpty { due = min(due, state.retry.due) }
        }
        guard let start else { return due }
        let (tried, rest) = others(of: feed, account)
        guard tried.count(where: { now - $0 < Self.dialTimeMax }) < Self.dialsMax, let next = rest.map(\.retry.due).min() else { return due }
        // Where enough are being tried, what comes of it is an event; where it takes long, others are dialled too.
        let recent = tried.filter { now - $0 < Self.dialPatience }
        return min(due, max(next, start, recent.count < Self.dialsAtOnce ? now : (recent.min() ?? now) + Self.dialPatience))
    }

    /// The holders of a feed besides its homes: since when those are tried that may yet turn out to give it, and those that could be.
    private func others(of feed: Feed, _ account: AccountKey) -> (tried: [Milliseconds], rest: [(node: NodeKey, retry: Retry)]) {
        var tried: [Milliseconds] = []
        var rest: [(node: NodeKey, retry: Retry)] = []
        for node in feed.holders where !feed.homes.contains(node) {
            if let link = links[node] {
                // A link over which nothing has been said of the feed yet.
                if ties[account, node]?.source == nil { tried.append(link.since) }
            } else if let state = nodes[node], !state.endpoints.isEmpty {
                if let since = state.dialledAt { tried.append(since) } else { rest.append((node, state.retry)) }
            }
        }
        return (tried, rest)
    }

    /// Dials holders besides the homes: those that failed least first, so that a few that are gone do not stand before all
    /// others for ever; of these the ones that were named last; of these any.
    mutating func dialOthers(_ account: AccountKey, count: Int, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account] else { return [] }
        let (tried, rest) = others(of: feed, account)
        // A process that hangs is waited for, but the others are not kept waiting.
        let free = min(count - tried.count { now - $0 < Self.dialPatience }, Self.dialsMax - tried.count { now - $0 < Self.dialTimeMax })
        guard free > 0 else { return [] }
        let ranked = rest.filter { $0.retry.isDue(at: now) }.map { node, retry in
            (rank: (retry.attempts, feed.referred.contains(node) ? 0 : 1, mixed(node)), node: node)
        }
        return ranked.sorted { $0.rank < $1.rank }.prefix(free).flatMap { dial($0.node, now: now) }
    }
}
