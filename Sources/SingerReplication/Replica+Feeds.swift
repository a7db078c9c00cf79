import SingerCore

/// Feeds: who wants them, what is missing, where it comes from.
extension Replica {
    mutating func host(_ account: AccountKey) -> [Action] {
        feeds[account, default: Feed()].isHosted = true
        return []
    }

    mutating func follow(_ account: AccountKey, now: Milliseconds) -> [Action] {
        let wasWanted = feeds[account]?.isWanted(at: now) ?? false
        feeds[account, default: Feed()].isFollowed = true
        return wasWanted ? [] : subscribe(account, now: now)
    }

    mutating func unfollow(_ account: AccountKey, now: Milliseconds) -> [Action] {
        feeds[account]?.isFollowed = false
        guard let feed = feeds[account], !feed.isWanted(at: now) else { return [] }
        return unsubscribe(account)
    }

    mutating func visit(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard feeds[account]?.isHosted != true else { return [] }
        let wasWanted = feeds[account]?.isWanted(at: now) ?? false
        feeds[account, default: Feed()].visitedUntil = now + Self.visitTime
        visited.insert(account)
        return wasWanted ? [] : subscribe(account, now: now)
    }

    private mutating func subscribe(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard feeds[account]?.isHosted != true else { return [] }
        let have = Message.have([state(of: account, .subscribe)])
        // A lookup that failed for somebody long ago must not make this one wait.
        feeds[account]?.lookup.reset()
        return links.keys.sorted().map { .send(have, to: $0) } + seek(account, now: now)
    }

    mutating func unsubscribe(_ account: AccountKey) -> [Action] {
        fetching.remove(account)
        forgetAsked(account) { _ in true }
        for device in (feeds[account]?.logs ?? [:]).keys { feeds[account]?.logs[device]?.coming = [:] }
        if feeds[account]?.debts == 0 { unserved.remove(account) }
        for node in links.keys { links[node]?.offers[account] = nil }
        let have = Message.have([FeedState(account: account, interest: .unsubscribe, held: [:])])
        return links.keys.sorted().map { .send(have, to: $0) }
    }

