import Logging
import SingerCore
import SingerDHT
import SingerPeer
import SingerReplication
import SingerStore

/// What this peer keeps in the DHT, and what it learns from there.
extension Node {
    func watchDirectory() async {
        for await _ in directory.changes() {
            let old = status
            await renewStatus()
            // Their order is how often each was told, and changes often.
            if status.isConnected != old.isConnected || Set(status.publicHosts) != Set(old.publicHosts) { await announce() }
        }
    }

    private func renewStatus() async {
        let old = status
        status = await directory.status()
        if status.isConnected, !old.isConnected { drive(.directoryJoined) }
    }

    /// Asks one of the linked peers whether it is in the DHT, too: parts of the network that lost each other there join by any link.
    /// Most nodes have the port number of their link.
    func meetLinked() async {
        guard .now - met > Self.meetPeriod, let link = links.values.randomElement() else { return }
        met = .now
        // Where it was seen, not only where it says: nobody sends this peer after a third.
        if let endpoint = link.endpoints.first(where: { $0.host == link.link.remoteHost }) { await directory.meet(endpoint) }
    }

    private static let meetPeriod: Duration = .seconds(10)

    /// Puts everything again that others may need: after the start, and when the network is there again.
    func announce() async {
        await renewStatus()
        await renewClaims()
        do {
            for record in try await store.roamingRecords() { await directory.put(record, permanent: true) }
            for account in hosted {
                for envelope in try await store.records(of: account) { await directory.put(AccountRecord.place(account, envelope), permanent: true) }
            }
        } catch {
            if !Task.isCancelled { logger.error("cannot announce", metadata: ["error": "\(error)"]) }
        }
        for account in Array(opened.keys) where !isAskingForOwnLog(of: account) { await publishRecord(of: account, online: true) }
        await renewEdges()
        providedAt = 0
        await provide()
        tend()
    }

    /// Says of each feed that is held here where it can be had.
    func provide() async {
        let now = steadyTime
        guard now - providedAt > RecordKind.provider.lifetime / 2 else { return }
        providedAt = now
        for account in hosted.union(followersHere.filter { !$0.value.isEmpty }.keys) { await provide(account) }
    }

    /// Says that a feed can be had here: co-followers find each other by this.
    func provide(_ account: AccountKey) async {
        let endpoints = ownEndpoints()
        guard !endpoints.isEmpty else { return }
        await directory.put(ProviderRecord.placed(account, endpoints: endpoints, now: clock(), by: secret), permanent: false)
    }

    /// Where this peer can be dialled, as far as it knows.
    func ownEndpoints() -> [Endpoint] {
        let seen = status.publicHosts.filter { configuration.takesIPv6 || !$0.contains(":") }
        let hosts = configuration.advertise.map { [$0] } ?? configuration.peerHost.map { [$0] } ?? seen
        return hosts.prefix(4).compactMap { Endpoint(host: $0, port: configuration.peerPort) }
    }

    // MARK: Accounts

    /// Writes the record of an account whose keys are open, tells the links, and puts it into the DHT.
    ///
    /// - Parameter isLast: of a device that has just revoked itself, so that others hear of it; nobody listens to it after that.
    func publishRecord(of account: AccountKey, online isOnline: Bool, isLast: Bool = false) async {
        guard let open = opened[account] else { return }
        do {
            if !isLast, try await store.isRevoked(open.certificate.device) { return }
            // Nothing was said yet that would have to be taken back: who goes waits for nobody.
            if !isOnline, isAskingForOwnLog(of: account) { return }
            // A data directory that was put back to an older state must not take away what shows that it is old.
            let known = await ownLogEnd(of: account)
            let counts = try await store.counts(of: account)
            let latest = try await store.latestEntries(of: open.certificate.device, count: 32)
            // The version of a record is its time; it grows even where the clock was ahead once.
            let last = try await store.recordSeq(of: open.certificate.device)
            // Somebody may have logged in again meanwhile, or out: a record that says otherwise would stand for a minute and a half.
            guard isOnline == (opened[account]?.logins.isEmpty == false && !isLeaving) else { return }
            let now = max(clock(), last + 1, (opened[account]?.recordVersion ?? 0) + 1)
            opened[account]?.recordVersion = now
            opened[account]?.recordWritten = steadyTime
            let record = AccountRecord(
                certificate: open.certificate, node: secret.publicKey, endpoints: ownEndpoints(), onlineUntil: isOnline ? now + Limits.onlineLease : 0,
                seen: now, followers: counts.followers, following: counts.following, posts: counts.posts, head: max(latest.last?.header.seq ?? 0, known),
                lastPost: counts.lastPost, tail: AccountRecord.tail(of: latest))
            let envelope = record.sealed(by: open.keys.device)
            await take(record, envelope, from: nil)
            await directory.put(AccountRecord.place(account, envelope), permanent: true)
        } catch {
            if !Task.isCancelled { logger.error("cannot write an account record", metadata: ["error": "\(error)"]) }
        }
    }

