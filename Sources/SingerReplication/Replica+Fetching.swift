import SingerCore

/// What is missing of a feed, and of whom it is asked.
extension Replica {
    /// Asks for what is missing of a feed, wherever it was offered, as far as requests may be under way.
    ///
    /// - Parameter sparesHomes: news that everybody misses is not asked of the author by everybody.
    mutating func fetch(_ account: AccountKey, now: Milliseconds, sparesHomes: Bool = false) -> [Action] {
        guard feeds[account]?.isWanted(at: now) == true else {
            fetching.remove(account)
            stalled.remove(account)
            return []
        }
        let said = ties[account]
        var isStalled = false
        var offers: [Offer]?
        var actions: [Action] = []
        for device in Set(said.values.flatMap { ($0.offer ?? [:]).keys }).sorted() {
            let gaps = missing(of: account, device, among: said, now: now)
            guard !gaps.isEmpty else { continue }
            // Mostly nothing is missing: who is asked first need not be known then.
            let order = offers ?? inOrder(said, of: account, sparesHomes: sparesHomes)
            offers = order
            let (requests, isComplete) = ask(for: gaps, of: account, device, among: order, now: now)
            actions += requests
            if !isComplete { isStalled = true }
        }
        if isStalled { stalled.insert(account) } else { stalled.remove(account) }
        if feeds[account]?.logs.values.contains(where: { !$0.asked.isEmpty || !$0.coming.isEmpty }) == true {
            fetching.insert(account)
        } else {
            fetching.remove(account)
        }
        return actions
    }

    /// The parts of a log that are said to be somewhere, and that are neither here, nor on their way, nor to come by themselves.
    private mutating func missing(
        of account: AccountKey, _ device: DeviceKey, among ties: [NodeKey: Ties.Tie], now: Milliseconds
    ) -> [ClosedRange<UInt64>] {
        guard let last = ties.values.lazy.compactMap({ $0.offer?[device]?.last }).max() else { return [] }
        guard let feed = feeds[account], feed.hasRoom(for: device) else { return [] }
        let log = feed.logs[device] ?? Log()
        guard log.proof == nil else { return [] }
        // The account's own peers know how long the log is; others may say what they like.
        let end = ties.lazy.filter { feed.homes.contains($0.key) }.compactMap { $0.value.offer?[device]?.last }.max() ?? last
        var floor = log.floor ?? Self.floor(of: log.held, last: end)
        // Whoever said that the log was longer has not shown it: begin where it is known to end.
        if end < floor, (log.held.last ?? 0) < floor { floor = Self.floor(of: log.held, last: end) }
        if log.floor != floor { feeds[account]?.logs[device, default: Log()].floor = floor }
        guard last >= floor else { return [] }
        var covered = log.covered
        for (range, announced) in log.awaited where announced.deadline > now { covered.insert(range) }
        return covered.missing(in: floor...last)
    }

    /// - Returns: the requests, and whether those who have it could take all of them.
    private mutating func ask(
        for gaps: [ClosedRange<UInt64>], of account: AccountKey, _ device: DeviceKey, among offers: [Offer], now: Milliseconds
    ) -> ([Action], isComplete: Bool) {
        var actions: [Action] = []
        for gap in gaps {
            var next = gap.lowerBound
            while next <= gap.upperBound, let (node, range) = first(of: next...gap.upperBound, device, among: offers) {
                guard let node else { return (actions, false) }
                let want = LogRange(account: account, device: device, range: range)
                feeds[account]?.logs[device]?.asked[want] = Log.Asked(node: node, since: now)
                if links[node]?.wantsUnderWay == 0 { links[node]?.waitingSince = now }
                links[node]?.wantsUnderWay += 1
                actions.append(.send(.want(want), to: node))
                next = range.upperBound + 1
            }
        }
        return (actions, true)
    }

    /// What a peer offers of a feed.
    private typealias Offer = (node: NodeKey, logs: [DeviceKey: SequenceSet])

    /// Those that offer something, in the order in which they are asked.
    private func inOrder(_ ties: [NodeKey: Ties.Tie], of account: AccountKey, sparesHomes: Bool) -> [Offer] {
        let homes = feeds[account]?.homes ?? []
        let ranked = ties.compactMap { node, tie -> (rank: (Int, UInt64), offer: Offer)? in
            guard let logs = tie.offer else { return nil }
            // A home that referred this peer to others has enough to do.
            let rank = !homes.contains(node) ? 1 : sparesHomes || tie.source != .eager ? 2 : 0
            return ((rank, mixed(node)), (node, logs))
        }
        return ranked.sorted { $0.rank < $1.rank }.map(\.offer)
    }

    /// The first part of `gap` that somebody offers, and the least busy of those; no node if all of them are busy.
    private func first(
        of gap: ClosedRange<UInt64>, _ device: DeviceKey, among offers: [Offer]
    ) -> (node: NodeKey?, range: ClosedRange<UInt64>)? {
        let offers = offers.compactMap { offer in
            offer.logs[device]?.intersection(gap).first.map { (node: offer.node, range: $0, load: links[offer.node]?.wantsUnderWay ?? 0) }
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

    /// A request was answered, or counts no more.
    mutating func release(_ want: LogRange) {
        guard let asked = feeds[want.account]?.logs[want.device]?.asked.removeValue(forKey: want) else { return }
        links[asked.node]?.wantsUnderWay -= 1
    }

    /// - Returns: whether there was something to forget.
    mutating func forgetAsked(_ account: AccountKey, where matches: (Log.Asked) -> Bool) -> Bool {
        var hasForgotten = false
        for log in (feeds[account]?.logs ?? [:]).values {
            for (want, asked) in log.asked where matches(asked) {
                release(want)
                hasForgotten = true
            }
        }
        return hasForgotten
    }

    /// Notes that a peer does not give what it said it holds.
    mutating func retract(_ range: ClosedRange<UInt64>, of account: AccountKey, _ device: DeviceKey, by node: NodeKey) {
        ties.change(account, node) { tie in
            tie.offer?[device]?.remove(range)
            if tie.offer?[device]?.isEmpty == true { tie.offer?[device] = nil }
        }
        forgetIfUnknown(account, device)
    }

    /// Anybody can name devices that there are not: a log of which nothing has come gives its place up when nobody offers it any more.
    mutating func forgetIfUnknown(_ account: AccountKey, _ device: DeviceKey) {
        guard let log = feeds[account]?.logs[device], log.held.isEmpty, log.asked.isEmpty, log.coming.isEmpty, log.awaited.isEmpty, log.proof == nil,
            !ties[account].values.contains(where: { $0.offer?[device] != nil })
        else { return }
        feeds[account]?.logs[device] = nil
    }
}
