import SingerCore

/// Feeds: who wants them, what is missing, where it comes from.
extension Replica {
    /// The logs of the account's other devices are fetched and kept up with like those of somebody who is followed.
    mutating func host(_ account: AccountKey, _ device: DeviceKey, now: Milliseconds) -> [Action] {
        let wasWanted = feeds[account]?.isWanted(at: now) ?? false
        feeds[account, default: Feed()].isHosted = true
        feeds[account]?.own = device
        return (wasWanted ? [] : subscribe(account, now: now)) + lookUp(account, now: now)
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
        awaiting.remove(account)
        announcing.remove(account)
        rewiring[account] = nil
        feeds[account]?.unannounced = [:]
        feeds[account]?.parent = nil
        for node in links.keys {
            links[node]?.offers[account] = nil
            links[node]?.sources[account] = nil
        }
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
        FeedState(account: account, interest: interest, held: feeds[account]?.logs.mapValues(\.whole).filter { !$0.value.isEmpty } ?? [:])
    }

    // MARK: What others say

    mutating func receive(_ message: Message, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard links[node] != nil else { return [] }
        links[node]?.waitingSince = now
        switch message {
        case .have(let states): return states.flatMap { hear($0, from: node, now: now) }
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
        case .delivery(let debt): return [.accept(debt.entry, recipient: debt.recipient, from: node)]
        case .receipt(let entry, let recipient, let isUnknown):
            return receipt(Debt.Key(entry: entry, recipient: recipient), isUnknown: isUnknown, from: node, now: now)
        }
    }

    /// - Parameter isRemembered: it was said over an earlier link, and still holds: no answer is expected.
    mutating func hear(_ state: FeedState, from node: NodeKey, isRemembered: Bool = false, now: Milliseconds) -> [Action] {
        let account = state.account
        var actions: [Action] = []
        switch state.interest {
        case .subscribe:
            guard let link = links[node], link.subscriptions.contains(account) || link.subscriptions.count < Limits.subscriptionsPerLinkMax else { return [] }
            if !link.subscriptions.contains(account) { actions += admit(node, to: account, now: now) }
            if !isRemembered {
                let mine = self.state(of: account, .none)
                if feeds[account]?.isHosted == true || !mine.held.isEmpty { actions.append(.send(.have([mine]), to: node)) }
            }
            if links[node]?.proofsSent.insert(account).inserted == true { actions += proofs(of: account).map { .send(.equivocation($0), to: node) } }
            // Once: reading a record costs more than asking for it. Not to where it comes from.
            if links[node]?.recordsSent.insert(account).inserted == true, let feed = feeds[account], !feed.homes.contains(node) {
                actions.append(.sendRecord(account, to: node))
            }
        case .unsubscribe:
            links[node]?.subscriptions.remove(account)
            links[node]?.offers[account] = nil
            links[node]?.sources[account] = nil
            feeds[account]?.eager.remove(node)
            return seek(account, now: now)
        case .none: break
        }
        let isWanted = feeds[account]?.isWanted(at: now) == true
        // What a peer replicates is remembered in any case: for when the feed is wanted, and for the next link.
        if isWanted || isWorthRemembering(state, of: node) { links[node]?.offers[account] = state.held }
        guard isWanted else { return actions }
        actions += witness(account, state.held, by: node)
        // A peer that only wants the feed, and has nothing of it, serves nobody.
        if state.interest == .subscribe && state.held.isEmpty { return actions }
        hold(node, [], of: account)
        if links[node]?.sources[account] == nil {
            links[node]?.sources[account] = .eager
            watchOverlay(account, now: now)
        }
        if !needsLink(account, now: now) { unserved.remove(account) }
        return actions + fetch(account, now: now)
    }

    /// Of feeds that are not wanted here little is remembered: a peer can speak of very many.
    private func isWorthRemembering(_ state: FeedState, of node: NodeKey) -> Bool {
        guard let link = links[node], link.subscriptions.contains(state.account) else { return false }
        guard link.offers[state.account] != nil || link.offers.count < 2 * Limits.haveFeedsMax else { return false }
        return state.held.count <= 4 && state.held.values.allSatisfy { $0.ranges.count <= 4 }
    }

    /// Notes that a peer holds parts of a log.
    ///
    /// - Returns: whether there was room for that.
    mutating func offer(_ ranges: [ClosedRange<UInt64>], of account: AccountKey, _ device: DeviceKey, by node: NodeKey) -> Bool {
        guard let devices = links[node]?.offers[account], devices[device] == nil, devices.count >= Limits.devicesMax else {
            for range in ranges { links[node]?.offers[account, default: [:]][device, default: SequenceSet()].insert(range) }
            links[node]?.offers[account]?[device]?.keepLatest(Limits.rangesMax)
            return true
        }
        return false
    }

