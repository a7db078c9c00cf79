import SingerCore

/// Entries on their way: from a link into the store, and from the store to others.
extension Replica {
    mutating func take(_ entries: [Entry], answering want: LogRange?, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard let want else { return takePush(entries, from: node, now: now) }
        if feeds[want.account]?.logs[want.device]?.asked[want]?.node == node {
            release(want)
        } else {
            // It comes late: others may have been asked meanwhile, or there are no others. Take it all the same.
            guard let feed = feeds[want.account], feed.isWanted(at: now), feed.logs[want.device] != nil, ties[want.account, node]?.offer != nil,
                offer([want.range], of: want.account, want.device, by: node)
            else { return [] }
        }
        // Whatever else is in it was not asked for.
        let answer = entries.filter { $0.header.account == want.account && $0.header.device == want.device && want.range.contains($0.header.seq) }
        let given = SequenceSet(answer.map { $0.header.seq...$0.header.seq })
        // What an answer skips, or ends before without having begun, is not there.
        for missing in given.missing(in: want.range.lowerBound...(given.last ?? want.range.upperBound)) {
            retract(missing, of: want.account, want.device, by: node)
        }
        let wanted = feeds[want.account]?.logs[want.device]?.proof == nil ? answer : []
        expect(wanted, from: node, now: now)
        return (wanted.isEmpty ? [] : ownLog(wanted) + [.store(wanted, from: node, isNews: false)])
            + fetch(want.account, now: now) + fetchStalled(now: now) + seek(want.account, now: now)
    }

    /// A request has been answered: there is room for another, of whatever feed.
    mutating func fetchStalled(now: Milliseconds) -> [Action] {
        // As many as one link can have under way; more would only stall again.
        stalled.take(Limits.wantsPerLinkMax).flatMap { fetch($0, now: now) }
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
            guard feeds[account]?.hasRoom(for: device) == true, offer([seq...seq], of: account, device, by: node) else { continue }
            let log = feeds[account]?.logs[device] ?? Log()
            guard log.proof == nil else { continue }
            let isHeld = log.held.contains(seq) && !(entry.body != nil && log.bodiless.contains(seq))
            if isHeld || log.coming.keys.contains(where: { $0.contains(seq) }) { repeated.insert(account) } else { fresh.append(entry) }
        }
        var actions = unwanted.sorted().flatMap { decline($0, from: node) }
        for account in Set(fresh.map(\.header.account)).sorted() {
            repeated.remove(account)
            feeds[account]?.parent = node
            ties.change(account, node) { $0.source = .eager }
            // It has the news before this peer.
            feeds[account]?.eager.remove(node)
            fetching.insert(account)
        }
        for account in repeated.sorted() {
            // Only where another eager link works: what came as an answer says nothing about the tree.
            guard let parent = feeds[account]?.parent, parent != node, links[parent] != nil else { continue }
            ties.change(account, node) { $0.source = .lazy }
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
            retract(entry.header.seq...entry.header.seq, of: header.account, header.device, by: node)
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
        for entry in entries where feeds[entry.header.account]?.hasRoom(for: entry.header.device) == true {
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
            noteChange(of: account)
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
                let held = ties.offer(of: account, device, by: node)
                let news = group.filter { held?.contains($0.header.seq) != true }
                guard !news.isEmpty else { continue }
                actions.append(.send(.entries(news, answers: nil), to: node))
                _ = offer(news.map { $0.header.seq...$0.header.seq }, of: account, device, by: node)
            }
            guard ties.hasSubscribers(account) else { continue }
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
        noteChange(of: account)
        for (device, seqs) in logs where feeds[account]?.logs[device] != nil { feeds[account]?.logs[device]?.bodiless = seqs }
        return fetch(account, now: now) + (isBehind(account) ? seek(account, now: now) : [])
    }
}
