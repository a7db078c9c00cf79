import SingerCore
import SingerReplication
import SingerStore

/// Feeds that somebody here follows, or looks at.
extension Node {
    /// Begins to keep up with a feed that somebody here follows.
    func takeUp(_ account: AccountKey) async {
        guard !hosted.contains(account) else { return }
        await recall(account)
        await recallProofs(of: account)
        begin(account)
        // At the start all are provided together.
        if providedAt > 0 { job { await self.provide(account) } }
    }

    private func begin(_ account: AccountKey) {
        // The last to follow it may have unfollowed it while the store was read.
        guard followersHere[account]?.isEmpty == false else { return }
        drive(.following(account))
        listen(to: account)
    }

    /// Takes up many feeds as one: all is known of them before the first link is up, which then says it in a sum.
    func takeUp(_ accounts: [AccountKey]) async {
        for account in accounts {
            await recall(account)
            await recallProofs(of: account)
        }
        for account in accounts { begin(account) }
    }

    /// Tells the replica what the store holds of a feed, and who may have more.
    private func recall(_ account: AccountKey) async {
        if !replica.wants(account, at: clock()) {
            for log in (try? await store.heldLogs(of: account)) ?? [] { drive(.holding(log.account, log.device, SequenceSet(log.ranges))) }
            await recallWithheld(of: account)
        }
        await findHome(of: account)
    }

    /// Tells the replica which posts are here without their bodies, though nobody has deleted them.
    func recallWithheld(of account: AccountKey) async {
        guard let posts = try? await store.withheld(of: account), let logs = try? await store.heldLogs(of: account) else { return }
        var withheld = Dictionary(uniqueKeysWithValues: logs.map { ($0.device, SequenceSet()) })
        for post in posts { withheld[post.device, default: SequenceSet()].insert(post.seq) }
        drive(.withheld(account, withheld))
    }

    func giveUp(_ account: AccountKey) {
        drive(.unfollowed(account))
        stopListening(to: account)
    }

    /// Fetches a feed that nobody here follows, and waits a moment for it.
    func visit(_ account: AccountKey) async {
        guard !hosted.contains(account), followersHere[account]?.isEmpty ?? true else { return }
        await recall(account)
        drive(.visiting(account))
        await wait(within: .seconds(2)) { $0.replica.isServed(account) && $0.replica.isLevel(account) && $0.ingest.batches.isEmpty && !$0.ingest.isRunning }
    }

    /// Asks for older entries of feeds, where there are any, and waits a moment for them.
    ///
    /// - Returns: whether something may have come.
    func fetchOlder(_ accounts: [AccountKey], count: Int) async -> Bool {
        let incomplete = accounts.filter { !hosted.contains($0) && replica.hasOlder($0) }
        guard !incomplete.isEmpty else { return false }
        for account in incomplete { drive(.wantsOlder(account, entries: UInt64(count))) }
        await wait(within: .seconds(2)) { node in
            incomplete.allSatisfy { node.replica.isLevel($0) } && node.ingest.batches.isEmpty && !node.ingest.isRunning
        }
        return true
    }
}
