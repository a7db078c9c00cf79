import Logging
import SingerCore
import SingerDHT

/// What accounts of this peer write, on its way into the DHT: at a bounded rate, however much they write.
extension Node {
    /// What of one account's entries has gone into the DHT, and what waits.
    struct NewsPace {
        var bucket = TokenBucket(perSecond: 1 / (newsPeriod / .seconds(1)), burst: Double(newsBurstMax), now: .now)
        /// The newest of those that came too fast.
        var waiting: Entry?
        var isWaiting = false
    }

    /// A listener hears of this many entries written in a row; then of the newest one, at this interval. What it has not heard
    /// of is in the tail of the account's record, or comes over a link. Every storing node checks three signatures for each,
    /// and keeps no more than `Limits.recordsPerKeyMax` of an account for ten minutes.
    private static let newsBurstMax = 32
    private static let newsPeriod = Duration.milliseconds(500)

    /// An account's record is written so long after a change, and so long after the last time: it says all that has changed meanwhile.
    private static let recordDelay = Duration.milliseconds(300)
    /// Between records of different accounts: each has up to `Limits.tailBytesMax` of entries, whose signatures every reader checks.
    private static let recordInterval = Duration.milliseconds(50)
    private static let recordPeriod: Milliseconds = 2_000

    /// An entry written here goes into the DHT too: for those who listen and have no link, and for the account's followers to be found.
    func publish(_ entry: Entry, by device: DeviceSecret) {
        let account = entry.header.account
        let directory = directory
        job { await self.putEdge(entry, by: device) }
        // Nothing takes the place of a revocation.
        if newsPaces[account, default: NewsPace()].bucket.take(1, now: .now) || entry.header.kind == .revoke {
            job { await directory.put(EntryRecord.news(entry, by: device), permanent: false) }
            return
        }
        newsPaces[account]?.waiting = entry
        guard newsPaces[account]?.isWaiting == false else { return }
        newsPaces[account]?.isWaiting = true
        job {
            try? await Task.sleep(for: Self.newsPeriod)
            await self.publishWaiting(of: account, by: device)
        }
    }

    private func publishWaiting(of account: AccountKey, by device: DeviceSecret) {
        newsPaces[account]?.isWaiting = false
        guard !Task.isCancelled, let entry = newsPaces[account]?.waiting, entry.header.device == device.publicKey else { return }
        newsPaces[account]?.waiting = nil
        publish(entry, by: device)
    }

    /// Notes that an account's record is out of date; it is written again shortly, once for many changes.
    func touchRecord(of account: AccountKey) {
        guard let open = opened[account], dirtyRecords[account] == nil else { return }
        dirtyRecords[account] = max(clock() + Self.recordDelay.milliseconds, open.recordWritten + Self.recordPeriod)
        guard !isWritingRecords else { return }
        isWritingRecords = true
        job { await self.writeRecords() }
    }

    /// Writes what is out of date, one record after the other, until nothing is.
    private func writeRecords() async {
        defer { isWritingRecords = false }
        while let (account, due) = dirtyRecords.min(by: { $0.value < $1.value }) {
            // A clock that is set back must not keep a record waiting.
            let wait = min(due - clock(), Self.recordPeriod)
            guard (try? await Task.sleep(for: max(.milliseconds(wait), Self.recordInterval))) != nil else { return }
            dirtyRecords[account] = nil
            if opened[account] != nil { await publishRecord(of: account, online: true) }
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Milliseconds { Milliseconds(self / .milliseconds(1)) }
}
