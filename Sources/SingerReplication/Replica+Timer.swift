public import SingerCore

/// What happens because time passes.
extension Replica {
    /// Whether the timer is needed: something will be due that no event brings.
    public var hasWork: Bool {
        !unserved.isEmpty || !owing.isEmpty || !fetching.isEmpty || !stalled.isEmpty || !visited.isEmpty || !announcing.isEmpty || !awaiting.isEmpty
            || !spare.isEmpty || !rewiring.isEmpty
    }

    /// When the next tick is of use; `nil` while nothing will be due that no event brings.
    public func nextTick(after now: Milliseconds) -> Milliseconds? {
        let soon = now + Self.announceDelay
        if !announcing.isEmpty || !awaiting.isEmpty || !fetching.isEmpty || !stalled.isEmpty { return soon }
        var due = Milliseconds.max
        if !owing.isEmpty || !spare.isEmpty { due = now + 1_000 }
        if !visited.isEmpty { due = min(due, now + 10_000) }
        for next in unserved.values { due = min(due, max(next, soon)) }
        for next in rewiring.values { due = min(due, max(next, now + 1_000)) }
        return due == .max ? nil : due
    }

    mutating func tick(now: Milliseconds) -> [Action] {
        var actions = announce() + graftLate(now: now)
        for account in fetching.sorted() {
            let isOpen = giveUp(on: account, now: now)
            if isOpen { actions += fetch(account, now: now) }
            if isOpen || unserved[account] == nil && isKeptWaiting(account, now: now) { actions += seek(account, now: now) }
        }
        actions += fetchStalled(now: now)
        // There may be very many of these.
        if links.keys.contains(where: { isHanging($0, at: now) }) {
            for account in stalled.elements.sorted() where unserved[account] == nil && isKeptWaiting(account, now: now) { actions += seek(account, now: now) }
        }
        for account in visited.sorted() where (feeds[account]?.visitedUntil ?? 0) <= now {
            visited.remove(account)
            if feeds[account]?.isWanted(at: now) == false { actions += unsubscribe(account) }
        }
        for account in unserved.filter({ $0.value <= now }).keys.sorted() { actions += seek(account, now: now) }
        return actions + rewire(now: now) + closeSpare(now: now) + retryDebts(now: now)
    }
}
