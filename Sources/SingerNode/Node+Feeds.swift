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
        if !replica.wants(account, at: steadyTime) {
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

    /// Replicates the feed of somebody just followed, here or at another peer of the account, and has its sessions shown what is here of it already.
    func beginShowing(_ account: AccountKey, to sessions: [Login]) async {
        for session in sessions { session.expect(backlogOf: account) }
        await takeUp(account)
        job { await self.showBacklog(of: account, to: sessions) }
    }

    /// What is here of somebody just followed may be deleted in what is not: it is shown when the log has had time to come.
    private func showBacklog(of account: AccountKey, to sessions: [Login]) async {
        let isHere = (try? await store.backlog([(account, .max)]))?.isEmpty == false
        if isHere, !hosted.contains(account) {
            await wait(within: Self.logPatience, every: .milliseconds(20)) { $0.replica.isServed(account) && $0.replica.isLevel(account) }
            await wait(within: Self.logPatienceMax - Self.logPatience, every: .milliseconds(100)) { !$0.replica.isComing(account) }
        }
        for session in sessions { session.showBacklog(of: account) }
    }

    /// Nothing more of a feed is on its way into the store.
    private func isSettled(_ account: AccountKey) -> Bool { replica.isLevel(account) && ingest.isIdle(for: account) }

    /// How long a log has time to come over a link; longer, as long as it is just coming, or somebody who gives it is looked for.
    static let logPatience: Duration = .seconds(2)
    static let logPatienceMax: Duration = .seconds(10)

    func giveUp(_ account: AccountKey) {
        drive(.unfollowed(account))
        stopListening(to: account)
    }

    /// Fetches a feed that nobody here follows, and waits a moment for it.
    func visit(_ account: AccountKey) async {
        guard !hosted.contains(account), followersHere[account]?.isEmpty ?? true else { return }
        await recall(account)
        drive(.visiting(account))
        await wait(within: Self.logPatience) { $0.replica.isServed(account) && $0.isSettled(account) }
    }

    /// Asks for older entries of feeds, where there are any, and waits a moment for them.
    ///
    /// - Returns: whether something may have come.
    func fetchOlder(_ accounts: [AccountKey], count: Int) async -> Bool {
        let incomplete = accounts.filter { !hosted.contains($0) && replica.hasOlder($0) }
        guard !incomplete.isEmpty else { return false }
        for account in incomplete { drive(.wantsOlder(account, entries: UInt64(count))) }
        await wait(within: Self.logPatience) { node in incomplete.allSatisfy { node.isSettled($0) } }
        return true
    }
}
