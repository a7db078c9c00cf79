public import SingerCore
import SingerReplication
import SingerStore

/// Who is online: a lease in the account record, renewed while a session is open.
extension Node {
    /// The first session of an account was opened.
    func cameOnline(_ account: AccountKey) async {
        // It may wait for word of the own log; the rest need not.
        job { await self.publishRecord(of: account, online: true) }
        // What the account's other devices say: that this one is revoked, say.
        listen(to: account)
        job { await self.readOwnRecords(of: account) }
        job { await self.tellRivals(of: account) }
        await readEdges(of: account, within: .seconds(5))
    }

    /// Renews the leases of accounts here, and notices those that ran out elsewhere.
    func renewPresence() async {
        let now = clock()
        for (account, open) in opened where steadyTime - open.recordWritten > Limits.onlineLease / 2 && !isAskingForOwnLog(of: account) {
            await publishRecord(of: account, online: true)
        }
        for account in online where !isOnline(account, at: now) { setOnline(account, false) }
        await provide()
    }

    func noteLease(_ record: AccountRecord) {
        let account = record.certificate.account
        let now = clock()
        let old = leases[account]?[record.certificate.device]
        // Of a clock that is far ahead nobody can tell how long ago this was, and what is said with a right one later must count.
        guard record.seen >= old?.seen ?? 0, record.seen < now + Limits.clockSkewMax else { return }
        if leases[account] == nil, leases.count >= leasesMax {
            leases = leases.filter { followersHere[$0.key]?.isEmpty == false || isOnline($0.key, at: now) }
            leasesMax = max(leasesMax, 2 * leases.count)
        }
        if old == nil, leases[account]?.count ?? 0 >= Limits.devicesMax {
            leases[account] = leases[account]?.filter { $0.value.onlineUntil > now }
            guard leases[account]?.count ?? 0 < Limits.devicesMax else { return }
        }
        leases[account, default: [:]][record.certificate.device] = Lease(onlineUntil: record.onlineUntil, seen: record.seen)
        setOnline(account, isOnline(account, at: now))
    }

    /// A device that is revoked says no more who is online.
    func forgetLease(of device: DeviceKey, _ account: AccountKey) {
        guard leases[account]?.removeValue(forKey: device) != nil else { return }
        if leases[account]?.isEmpty == true { leases[account] = nil }
        setOnline(account, isOnline(account, at: clock()))
    }

    private func isOnline(_ account: AccountKey, at now: Milliseconds) -> Bool { leases[account]?.values.contains { $0.onlineUntil > now } ?? false }

    private func setOnline(_ account: AccountKey, _ isOnline: Bool) {
        guard online.contains(account) != isOnline else { return }
        if isOnline { online.insert(account) } else { online.remove(account) }
        let listeners = (followersHere[account] ?? []).filter { opened[$0] != nil }
        guard !listeners.isEmpty else { return }
        job { await self.tell(listeners, that: account, isOnline: isOnline) }
    }

    /// Tells the sessions that asked how many other peers hold a post of their account.
    func tellHeld(_ account: AccountKey, _ device: DeviceKey, _ seq: UInt64, by holders: Int) async {
        let asking = opened[account]?.logins.values.filter(\.wantsReceipts) ?? []
        guard !asking.isEmpty, let post = try? await store.shownPost(of: device, seq) else { return }
        for login in asking { login.tell(.held(post, by: holders)) }
    }

    private func tell(_ followers: Set<AccountKey>, that account: AccountKey, isOnline: Bool) async {
        guard let user = try? await store.user(account), let muting = try? await store.muting(account) else { return }
        for follower in followers.subtracting(muting) {
            for login in sessions(of: follower) { login.tell(isOnline ? .online(user) : .offline(user)) }
        }
    }

    /// Which of some accounts have a session now, here or at another peer, as far as this peer knows. The network is not asked.
    public func online(among accounts: [AccountKey]) -> Set<AccountKey> {
        let now = clock()
        return Set(accounts.filter { opened[$0]?.logins.isEmpty == false || isOnline($0, at: now) })
    }

    func presence(of account: AccountKey, _ record: AccountRecord?) -> WhoIs.Presence {
        let now = clock()
        if let record { noteLease(record) }
        if opened[account] != nil || isOnline(account, at: now) { return .online }
        guard let seen = [record?.seen, leases[account]?.values.map(\.seen).max()].compactMap({ $0 }).max() else { return .unknown }
        return .lastSeen(seen)
    }
}