    private mutating func take(_ entries: [Entry], answering want: Want?, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard let want else { return takePush(entries, from: node, now: now) }
        if feeds[want.account]?.logs[want.device]?.asked[want]?.node == node {
            feeds[want.account]?.logs[want.device]?.asked[want] = nil
            links[node]?.wantsUnderWay -= 1
        } else {
            // It comes late: others may have been asked meanwhile, or there are no others. Take it all the same.
            guard let feed = feeds[want.account], feed.isWanted(at: now), feed.logs[want.device] != nil, links[node]?.offers[want.account] != nil,
                offer([want.range], of: want.account, want.device, by: node)
            else { return [] }
        }
        let given = SequenceSet(entries.map { $0.header.seq...$0.header.seq })
        // What an answer skips, or ends before without having begun, is not there.
        let end = entries.isEmpty ? want.range.upperBound : min(given.last ?? want.range.upperBound, want.range.upperBound)
        for missing in given.missing(in: want.range.lowerBound...end) {
            links[node]?.offers[want.account]?[want.device]?.remove(missing)
        }
        let log = feeds[want.account]?.logs[want.device] ?? Log()
        let wanted = entries.filter {
            $0.header.account == want.account && $0.header.device == want.device && want.range.contains($0.header.seq) && log.proof == nil
        }
        expect(wanted, from: node, now: now)
        return (wanted.isEmpty ? [] : ownLog(wanted) + [.store(wanted, from: node, isNews: false)])
            + fetch(want.account, now: now) + fetchStalled(now: now) + seek(want.account, now: now)
    }

    /// A request has been answered: there is room for another, of whatever feed.
    private mutating func fetchStalled(now: Milliseconds) -> [Action] {
        // As many as one link can have under way; more would only stall again.
        stalled.sorted().prefix(Limits.wantsPerLinkMax).flatMap { fetch($0, now: now) }
    }

    /// News, whole. The first copy shows who is fastest; whoever sends another one is asked to announce only.
    private mutating func takePush(_ entries: [Entry], from node: NodeKey, now: Milliseconds) -> [Action] {
        var fresh: [Entry] = []
        var repeated: Set<AccountKey> = []
        var unwanted: Set<AccountKey> = []
        for entry in entries {
            let (account, device, seq) = (entry.header.account, entry.header.device, entry.header.seq)
            guard feeds[account]?.isWanted(at: now) == true else {
                unwanted.insert(account)
                continue
            }
            guard offer([seq...seq], of: account, device, by: node) else { continue }
            let log = feeds[account]?.logs[device] ?? Log()
            guard log.proof == nil else { continue }
            let isHeld = log.held.contains(seq) && !(entry.body != nil && log.bodiless.contains(seq))
            if isHeld || log.coming.keys.contains(where: { $0.contains(seq) }) { repeated.insert(account) } else { fresh.append(entry) }
        }
        var actions = unwanted.sorted().flatMap { decline($0, from: node) }
        for account in Set(fresh.map(\.header.account)).sorted() {
            repeated.remove(account)
            feeds[account]?.parent = node
            links[node]?.sources[account] = .eager
            // It has the news before this peer.
            feeds[account]?.eager.remove(node)
            fetching.insert(account)
        }
        for account in repeated.sorted() {
            // Only where another eager link works: what came as an answer says nothing about the tree.
            guard let parent = feeds[account]?.parent, parent != node, links[parent] != nil else { continue }
            links[node]?.sources[account] = .lazy
            actions.append(.send(.prune(account), to: node))
        }
        expect(fresh, from: node, now: now)
        return actions + (fresh.isEmpty ? [] : ownLog(fresh) + [.store(fresh, from: node, isNews: true)])
    }

    /// Notes what is on its way into the store.
    private mutating func expect(_ entries: [Entry], from node: NodeKey, now: Milliseconds) {
        guard let header = entries.first?.header else { return }
        // Whoever sends a post without its body has not got the body.
        for entry in entries where entry.body == nil && entry.header.kind == .post {
            links[node]?.offers[header.account]?[header.device]?.remove(entry.header.seq...entry.header.seq)
        }
        let log = feeds[header.account]?.logs[header.device] ?? Log()
        for gap in SequenceSet(entries.map { $0.header.seq...$0.header.seq }).ranges.flatMap(log.whole.missing(in:)) {
            feeds[header.account]?.logs[header.device, default: Log()].coming[gap] = Log.Asked(node: node, since: now)
        }
    }

