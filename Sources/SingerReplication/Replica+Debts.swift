import SingerCore

/// Entries that somebody else's peer must get, whether or not it replicates the log: each is sent until it is acknowledged.
extension Replica {
    struct DebtState: Sendable {
        let debt: Debt
        var retry = Retry()
    }

    mutating func owe(_ debt: Debt, now: Milliseconds) -> [Action] {
        guard feeds[debt.recipient]?.debts[debt.entry.id] == nil else { return [] }
        guard feeds[debt.recipient]?.debts.count ?? 0 < Self.debtsMax else {
            feeds[debt.recipient]?.owesMore = true
            return []
        }
        feeds[debt.recipient, default: Feed()].debts[debt.entry.id] = DebtState(debt: debt)
        owing.insert(debt.recipient)
        return pursue([debt], to: debt.recipient, now: now)
    }

    /// Sends debts to a linked home of an account, or looks for one.
    private mutating func pursue(_ debts: [Debt], to account: AccountKey, now: Milliseconds) -> [Action] {
        guard let home = (feeds[account]?.homes ?? []).filter({ links[$0] != nil }).min() else { return seek(account, now: now) }
        return debts.flatMap { deliver($0, to: home, now: now) }
    }

    private mutating func deliver(_ debt: Debt, to home: NodeKey, now: Milliseconds) -> [Action] {
        // A link takes so many at a time: the turn of the others comes with receipts.
        let underWay = feeds[debt.recipient]?.debtsUnderWay ?? []
        guard underWay.count < Self.debtsUnderWayMax || underWay.contains(debt.entry.id) else { return [] }
        feeds[debt.recipient]?.debtsUnderWay.insert(debt.entry.id)
        // Until the receipt comes.
        feeds[debt.recipient]?.debts[debt.entry.id]?.retry.failed(
            at: now, min: Self.receiptTimeout, max: Limits.outboxBackoffMax, random: &random)
        return [.send(.delivery(debt), to: home)]
    }

    /// Sends what is owed to an account, over a link to its home that has just come up.
    mutating func deliver(to node: NodeKey, of account: AccountKey, now: Milliseconds) -> [Action] {
        guard owing.contains(account), let feed = feeds[account], feed.homes.contains(node) else { return [] }
        if need(of: account, now: now) == nil { unserved[account] = nil }
        feeds[account]?.debtsUnderWay = []
        return pursue(Array(Self.oldestFirst(feed.debts.values).prefix(Self.debtsUnderWayMax)), to: account, now: now)
    }

    /// Of one account, over a link that would end if its queue were full.
    static let debtsUnderWayMax = 256
    /// Of one account that are kept here; what else is owed to it stays in the store until there is room.
    public static let debtsMax = 4 * debtsUnderWayMax

    /// The next ones, where half of those that were sent are acknowledged.
    private mutating func deliverMore(to account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], feed.debtsUnderWay.count <= Self.debtsUnderWayMax / 2, feed.debts.count > feed.debtsUnderWay.count else { return [] }
        let waiting = feed.debts.filter { !feed.debtsUnderWay.contains($0.key) }.values
        return pursue(Array(Self.oldestFirst(waiting).prefix(Self.debtsUnderWayMax / 2)), to: account, now: now)
    }

    /// Asks the store for more, where there is room.
    private mutating func recallDebts(to account: AccountKey) -> [Action] {
        guard let feed = feeds[account], feed.owesMore, feed.debts.count <= Self.debtsMax / 2 else { return [] }
        feeds[account]?.owesMore = false
        return [.recallDebts(account)]
    }

    mutating func retryDebts(now: Milliseconds) -> [Action] {
        owing.sorted().flatMap { account -> [Action] in
            let debts = (feeds[account]?.debts ?? [:]).values
            let due = debts.filter { $0.retry.attempts > 0 && $0.retry.isDue(at: now) }
            guard !due.isEmpty else { return [] }
            // What is not acknowledged lets others by.
            for state in due { feeds[account]?.debtsUnderWay.remove(state.debt.entry.id) }
            let next = Self.oldestFirst(debts.filter { $0.retry.attempts == 0 }).prefix(Self.debtsUnderWayMax / 2)
            return pursue(next + Self.oldestFirst(due), to: account, now: now)
        }
    }

    private static func oldestFirst(_ debts: some Sequence<DebtState>) -> [Debt] {
        debts.map(\.debt).sorted {
            ($0.entry.header.created, $0.entry.id, $0.recipient) < ($1.entry.header.created, $1.entry.id, $1.recipient)
        }
    }

    /// What one peer of an account is told, the others of it are told by that one: the sender knows of one receipt, and asks for no more.
    func passOn(_ debt: Debt, from node: NodeKey) -> [Action] {
        guard let feed = feeds[debt.recipient], feed.isHosted, !feed.homes.contains(node) else { return [] }
        return feed.homes.filter { links[$0] != nil }.sorted().map { .send(.delivery(debt), to: $0) }
    }

    mutating func receipt(_ entry: EntryID, _ recipient: AccountKey, isUnknown: Bool, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard let debt = feeds[recipient]?.debts[entry]?.debt else { return [] }
        guard !isUnknown else {
            // The account has moved, or the directory was wrong: look again, later.
            feeds[recipient]?.homes.remove(node)
            return seek(recipient, now: now)
        }
        guard feeds[recipient]?.homes.contains(node) == true else { return [] }
        feeds[recipient]?.debts[entry] = nil
        feeds[recipient]?.debtsUnderWay.remove(entry)
        if feeds[recipient]?.debts.isEmpty == true { owing.remove(recipient) }
        if need(of: recipient, now: now) == nil { unserved[recipient] = nil }
        return [.settle(debt)] + deliverMore(to: recipient, now: now) + recallDebts(to: recipient)
    }
}