    /// A verified account record, from a link, from the DHT, or written here.
    func take(_ record: AccountRecord, _ envelope: Envelope, from node: NodeKey?) async {
        let account = record.certificate.account
        guard hosted.contains(account) || replica.knows(account) else { return }
        if (try? await store.isRevoked(record.certificate.device)) == true { return }
        let isNew = (try? await store.keep(record, envelope)) ?? false
        noteLease(record)
        // Another peer may serve an account of this one: another device of the same person.
        if record.node != secret.publicKey {
            noteOtherHome(record)
            drive(.contact(Replica.Contact(account: account, node: record.node, endpoints: endpoints(of: record), isHome: true)))
            // What a link says again it has nothing new in; the DHT may be asked when somebody is followed whose record is here already.
            if isNew || node == nil, replica.wants(account, at: steadyTime), !record.tail.isEmpty {
                if followOn(record.tail) { enqueue(record.tail, from: node, isNews: false) } else { hold(record.tail, of: account) }
            }
        }
        if isNew { drive(.recordChanged(account, from: node)) }
        if record.node != secret.publicKey { await ingestRoom() }
    }

    /// Notes that an account of this peer has another one, unless that has not been heard of for long: it may be gone for good.
    func noteOtherHome(_ record: AccountRecord) {
        let account = record.certificate.account
        guard hosted.contains(account), record.node != secret.publicKey, record.seen > clock() - Self.otherHomePatience else { return }
        servedElsewhere.insert(account)
    }

    private static let otherHomePatience: Milliseconds = 30 * 24 * 60 * 60 * 1_000

    /// Where the peer of a record can be dialled: where it says, and where a link has seen it.
    func endpoints(of record: AccountRecord) -> [Endpoint] {
        let seen = links[record.node]?.endpoints ?? []
        return record.endpoints + seen.filter { !record.endpoints.contains($0) }
    }

    // MARK: Lookups

    /// Tells the replica what the store knows of an account's peers.
    func findHome(of account: AccountKey) async {
        drive(.interest(account))
        for record in (try? await knownRecords(of: account)) ?? [] where record.node != secret.publicKey {
            drive(.contact(Replica.Contact(account: account, node: record.node, endpoints: endpoints(of: record), isHome: true)))
        }
    }

    func knownRecords(of account: AccountKey) async throws -> [AccountRecord] {
        try await store.records(of: account).compactMap { try? AccountRecord(trusting: $0) }
    }

    /// The newest word on an account: from the store, where it is kept up to date over a link, else from the DHT.
    func latestRecord(of account: AccountKey) async throws -> AccountRecord? {
        if replica.wants(account, at: steadyTime), replica.isServed(account) || hosted.contains(account), let record = try await knownRecords(of: account).first
        {
            return record
        }
        var found: [AccountRecord] = []
        for envelope in await directory.all(.account(account), .account, within: .seconds(2)) {
            if let record = try? AccountRecord(reading: envelope), try await !store.isRevoked(record.certificate.device) { found.append(record) }
        }
        return (found + (try await knownRecords(of: account))).max { $0.seen < $1.seen }
    }

    private static let lookupTimeMax = Duration.seconds(5)