    mutating func wantOlder(_ account: AccountKey, _ entries: UInt64, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account] else { return [] }
        for (device, log) in feed.logs {
            guard let floor = log.floor ?? log.held.first else { continue }
            feeds[account]?.logs[device]?.floor = floor > entries ? floor - entries : 1
        }
        return fetch(account, now: now)
    }

    func state(of account: AccountKey, _ interest: FeedState.Interest) -> FeedState {
        FeedState(account: account, interest: interest, held: feeds[account]?.logs.mapValues(\.held).filter { !$0.value.isEmpty } ?? [:])
    }

    // MARK: What others say

    mutating func receive(_ message: Message, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard links[node] != nil else { return [] }
        switch message {
        case .have(let states): return states.flatMap { hear($0, from: node, now: now) }
        case .want(let want): return [.answer(want, to: node)]
        case .entries(let entries, let want): return take(entries, answering: want, from: node, now: now)
        case .delivery(let debt): return [.accept(debt.entry, recipient: debt.recipient, from: node)]
        case .receipt(let entry, let recipient, let isUnknown):
            return receipt(Debt.Key(entry: entry, recipient: recipient), isUnknown: isUnknown, from: node, now: now)
        }
    }

    private mutating func hear(_ state: FeedState, from node: NodeKey, now: Milliseconds) -> [Action] {
        let account = state.account
        var actions: [Action] = []
        switch state.interest {
        case .subscribe:
            guard links[node]?.subscriptions.count ?? 0 < Limits.subscriptionsPerLinkMax else { return [] }
            links[node]?.subscriptions.insert(account)
            let mine = self.state(of: account, .none)
            if feeds[account]?.isHosted == true || !mine.held.isEmpty { actions.append(.send(.have([mine]), to: node)) }
            if feeds[account] != nil { actions.append(.sendRecord(account, to: node)) }
        case .unsubscribe:
            links[node]?.subscriptions.remove(account)
            links[node]?.offers[account] = nil
            return []
        case .none: break
        }
        guard let feed = feeds[account], feed.isWanted(at: now), !feed.isHosted else { return actions }
        // A peer that only wants the feed, and has nothing of it, serves nobody.
        if state.interest == .subscribe && state.held.isEmpty { return actions }
        links[node]?.offers[account] = state.held
        feeds[account]?.holders.insert(node)
        if !needsLink(account, now: now) { unserved.remove(account) }
        return actions + fetch(account, now: now)
    }

    private mutating func take(_ entries: [Entry], answering want: Want?, from node: NodeKey, now: Milliseconds) -> [Action] {
        if let want {
            if feeds[want.account]?.logs[want.device]?.asked[want]?.node == node {
                feeds[want.account]?.logs[want.device]?.asked[want] = nil
                links[node]?.wantsUnderWay -= 1
            } else {
                // It comes late: others may have been asked meanwhile, or there are no others. Take it all the same.
                guard let feed = feeds[want.account], feed.isWanted(at: now), !feed.isHosted, feed.logs[want.device] != nil,
                    links[node]?.offers[want.account] != nil
                else { return [] }
                links[node]?.offers[want.account]?[want.device, default: SequenceSet()].insert(want.range)
            }
            let given = SequenceSet(entries.map { $0.header.seq...$0.header.seq })
            // What an answer skips, or ends before without having begun, is not there.
            let end = entries.isEmpty ? want.range.upperBound : min(given.last ?? want.range.upperBound, want.range.upperBound)
            for missing in given.missing(in: want.range.lowerBound...end) {
                links[node]?.offers[want.account]?[want.device]?.remove(missing)
            }
            let wanted = entries.filter { $0.header.account == want.account && $0.header.device == want.device && want.range.contains($0.header.seq) }
            if let held = feeds[want.account]?.logs[want.device]?.held {
                for gap in SequenceSet(wanted.map { $0.header.seq...$0.header.seq }).ranges.flatMap(held.missing(in:)) {
                    feeds[want.account]?.logs[want.device]?.coming[gap] = Log.Asked(node: node, deadline: now + Self.answerTimeout)
                }
            }
            return (wanted.isEmpty ? [] : [.store(wanted, from: node, isNews: false)]) + fetch(want.account, now: now) + seek(want.account, now: now)
        }
        let wanted = entries.filter { feeds[$0.header.account]?.isWanted(at: now) == true }
        for entry in wanted { links[node]?.offers[entry.header.account, default: [:]][entry.header.device, default: SequenceSet()].insert(entry.header.seq) }
        return wanted.isEmpty ? [] : [.store(wanted, from: node, isNews: true)]
    }

    // MARK: What is here now

    mutating func known(_ entries: [Entry], now: Milliseconds) -> [Action] {
        Set(hold(entries).map(\.account)).sorted().flatMap { fetch($0, now: now) }
    }

    /// Notes entries as held.
    ///
    /// - Returns: those of feeds that are replicated here, in runs of one device.
    private mutating func hold(_ entries: [Entry]) -> [(account: AccountKey, entries: [Entry])] {
        var groups: [(account: AccountKey, entries: [Entry])] = []
        for entry in entries where feeds[entry.header.account] != nil {
            feeds[entry.header.account]?.logs[entry.header.device, default: Log()].held.insert(entry.header.seq)
            if let last = groups.last, last.entries[0].header.device == entry.header.device {
                groups[groups.count - 1].entries.append(entry)
            } else {
                groups.append((entry.header.account, [entry]))
            }
        }
        for (account, group) in groups {
            guard let log = feeds[account]?.logs[group[0].header.device] else { continue }
            for range in log.coming.keys where log.held.missing(in: range).isEmpty { feeds[account]?.logs[group[0].header.device]?.coming[range] = nil }
        }
        return groups
    }

    mutating func stored(_ entries: [Entry], from source: NodeKey?, isNews: Bool, now: Milliseconds) -> [Action] {
        let groups = hold(entries)
        var actions: [Action] = []
        for (account, group) in groups {
            for node in links.keys.sorted() where node != source && links[node]?.subscriptions.contains(account) == true {
                guard isNews else {
                    // Out of the past: who misses it will ask.
                    actions.append(.send(.have([state(of: account, .none)]), to: node))
                    continue
                }
                let held = links[node]?.offers[account]?[group[0].header.device]
                let news = group.filter { held?.contains($0.header.seq) != true }
                if !news.isEmpty { actions.append(.send(.entries(news, answers: nil), to: node)) }
            }
        }
        for account in Set(groups.map(\.account)).sorted() where feeds[account]?.isWanted(at: now) == true {
            actions += fetch(account, now: now)
            // A gap that none of the links can fill: the author, or somebody else, may be there again.
            if isBehind(account) { actions += seek(account, now: now) }
        }
        return actions
    }

    // MARK: Fetching

    /// Asks for what is missing of a feed, wherever it was offered, as far as requests may be under way.
    mutating func fetch(_ account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], feed.isWanted(at: now), !feed.isHosted else {
            fetching.remove(account)
            return []
        }
        let holders = links.keys.filter { links[$0]?.offers[account] != nil }.sorted {
            (feed.homes.contains($0) ? 0 : 1, $0) < (feed.homes.contains($1) ? 0 : 1, $1)
        }
        let devices = Set(holders.flatMap { node in links[node]?.offers[account].map { Array($0.keys) } ?? [] }).sorted()
        var actions: [Action] = []
        for device in devices {
            guard let last = holders.compactMap({ links[$0]?.offers[account]?[device]?.last }).max() else { continue }
            var log = feed.logs[device] ?? Log()
            var floor = log.floor ?? Self.floor(of: log.held, last: last)
            // Whoever said that the log was longer has not shown it: begin where it is known to end.
            if last < floor, (log.held.last ?? 0) < floor { floor = Self.floor(of: log.held, last: last) }
            log.floor = floor
            defer { feeds[account]?.logs[device] = log }
            guard last >= floor else { continue }
            var covered = log.held
            for range in log.coming.keys { covered.insert(range) }
            for want in log.asked.keys { covered.insert(want.range) }
            missing: for gap in covered.missing(in: floor...last) {
                var next = gap.lowerBound
                while next <= gap.upperBound {
                    guard let (node, range) = offer(of: next...gap.upperBound, account, device, among: holders) else { continue missing }
                    guard let node else { break missing }
                    let want = Want(account: account, device: device, range: range)
                    log.asked[want] = Log.Asked(node: node, deadline: now + Self.answerTimeout)
                    links[node]?.wantsUnderWay += 1
                    actions.append(.send(.want(want), to: node))
                    next = range.upperBound + 1
                }
            }
        }
        if feeds[account]?.logs.values.contains(where: { !$0.asked.isEmpty || !$0.coming.isEmpty }) == true {
            fetching.insert(account)
        } else {
            fetching.remove(account)
        }
        return actions
    }

    /// The first part of `gap` that somebody offers, and the least busy of those; no node if all of them are busy.
    private func offer(
        of gap: ClosedRange<UInt64>, _ account: AccountKey, _ device: DeviceKey, among holders: [NodeKey]
    ) -> (node: NodeKey?, range: ClosedRange<UInt64>)? {
        let offers = holders.compactMap { node in
            links[node]?.offers[account]?[device]?.intersection(gap).first.map { (node: node, range: $0, load: links[node]?.wantsUnderWay ?? 0) }
        }
        guard let start = offers.map(\.range.lowerBound).min() else { return nil }
        let candidates = offers.filter { $0.range.lowerBound == start }
        guard let best = candidates.min(by: { $0.load < $1.load }) else { return nil }
        let range = start...min(best.range.upperBound, start + UInt64(Limits.batchEntriesMax) - 1)
        return (best.load < Limits.wantsPerLinkMax ? best.node : nil, range)
    }

    /// Where fetching begins in a log that has just become known: where this peer's own copy begins, or with the recent entries.
    private static func floor(of held: SequenceSet, last: UInt64) -> UInt64 {
        let recent = last >= Limits.recentEntriesMax ? last - Limits.recentEntriesMax + 1 : 1
        // A single entry may have come on its own, inside a forward: it does not say that the log was followed from there.
        let start = held.ranges.first { $0.count > 1 || $0.lowerBound == 1 }?.lowerBound
        return min(recent, start ?? recent)
    }

    mutating func forgetAsked(_ account: AccountKey, where matches: (Log.Asked) -> Bool) {
        for (device, log) in feeds[account]?.logs ?? [:] {
            for (want, asked) in log.asked where matches(asked) {
                feeds[account]?.logs[device]?.asked[want] = nil
                links[asked.node]?.wantsUnderWay -= 1
            }
        }
    }

    /// Takes back what was asked of somebody who does not answer, so that others are asked.
    mutating func giveUp(on account: AccountKey, now: Milliseconds) {
        for (device, log) in feeds[account]?.logs ?? [:] {
            for (want, asked) in log.asked where asked.deadline <= now {
                links[asked.node]?.offers[account]?[want.device]?.remove(want.range)
            }
            // The store has not taken these: what this peer offers there is of no use.
            for (range, given) in log.coming where given.deadline <= now {
                links[given.node]?.offers[account]?[device]?.remove(range)
                feeds[account]?.logs[device]?.coming[range] = nil
            }
        }
        forgetAsked(account) { $0.deadline <= now }
    }
}
