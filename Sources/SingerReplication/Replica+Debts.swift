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
        return pursue(debt, now: now)
    }

    private mutating func pursue(_ debt: Debt, now: Milliseconds) -> [Action] {
        guard let home = (feeds[debt.recipient]?.homes ?? []).filter({ links[$0] != nil }).min() else { return seek(debt.recipient, now: now) }
        // A link takes so many at a time: the turn of the others comes with receipts.
        let underWay = feeds[debt.recipient]?.debtsUnderWay ?? []
        guard underWay.count < Self.debtsUnderWayMax || underWay.contains(debt.entry.id) else { return [] }
        feeds[debt.recipient]?.debtsUnderWay.insert(debt.entry.id)
        // Until the receipt comes; on a link that lives this is never repeated.
        feeds[debt.recipient]?.debts[debt.entry.id]?.retry.failed(
            at: now, min: Self.receiptTimeout, max: Limits.outboxBackoffMax, random: &random)
        return [.send(.delivery(debt), to: home)]
    }

    /// Sends what is owed to an account, over a link to its home that has just come up.
    mutating func deliver(to node: NodeKey, of account: AccountKey, now: Milliseconds) -> [Action] {
        guard owing.contains(account), let feed = feeds[account], feed.homes.contains(node) else { return [] }
        if need(of: account, now: now) == nil { unserved[account] = nil }
        feeds[account]?.debtsUnderWay = []
        return Self.oldestFirst(feed.debts.values).prefix(Self.debtsUnderWayMax).flatMap { pursue($0, now: now) }
    }

    /// Of one account, over a link that would end if its queue were full.
    static let debtsUnderWayMax = 256
    /// Of one account that are kept here; what else is owed to it stays in the store until there is room.
    public static let debtsMax = 4 * debtsUnderWayMax

    /// The next ones, where half of those that were sent are acknowledged.
    private mutating func deliverMore(to account: AccountKey, now: Milliseconds) -> [Action] {
        guard let feed = feeds[account], feed.debtsUnderWay.count <= Self.debtsUnderWayMax / 2, feed.debts.count > feed.debtsUnderWay.count else { return [] }
        let waiting = feed.debts.filter { !feed.debtsUnderWay.contains($0.key) }.values
        return Self.oldestFirst(waiting).prefix(Self.debtsUnderWayMax / 2).flatMap { pursue($0, now: now) }
    }

    /// Asks the store for more, where there is room.
    private mutating func recallDebts(to account: AccountKey) -> [Action] {
        guard let feed = feeds[account], feed.owesMore, feed.debts.count <= Self.debtsMax / 2 else { return [] }
        feeds[account]?.owesMore = false
        return [.recallDebts(account)]
    }

    mutating func retryDebts(now: Milliseconds) -> [Action] {
        let due = owing.flatMap { account in (feeds[account]?.debts ?? [:]).values.filter { $0.retry.attempts > 0 && $0.retry.isDue(at: now) } }
        // What is not acknowledged lets others by.
        for state in due { feeds[state.debt.recipient]?.debtsUnderWay.remove(state.debt.entry.id) }
        let next = Set(due.map(\.debt.recipient)).sorted().flatMap { account in
            Self.oldestFirst((feeds[account]?.debts ?? [:]).values.filter { $0.retry.attempts == 0 }).prefix(Self.debtsUnderWayMax / 2)
        }
        return (next + Self.oldestFirst(due)).flatMap { pursue($0, now: now) }
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