    /// Looks for the peers of an account, for the replica.
    func lookUp(_ account: AccountKey) async {
        let directory = directory
        await withDiscardingTaskGroup { group in
            group.addTask {
                await directory.each(.account(account), .account, within: Self.lookupTimeMax) { envelope in
                    if let record = try? AccountRecord(reading: envelope) { await self.take(record, envelope, from: nil) }
                }
            }
            group.addTask {
                await directory.each(.providers(account), .provider, within: Self.lookupTimeMax) { envelope in
                    if let provider = try? ProviderRecord(reading: envelope) { await self.take(provider) }
                }
            }
        }
        drive(.lookupEnded(account))
    }

    private func take(_ provider: ProviderRecord) {
        guard provider.until > clock() - Limits.clockSkewMax, provider.node != secret.publicKey else { return }
        drive(.contact(Replica.Contact(account: provider.account, node: provider.node, endpoints: provider.endpoints, isHome: false)))
    }

    /// Hears the news of an account from the DHT: a way that is there even where no link can be made.
    func listen(to account: AccountKey) {
        guard listeners[account] == nil else { return }
        let news = directory.listen(.news(account), .news, besides: opened[account]?.certificate.device.erased)
        listeningSince[account] = clock()
        listeners[account] = Task { await Self.hear(news, for: self) }
    }

    /// Of an account of this peer its other devices' news is always heard.
    func stopListening(to account: AccountKey) {
        guard !hosted.contains(account) else { return }
        listeners.removeValue(forKey: account)?.cancel()
        listeningSince[account] = nil
    }

    @concurrent
    private static func hear(_ news: AsyncStream<Envelope>, for node: Node) async {
        for await envelope in news {
            if let entry = try? EntryRecord.entry(in: envelope) { await node.heard(entry) }
        }
    }

    private func heard(_ entry: Entry) async {
        // Of an account of this peer, that a device is revoked: it may be the one here.
        let isRevocation = hosted.contains(entry.header.account) && entry.header.kind == .revoke
        guard isRevocation || replica.wants(entry.header.account, at: steadyTime) else { return }
        // What was there before this peer listened may be deleted by what is not heard yet.
        if isRevocation || entry.header.created >= listeningSince[entry.header.account] ?? .max {
            enqueue([entry], from: nil, isNews: true)
        } else {
            hold([entry], of: entry.header.account)
        }
        await ingestRoom()
    }

    // MARK: Before the log

    private static let earlyEntriesMax = 256

    /// Keeps what came from the DHT, or at the end of a record, until the log itself has had time to come: alone it would be shown in another order
    /// than it was written, and texts that were deleted since would be shown.
    private func hold(_ entries: [Entry], of account: AccountKey) {
        guard !entries.isEmpty else { return }
        // Who looks at somebody's posts in passing waits for what there is, and is pushed nothing.
        guard followersHere[account]?.isEmpty == false else { return enqueue(entries, from: nil, isNews: false) }
        let isFirst = early[account] == nil
        early[account, default: []] += entries
        if early[account]?.count ?? 0 > Self.earlyEntriesMax { return takeEarly(account) }
        if isFirst { job { await self.letLogCome(account) } }
    }

    private func letLogCome(_ account: AccountKey) async {
        try? await Task.sleep(for: Self.logPatience)
        await wait(within: Self.logPatienceMax - Self.logPatience, every: .milliseconds(100)) { !$0.replica.isComing(account) }
        takeEarly(account)
    }

    /// What came by itself meanwhile is a duplicate now; the rest enters together, deletions with what they delete.
    private func takeEarly(_ account: AccountKey) {
        guard !isLeaving, let entries = early.removeValue(forKey: account) else { return }
        let inOrder = entries.sorted { ($0.header.created, $0.header.device, $0.header.seq) < ($1.header.created, $1.header.device, $1.header.seq) }
        enqueue(inOrder, from: nil, isNews: false)
    }

    /// Whether entries go on where what is held of their log ends.
    private func followOn(_ entries: [Entry]) -> Bool {
        guard let first = entries.first?.header else { return false }
        let last = replica.lastHeld(first.account, first.device)
        return last > 0 && first.seq <= last + 1
    }
}
