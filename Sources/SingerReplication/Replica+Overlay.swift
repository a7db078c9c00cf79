import SingerCore

/// Who gives a feed to whom: eager links make a tree along which entries go whole and at once; lazy links around it only say
/// what there is, and take the place of those that fail (Plumtree; Leitão, Pereira, Rodrigues 2007).
extension Replica {
    // MARK: Those who want the feed from here

    /// Takes a subscriber on: eagerly while there is room for one more, then lazily, then not at all. Whoever is not eager is
    /// told of others.
    mutating func admit(_ node: NodeKey, to account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], feed.isWanted(at: now) else {
            ties.change(account, node) { $0.isSubscriber = true }
            return []
        }
        if feed.homes.contains(node) {
            ties.change(account, node) { $0.isSubscriber = true }
            // To the account's own peer news goes only from another of its devices: others just say what they hold.
            guard feed.isHosted else { return [] }
            feeds[account]?.eager.insert(node)
            guard feed.eager.count >= Limits.eagerLinksMax, let other = feed.eager.subtracting(feed.homes).min() else { return [] }
            feeds[account]?.eager.remove(other)
            return refer(other, of: account, isRefused: false)
        }
        if feed.eager.count < Limits.eagerLinksMax {
            ties.change(account, node) { $0.isSubscriber = true }
            feeds[account]?.eager.insert(node)
            return []
        }
        let isRefused = ties[account].values.count(where: \.isSubscriber) >= Limits.feedLinksMax
        // Links go both ways: one that gives nothing must not take a place at the other side either, or newcomers that were refused
        // often would be full before they have served anybody.
        ties.change(account, node) { if isRefused { $0.source = .refused } else { $0.isSubscriber = true } }
        if isRefused { spare.insert(node) }
        return refer(node, of: account, isRefused: isRefused)
    }

    /// Names some of those who get the feed from here, chosen at random: so the tree grows evenly.
    private mutating func refer(_ node: NodeKey, of account: AccountKey, isRefused: Bool) -> [Action] {
        let homes = feeds[account]?.homes ?? []
        var others = ties.subscribers(of: account).filter { $0 != node && !homes.contains($0) }
        others.shuffle(using: &random)
        let peers = others.map { Referral.Peer(node: $0, endpoints: Array((nodes[$0]?.endpoints ?? []).prefix(Limits.endpointsMax))) }.filter {
            !$0.endpoints.isEmpty
        }
        return [.send(.refer(Referral(account: account, isRefused: isRefused, peers: Array(peers.prefix(Limits.referralsMax)))), to: node)]
    }

    mutating func graft(_ account: AccountKey, by node: NodeKey) -> [Action] {
        guard ties[account, node]?.isSubscriber == true, let feed = feeds[account], !feed.eager.contains(node) else { return [] }
        guard feed.eager.count < Limits.eagerLinksMax, feed.isHosted || !feed.homes.contains(node) else { return refer(node, of: account, isRefused: false) }
        feeds[account]?.eager.insert(node)
        return []
    }

    mutating func prune(_ account: AccountKey, by node: NodeKey) { feeds[account]?.eager.remove(node) }

    /// Tells lazy links what has been stored since the last time. One message for each link, whatever the number of feeds.
    mutating func announce() -> [Action] {
        var announcements: [NodeKey: [LogRange]] = [:]
        for account in announcing.sorted() {
            guard let feed = feeds[account] else { continue }
            feeds[account]?.unannounced = [:]
            for (device, stored) in feed.unannounced.sorted(by: { $0.key < $1.key }) {
                for (node, tie) in ties[account] where tie.isSubscriber {
                    // The account's own peer is always told: it counts who holds what.
                    let known = feed.homes.contains(node) ? nil : tie.offer?[device]
                    for range in stored.ranges {
                        for news in known?.missing(in: range) ?? [range] {
                            announcements[node, default: []].append(LogRange(account: account, device: device, range: news))
                        }
                    }
                }
            }
        }
        announcing = []
        return announcements.sorted { $0.key < $1.key }.flatMap { node, news in
            stride(from: 0, to: news.count, by: Limits.announcementsMax).map { start in
                .send(.announce(Array(news[start..<min(start + Limits.announcementsMax, news.count)])), to: node)
            }
        }
    }

    // MARK: Those who give the feed

    mutating func referred(_ referral: Referral, by node: NodeKey, now: Milliseconds) -> [Action] {
        let account = referral.account
        guard feeds[account]?.isWanted(at: now) == true, links[node] != nil else { return [] }
        ties.change(account, node) { $0.source = referral.isRefused ? .refused : .lazy }
        if referral.isRefused {
            // Whoever refuses wants nothing from here either.
            ties.change(account, node) { $0.isSubscriber = false }
            feeds[account]?.eager.remove(node)
            spare.insert(node)
            if feeds[account]?.homes.contains(node) == true { feeds[account]?.refusals.insert(node) } else { searchFailed(account, now: now) }
        } else {
            feeds[account]?.refusals.remove(node)
        }
        for peer in referral.peers.prefix(Limits.referralsMax) where peer.node != node {
            // What somebody else says does not replace what the peer itself said.
            hold(peer.node, nodes[peer.node]?.endpoints.isEmpty == false ? [] : peer.endpoints, of: account)
            feeds[account]?.referred.removeAll { $0 == peer.node }
            feeds[account]?.referred.append(peer.node)
        }
        if let count = feeds[account]?.referred.count, count > 2 * Limits.referralsMax {
            feeds[account]?.referred.removeFirst(count - 2 * Limits.referralsMax)
        }
        return watchOverlay(account, now: now) + seek(account, now: now)
    }

    /// Whether one more peer is wanted that gives the feed: an eager one; and a second one where the first is not its home, so
    /// that the overlay holds together when one of them goes.
    func needsSource(_ account: AccountKey) -> Bool {
        guard let feed = feeds[account] else { return false }
        var (eager, all, homes) = (0, 0, 0)
        for (node, tie) in ties[account] where tie.gives {
            all += 1
            if tie.source == .eager { eager += 1 }
            if feed.homes.contains(node) { homes += 1 }
        }
        if eager == 0 { return all < 3 }
        return homes == 0 && all < 2
    }

    mutating func announced(_ news: [LogRange], by node: NodeKey, now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        var concerned: Set<AccountKey> = []
        for item in news {
            guard feeds[item.account]?.isWanted(at: now) == true else {
                actions += decline(item.account, from: node)
                continue
            }
            guard offer([item.range], of: item.account, item.device, by: node) else { continue }
            actions += witness(item.account, [item.device: SequenceSet([item.range])], by: node)
            guard feeds[item.account]?.hasRoom(for: item.device) == true else { continue }
            let log = feeds[item.account]?.logs[item.device]
            // Without another link that is eager nothing will come by itself.
            guard ties[item.account].contains(where: { $0 != node && $1.source == .eager }), (log?.awaited.count ?? 0) < Limits.rangesMax else {
                if !isHeld(item) { concerned.insert(item.account) }
                continue
            }
            guard !isHeld(item), log?.awaited[item.range] == nil else { continue }
            feeds[item.account]?.logs[item.device, default: Log()].awaited[item.range] = Log.Asked(node: node, since: now, wait: Self.graftTimeout)
            awaiting.insert(item.account)
        }
        for account in concerned.sorted() {
            actions += becomeEager(account, node)
            actions += fetch(account, now: now)
        }
        return actions
    }

    /// Answers news of a feed that nobody here wants: the other side remembers a subscription that is over. Once on a link.
    mutating func decline(_ account: AccountKey, from node: NodeKey) -> [Action] {
        guard let link = links[node], link.declined.count < Limits.haveFeedsMax, !link.declined.contains(account) else { return [] }
        links[node]?.declined.insert(account)
        return [.send(.have([.unsubscribing(account)]), to: node), .unwanted(account, from: node)]
    }

    private func isHeld(_ item: LogRange) -> Bool {
        guard let log = feeds[item.account]?.logs[item.device] else { return false }
        // A post whose text was kept back is wanted of whoever has it.
        return log.proof != nil || log.whole.missing(in: item.range).isEmpty
    }

    /// Asks for what was announced and has not come in time, from those who announced it, and has it pushed by them from now on.
    mutating func graftLate(now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        for account in awaiting.sorted() {
            var late: Set<NodeKey> = []
            var isWaiting = false
            for (device, log) in feeds[account]?.logs ?? [:] where !log.awaited.isEmpty {
                for (range, announced) in log.awaited {
                    var covered = log.whole
                    for coming in log.coming.keys { covered.insert(coming) }
                    let isHere = covered.missing(in: range).isEmpty
                    guard isHere || announced.deadline <= now else {
                        isWaiting = true
                        continue
                    }
                    feeds[account]?.logs[device]?.awaited[range] = nil
                    if !isHere { late.insert(announced.node) }
                }
            }
            if !isWaiting { awaiting.remove(account) }
            guard let node = late.filter({ links[$0] != nil }).min(by: { mixed($0) < mixed($1) }) else { continue }
            actions += becomeEager(account, node) + fetch(account, now: now, sparesHomes: true)
        }
        return actions
    }

    private mutating func becomeEager(_ account: AccountKey, _ node: NodeKey) -> [Action] {
        guard links[node] != nil, ties[account, node]?.source != .refused else { return [] }
        ties.change(account, node) { $0.source = .eager }
        return [.send(.graft(account), to: node)]
    }

    /// A number for a peer that is another one at every replica: whom to prefer among equals.
    func mixed(_ node: NodeKey) -> UInt64 {
        var mixer = SplitMix64(state: node.leadingWord ^ salt)
        return mixer.next()
    }

    // MARK: The overlay as a whole

    /// Looks for one more peer now and then where a feed does not come from its home: two parts of the followers that serve
    /// only each other would not find together otherwise.
    mutating func rewire(now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        for account in rewiring.filter({ $0.value <= now }).keys.sorted() {
            rewiring[account] = nil
            actions += watchOverlay(account, now: now)
            guard rewiring[account] != nil else { continue }
            let sources = ties[account].filter(\.value.gives)
            let lazy = sources.filter { $0.value.source == .lazy }.keys
            if sources.count > 3, let oldest = lazy.min(by: { (links[$0]?.since ?? 0, $0) < (links[$1]?.since ?? 0, $1) }) {
                ties.change(account, oldest) { $0.source = nil }
                spare.insert(oldest)
                actions.append(.send(.have([.unsubscribing(account)]), to: oldest))
            }
            feeds[account]?.lookup.reset()
            actions += lookUp(account, now: now) + dialOthers(account, count: 1, now: now)
            for home in (feeds[account]?.homes ?? []).sorted() { actions += dial(home, now: now) }
        }
        return actions
    }

    /// Notes whether a feed comes from its home, or has to be looked after.
    mutating func watchOverlay(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], feed.isFollowed else { return [] }
        if feed.homes.contains(where: { ties[account, $0]?.gives == true }) {
            rewiring[account] = nil
            return [.listen(account, isOn: false)]
        }
        if rewiring[account] == nil { rewiring[account] = now + Self.rewireTime / 2 + Milliseconds(random.next() % UInt64(Self.rewireTime)) }
        return [.listen(account, isOn: true)]
    }

    /// Ends links that were left over when one side was referred to others.
    mutating func closeSpare(now: Milliseconds) -> [Action] {
        var actions: [Action] = []
        for node in spare.sorted() {
            guard let link = links[node] else {
                spare.remove(node)
                continue
            }
            guard now - link.since >= Self.spareTime else { continue }
            spare.remove(node)
            let isOwed = nodes[node]?.feeds.contains { owing.contains($0) && feeds[$0]?.homes.contains(node) == true } == true
            let isOfUse = ties.feeds(of: node).contains { account in
                guard let tie = ties[account, node] else { return false }
                return tie.gives || tie.isSubscriber && feeds[account]?.isWanted(at: now) == true
            }
            if !isOfUse, !isOwed, link.wantsUnderWay == 0 { actions.append(.close(node)) }
        }
        return actions
    }
}
