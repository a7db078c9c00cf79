import SingerCore

/// Entries that somebody else's peer must get, whether or not it replicates the log: each is sent until it is acknowledged.
extension Replica {
    mutating func owe(_ debt: Debt, now: Milliseconds) -> [Action] {
        guard debts[debt.key] == nil else { return [] }
        debts[debt.key] = DebtState(debt: debt)
        feeds[debt.recipient, default: Feed()].debts += 1
        return pursue(debt, now: now)
    }

    private mutating func pursue(_ debt: Debt, now: Milliseconds) -> [Action] {
        guard let home = (feeds[debt.recipient]?.homes ?? []).filter({ links[$0] != nil }).min() else { return seek(debt.recipient, now: now) }
        // Until the receipt comes; on a link that lives this is never repeated.
        debts[debt.key]?.retry.failed(at: now, min: Self.receiptTimeout, max: Limits.outboxBackoffMax, random: &random)
        return [.send(.delivery(debt), to: home)]
    }

    /// Sends what is owed to an account, over a link to its home that has just come up.
    mutating func deliver(to node: NodeKey, of account: AccountKey, now: Milliseconds) -> [Action] {
        guard feeds[account]?.homes.contains(node) == true, feeds[account]?.debts ?? 0 > 0 else { return [] }
        if !needsLink(account, now: now) { unserved.remove(account) }
        let owed = debts.values.filter { $0.debt.recipient == account }.sorted {
            ($0.debt.entry.header.created, $0.debt.entry.id) < ($1.debt.entry.header.created, $1.debt.entry.id)
        }
        return owed.flatMap { pursue($0.debt, now: now) }
    }

    mutating func retryDebts(now: Milliseconds) -> [Action] {
        debts.values.filter { $0.retry.attempts > 0 && $0.retry.isDue(at: now) }
            .sorted { ($0.debt.entry.header.created, $0.debt.entry.id) < ($1.debt.entry.header.created, $1.debt.entry.id) }
            .flatMap { pursue($0.debt, now: now) }
    }

    mutating func receipt(_ key: Debt.Key, isUnknown: Bool, from node: NodeKey, now: Milliseconds) -> [Action] {
        guard let state = debts[key] else { return [] }
        guard !isUnknown else {
            // The account has moved, or the directory was wrong: look again, later.
            feeds[key.recipient]?.homes.remove(node)
            return seek(key.recipient, now: now)
        }
        guard feeds[key.recipient]?.homes.contains(node) == true else { return [] }
        debts[key] = nil
        feeds[key.recipient]?.debts -= 1
        if !needsLink(key.recipient, now: now) { unserved.remove(key.recipient) }
        return [.settle(state.debt)]
    }
}
