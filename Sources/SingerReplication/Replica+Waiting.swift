import SingerCore

/// Peers that do not answer although their links are up: a process that is stopped, a machine that swaps, a line that is dead.
extension Replica {
    /// Whether a peer that something was asked of has said nothing at all for too long.
    func isHanging(_ node: NodeKey, at now: Milliseconds) -> Bool {
        links[node].map { $0.wantsUnderWay > 0 && now - $0.waitingSince >= Self.patience } ?? false
    }

    /// Whether what is missing of a feed was asked of peers that hang, and no other link offers it: somebody else is to be found
    /// while these are waited for.
    func isKeptWaiting(_ account: AccountKey, now: Milliseconds) -> Bool {
        guard fetching.contains(account) || stalled.contains(account), let feed = feeds[account] else { return false }
        let holders = ties[account].filter { $0.value.offer?.isEmpty == false }
        let others = holders.filter { !isHanging($0.key, at: now) }
        guard others.count < holders.count, others.count < Self.sourcesEnough else { return false }
        if stalled.contains(account), others.isEmpty { return true }
        return feed.logs.contains { device, log in
            log.asked.contains { want, asked in
                now - asked.since >= Self.patience && !others.values.contains { $0.offer?[device]?.contains(want.range.lowerBound) == true }
            }
        }
    }

    /// Takes back what was asked of somebody who does not answer, so that others are asked: soon where others have it, too. Of a peer
    /// that hangs it is not taken back before: it answers when it goes on, and asking again would change nothing. (But what others claim
    /// of an own log, and do not give, is not believed for long.)
    ///
    /// - Returns: whether there is something to ask again.
    mutating func giveUp(on account: AccountKey, now: Milliseconds) -> Bool {
        func isLate(_ want: LogRange, _ asked: Log.Asked) -> Bool {
            guard now - asked.since >= Self.patience else { return false }
            if ties[account].contains(where: { $0 != asked.node && $1.offer?[want.device]?.contains(want.range.lowerBound) == true }) { return true }
            return asked.deadline <= now && (feeds[account]?.isHosted == true || !isHanging(asked.node, at: now))
        }
        var hasGivenUp = false
        for (device, log) in feeds[account]?.logs ?? [:] {
            for (want, asked) in log.asked where isLate(want, asked) {
                release(want)
                retract(want.range, of: account, want.device, by: asked.node)
                hasGivenUp = true
            }
            // The store has not taken these: what this peer offers there is of no use.
            for (range, given) in log.coming where given.deadline <= now {
                feeds[account]?.logs[device]?.coming[range] = nil
                retract(range, of: account, device, by: given.node)
                hasGivenUp = true
            }
        }
        return hasGivenUp
    }
}
