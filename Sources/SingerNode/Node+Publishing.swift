import SingerCore
import SingerDHT
import SingerReplication

/// What accounts of this peer write, on its way into the DHT: at a bounded rate, however much they write.
extension Node {
    /// What of one account's entries has gone into the DHT, and what waits.
    struct NewsPace {
        var bucket = TokenBucket(perSecond: 1 / (newsPeriod / .seconds(1)), burst: Double(newsBurstMax), now: .now)
        /// The newest of those that came too fast, until its turn comes.
        var waiting: (entry: Entry, device: DeviceSecret)?
    }

    /// A listener hears of this many entries written in a row; then of the newest one, at this interval. What it has not heard
    /// of is in the tail of the account's record, or comes over a link. Every storing node checks three signatures for each,
    /// and keeps no more than `Limits.recordsPerKeyMax` of an account for ten minutes.
    private static let newsBurstMax = 32
    private static let newsPeriod = Duration.milliseconds(500)
    /// News that also goes over links: what the DHT does with it is then not in the way of those who wait for it.
    private static let newsDelay = Duration.milliseconds(100)

    /// An account's record is written so long after a change, and so long after the last time: it says all that has changed meanwhile.
    private static let recordDelay = Duration.milliseconds(300)
    /// Between records of different accounts: each has up to `Limits.tailBytesMax` of entries, whose signatures every reader checks.
    private static let recordInterval = Duration.milliseconds(50)
    private static let recordPeriod: Milliseconds = 2_000

    /// An entry written here goes into the DHT too: for those who listen and have no link, and for the account's followers to be found.
    func publish(_ entry: Entry, by device: DeviceSecret) {
        if Self.followee(of: entry) != nil { job { await self.putEdge(entry, by: device) } }
        putNews(entry, by: device)
    }

    private func putNews(_ entry: Entry, by device: DeviceSecret) {
        let account = entry.header.account
        // Nothing takes the place of a revocation.
        if newsPaces[account, default: NewsPace()].bucket.take(1, now: .now) || entry.header.kind == .revoke {
            let directory = directory
            let delay = entry.header.kind == .revoke || replica.subscribers(of: account).isEmpty ? .zero : Self.newsDelay
            job {
                try? await Task.sleep(for: delay)
                await directory.put(EntryRecord.news(entry, by: device), permanent: false)
            }
            return
        }
        let isPlanned = newsPaces[account]?.waiting != nil
        newsPaces[account]?.waiting = (entry, device)
        guard !isPlanned else { return }
        job {
            try? await Task.sleep(for: Self.newsPeriod)
            await self.putWaitingNews(of: account)
        }
    }

    private func putWaitingNews(of account: AccountKey) {
        guard let (entry, device) = newsPaces[account]?.waiting else { return }
        newsPaces[account]?.waiting = nil
        if !Task.isCancelled { putNews(entry, by: device) }
    }

    /// Whoever has not written for a while may write as much at once as anybody.
    func forgetNewsPaces() {
        newsPaces = newsPaces.filter { $0.value.waiting != nil || !$0.value.bucket.isFull(at: .now) }
    }

    /// Notes that an account's record is out of date; it is written again shortly, once for many changes.
    func touchRecord(of account: AccountKey) {
        guard let open = opened[account], dirtyRecords[account] == nil else { return }
        dirtyRecords[account] = max(steadyTime + Self.recordDelay.milliseconds, open.recordWritten + Self.recordPeriod)
        guard !isWritingRecords else { return }
        isWritingRecords = true
        job { await self.writeRecords() }
    }

    /// Writes what is out of date, one record after the other, until nothing is.
    private func writeRecords() async {
        defer { isWritingRecords = false }
        while let (account, due) = dirtyRecords.min(by: { $0.value < $1.value }) {
            guard (try? await Task.sleep(for: max(.milliseconds(due - steadyTime), Self.recordInterval))) != nil else { return }
            dirtyRecords[account] = nil
            if opened[account] != nil, !isAskingForOwnLog(of: account) { await publishRecord(of: account, online: true) }
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Milliseconds { Milliseconds(self / .milliseconds(1)) }
}