    /// Entries of the device that writes here, which it does not know: only an old copy of its data explains that.
    private func ownLog(_ entries: [Entry]) -> [Action] {
        guard let entry = entries.last, let feed = feeds[entry.header.account], feed.own == entry.header.device,
            entry.header.seq > feed.logs[entry.header.device]?.held.last ?? 0
        else { return [] }
        return [.ownLogBehind(entry.header.account, entry.header.device, last: entry.header.seq)]
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
            if entry.body == nil && entry.header.kind == .post {
                feeds[entry.header.account]?.logs[entry.header.device]?.bodiless.insert(entry.header.seq)
            } else if feeds[entry.header.account]?.logs[entry.header.device]?.bodiless.isEmpty == false {
                feeds[entry.header.account]?.logs[entry.header.device]?.bodiless.remove(entry.header.seq...entry.header.seq)
            }
            // By its index: a copy of the group would make each append copy all of it.
            if let last = groups.indices.last, groups[last].entries[0].header.device == entry.header.device {
                groups[last].entries.append(entry)
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
            guard let feed = feeds[account], feed.logs[group[0].header.device]?.proof == nil else { continue }
            let device = group[0].header.device
            // Out of the past: who misses it will ask. News goes to a few at once; the others are told before long.
            for node in (isNews ? feed.eager : []).sorted() where node != source {
                let held = links[node]?.offers[account]?[device]
                let news = group.filter { held?.contains($0.header.seq) != true }
                guard !news.isEmpty else { continue }
                actions.append(.send(.entries(news, answers: nil), to: node))
                _ = offer(news.map { $0.header.seq...$0.header.seq }, of: account, device, by: node)
            }
            guard links.values.contains(where: { $0.subscriptions.contains(account) }) else { continue }
            for entry in group { feeds[account]?.unannounced[device, default: SequenceSet()].insert(entry.header.seq) }
            announcing.insert(account)
        }
        for account in Set(groups.map(\.account)).sorted() where feeds[account]?.isWanted(at: now) == true {
            actions += fetch(account, now: now)
            // A gap that none of the links can fill: the author, or somebody else, may be there again.
            if isBehind(account) { actions += seek(account, now: now) }
        }
        return actions
    }

    mutating func withheld(_ account: AccountKey, _ logs: [DeviceKey: SequenceSet], now: Milliseconds) -> [Action] {
        guard feeds[account] != nil else { return [] }
        for (device, seqs) in logs where feeds[account]?.logs[device] != nil { feeds[account]?.logs[device]?.bodiless = seqs }
        return fetch(account, now: now)
    }

    // MARK: Fetching

    /// Asks for what is missing of a feed, wherever it was offered, as far as requests may be under way.
    ///
    /// - Parameter sparesHomes: news that everybody misses is not asked of the author by everybody.
    mutating func fetch(_ account: AccountKey, now: Milliseconds, sparesHomes: Bool = false) -> [Action] {
        guard let feed = feeds[account], feed.isWanted(at: now) else {
            fetching.remove(account)
            stalled.remove(account)
            return []
        }
        stalled.remove(account)
        let holders = links.keys.filter { links[$0]?.offers[account] != nil }.sorted {
            (feed.homes.contains($0) == sparesHomes ? 1 : 0, mixed($0)) < (feed.homes.contains($1) == sparesHomes ? 1 : 0, mixed($1))
        }
        let devices = Set(holders.flatMap { node in links[node]?.offers[account].map { Array($0.keys) } ?? [] }).sorted()
        var actions: [Action] = []
        for device in devices {
            guard feed.logs[device]?.proof == nil, feed.logs[device] != nil || feed.logs.count < Limits.devicesMax else { continue }
            guard let last = holders.compactMap({ links[$0]?.offers[account]?[device]?.last }).max() else { continue }
            var log = feed.logs[device] ?? Log()
            var floor = log.floor ?? Self.floor(of: log.held, last: last)
            // Whoever said that the log was longer has not shown it: begin where it is known to end.
            if last < floor, (log.held.last ?? 0) < floor { floor = Self.floor(of: log.held, last: last) }
            log.floor = floor
            defer { feeds[account]?.logs[device] = log }
            guard last >= floor else { continue }
            var covered = log.whole
            for range in log.coming.keys { covered.insert(range) }
            for want in log.asked.keys { covered.insert(want.range) }
            for (range, announced) in log.awaited where announced.deadline > now { covered.insert(range) }
            missing: for gap in covered.missing(in: floor...last) {
                var next = gap.lowerBound
                while next <= gap.upperBound {
                    guard let (node, range) = offer(of: next...gap.upperBound, account, device, among: holders) else { continue missing }
                    guard let node else {
                        stalled.insert(account)
                        break missing
                    }
                    let want = Want(account: account, device: device, range: range)
                    log.asked[want] = Log.Asked(node: node, since: now)
                    if links[node]?.wantsUnderWay == 0 { links[node]?.waitingSince = now }
                    links[node]?.wantsUnderWay += 1
                    actions.append(.send(.want(want), to: node))
                    next = range.upperBound + 1
                }
            }
        }
        if feeds[account]?.logs.values.contains(where: { !$0.asked.isEmpty || !$0.coming.isEmpty }) == true || stalled.contains(account) {
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
}
