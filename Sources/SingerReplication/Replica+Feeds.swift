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
        noteChange(of: account)
        // A lookup that failed for somebody long ago must not make this one wait.
        feeds[account]?.lookup.reset()
        feeds[account]?.search.reset()
        return links.keys.sorted().map { .send(have, to: $0) } + seek(account, now: now)
    }

    mutating func unsubscribe(_ account: AccountKey) -> [Action] {
        fetching.remove(account)
        stalled.remove(account)
        _ = forgetAsked(account) { _ in true }
        for device in (feeds[account]?.logs ?? [:]).keys { feeds[account]?.logs[device]?.coming = [:] }
        if !owing.contains(account) { unserved[account] = nil }
        awaiting.remove(account)
        announcing.remove(account)
        rewiring[account] = nil
        feeds[account]?.unannounced = [:]
        feeds[account]?.parent = nil
        for node in ties[account].keys {
            ties.change(account, node) {
                $0.offer = nil
                $0.source = nil
            }
        }
        let have = Message.have([.unsubscribing(account)])
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

    /// Notes that what is held of a feed, or whether it is wanted, is not what it was.
    mutating func noteChange(of account: AccountKey) {
        changes += 1
        feeds[account]?.changed = changes
    }

    func state(of account: AccountKey, _ interest: FeedState.Interest) -> FeedState {
        FeedState(account: account, interest: interest, held: feeds[account]?.logs.mapValues(\.whole).filter { !$0.value.isEmpty } ?? [:])
    }
}
