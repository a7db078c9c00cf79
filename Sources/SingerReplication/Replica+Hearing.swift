import SingerCore

/// What other peers say.
extension Replica {
    mutating func receive(_ message: Message, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard links[node] != nil else { return [] }
        links[node]?.waitingSince = now
        defer { links[node]?.isNew = false }
        switch message {
        case .have(let states):
            var answers: [FeedState] = []
            let actions = states.flatMap { hear($0, from: node, answers: &answers, now: now) }
            return actions + say(answers, to: node)
        case .announce(let news): return announced(news, by: node, now: now)
        case .graft(let account): return graft(account, by: node)
        case .prune(let account):
            prune(account, by: node)
            return []
        case .refer(let referral): return referred(referral, by: node, now: now)
        case .equivocation(let proof): return receive(proof, from: node)
        case .digest(let sum): return compare(sum, with: node, now: now)
        case .buckets(let buckets): return correct(buckets, for: node, now: now)
        case .want(let want): return [.answer(want, to: node)]
        case .entries(let entries, let want): return take(entries, answering: want, from: node, now: now)
        case .delivery(let debt): return [.accept(debt, from: node)]
        case .receipt(let entry, let recipient, let isUnknown):
            return receipt(entry, recipient, isUnknown: isUnknown, from: node, now: now)
        }
    }

    /// Takes what a peer says of a feed.
    ///
    /// - Parameter answers: what is to be said of the feed in turn is added here.
    mutating func hear(_ state: FeedState, from node: NodeKey, answers: inout [FeedState], now: Milliseconds) -> [Action] {
        let account = state.account
        var actions: [Action] = []
        switch state.interest {
        case .subscribe:
            let isSubscriber = ties[account, node]?.isSubscriber == true
            guard links[node] != nil, isSubscriber || ties.counts(of: node).subscriptions < Limits.subscriptionsPerLinkMax else { return [] }
            if !isSubscriber { actions += admit(node, to: account, now: now) }
            if let answer = answer(about: account, to: node, now: now) { answers.append(answer) }
            // Of what is known here: a peer can name any number of others.
            guard let feed = feeds[account] else { break }
            if links[node]?.proofsSent.insert(account).inserted == true { actions += proofs(of: account).map { .send(.equivocation($0), to: node) } }
            // Once: reading a record costs more than asking for it. Not to where it comes from; but two peers of one account must know of each other.
            if links[node]?.recordsSent.insert(account).inserted == true, feed.isHosted || !feed.homes.contains(node) {
                actions.append(.sendRecord(account, to: node))
            }
        case .unsubscribe:
            ties.change(account, node) { $0 = Ties.Tie() }
            feeds[account]?.eager.remove(node)
            return seek(account, now: now)
        case .none: break
        }
        let isWanted = feeds[account]?.isWanted(at: now) == true
        // What a peer replicates is remembered in any case: for when the feed is wanted, and for the next link.
        if isWanted || isWorthRemembering(state, of: node) { ties.change(account, node) { $0.offer = state.held } }
        guard isWanted else { return actions }
        actions += witness(account, state.held, by: node)
        // A peer that only wants the feed, and has nothing of it, serves nobody.
        if state.interest == .subscribe && state.held.isEmpty {
            searchFailed(account, now: now)
            return actions
        }
        hold(node, [], of: account)
        var watched: [Action] = []
        if ties[account, node]?.source == nil {
            ties.change(account, node) { $0.source = .eager }
            feeds[account]?.search.reset()
            watched = watchOverlay(account, now: now)
        }
        if unserved[account] != nil, need(of: account, now: now) == nil { unserved[account] = nil }
        return actions + fetch(account, now: now) + watched
    }

    /// What is held here of a feed that a peer subscribes to, unless it has just been told: both sides begin by saying what they
    /// want, and what they hold of that.
    private func answer(about account: AccountKey, to node: NodeKey, now: Milliseconds) -> FeedState? {
        guard let feed = feeds[account], let link = links[node] else { return nil }
        let mine = state(of: account, .none)
        guard !mine.held.isEmpty else { return feed.isHosted ? mine : nil }
        let wasTold = link.isNew && feed.isWanted(at: now) && link.introducedAt.map { feed.changed <= $0 } == true
        return wasTold ? nil : mine
    }

    /// Of feeds that are not wanted here little is remembered: a peer can speak of very many.
    private func isWorthRemembering(_ state: FeedState, of node: NodeKey) -> Bool {
        guard let tie = ties[state.account, node], tie.isSubscriber else { return false }
        guard tie.offer != nil || ties.counts(of: node).offers < 2 * Limits.haveFeedsMax else { return false }
        return state.held.count <= 4 && state.held.values.allSatisfy { $0.ranges.count <= 4 }
    }

    /// Notes that a peer holds parts of a log.
    ///
    /// - Returns: whether there was room for that.
    mutating func offer(_ ranges: [ClosedRange<UInt64>], of account: AccountKey, _ device: DeviceKey, by node: NodeKey) -> Bool {
        var hasRoom = true
        ties.change(account, node) { tie in
            hasRoom = tie.offer?[device] != nil || tie.offer?.count ?? 0 < Limits.devicesMax
            if hasRoom { Self.add(ranges, to: &tie.offer, device) }
        }
        return hasRoom
    }

    private static func add(_ ranges: [ClosedRange<UInt64>], to offer: inout [DeviceKey: SequenceSet]?, _ device: DeviceKey) {
        if offer == nil { offer = [:] }
        for range in ranges { offer?[device, default: SequenceSet()].insert(range) }
        offer?[device]?.keepLatest(Limits.rangesMax)
    }
}
