import Logging
import SingerCore
import SingerPeer
import SingerReplication
import SingerStore
import SingerWire

/// The shell around the replica: events in, actions out.
extension Node {
    func drive(_ event: Replica.Event) {
        for action in replica.handle(event, now: clock()) { carryOut(action) }
        planTick()
    }

    /// Sees to a tick where the replica needs one sooner than the next second.
    private func planTick() {
        let now = clock()
        guard let due = replica.nextTick(after: now), due - now < 1_000, due < plannedTick ?? .max else { return }
        plannedTick = due
        job {
            try? await Task.sleep(for: .milliseconds(max(due - now, 10)))
            await self.tick(planned: due)
        }
    }

    private func tick(planned due: Milliseconds) {
        if plannedTick == due { plannedTick = nil }
        if !Task.isCancelled { drive(.tick) }
    }

    private func carryOut(_ action: Replica.Action) {
        switch action {
        case .store(let entries, let node, let isNews): enqueue(entries, from: node, isNews: isNews)
        case .send(let message, let node): send(message, to: node)
        case .answer(let want, let node): job { await self.answer(want, to: node) }
        case .sendRecord(let account, let node): job { await self.sendRecord(of: account, to: node) }
        case .dial(let node, let endpoints): job { await self.dial(node, endpoints) }
        case .lookUp(let account): job { await self.lookUp(account) }
        case .accept(let debt, let node): take(debt, from: node)
        case .unwanted(let account, let node): job { await self.answerUnwanted(account, from: node) }
        case .settle(let debt): job { await self.settle(debt) }
        case .close(let node): links[node]?.link.close("nothing goes over this link")
        case .quarantine(let proof, let node): job { await self.quarantine(proof, from: node) }
        case .ownLogBehind(let account, _, let last):
            logger.warning("the network holds more of an own log than this store: old data?", metadata: ["account": "\(account)", "last": "\(last)"])
        case .listen(let account, isOn: let isOn): isOn ? listen(to: account) : stopListening(to: account)
        case .readEdges(let account): job { await self.readEdges(of: account, within: .seconds(5)) }
        case .held(let account, let device, let seq, let holders): job { await self.tellHeld(account, device, seq, by: holders) }
        }
    }

    // MARK: Entries in

    /// Verified entries on their way into the store: what comes while a commit is under way shares the next one.
    struct IngestQueue {
        struct Batch {
            let entries: [Entry]
            let source: NodeKey?
            let isNews: Bool
        }

        var batches: [Batch] = []
        var entries = 0
        var isRunning = false
        var waiting: [CheckedContinuation<Void, Never>] = []

        /// Entries that may wait before links are read no further.
        static let entriesMax = 4_096
        /// Entries that share a transaction, and then a turn of the actor: users' requests come between.
        static let transactionEntriesMax = 1_024

        /// Takes the first of what waits, one batch at least.
        mutating func take() -> [Batch] {
            var taken = 0
            var count = 0
            while count < batches.count, count == 0 || taken + batches[count].entries.count <= Self.transactionEntriesMax {
                taken += batches[count].entries.count
                count += 1
            }
            defer {
                batches.removeFirst(count)
                entries -= taken
            }
            return Array(batches.prefix(count))
        }
    }

    func enqueue(_ entries: [Entry], from node: NodeKey?, isNews: Bool) {
        ingest.batches.append(IngestQueue.Batch(entries: entries, source: node, isNews: isNews))
        ingest.entries += entries.count
        guard !ingest.isRunning else { return }
        ingest.isRunning = true
        job { await self.drainIngest() }
    }

    /// Returns when there is room for more: what makes a fast sender wait.
    func ingestRoom() async {
        // At the end nothing is taken out of the queue any more.
        while ingest.entries > IngestQueue.entriesMax, !isLeaving { await withCheckedContinuation { ingest.waiting.append($0) } }
    }

    private func drainIngest() async {
        while !ingest.batches.isEmpty {
            let batches = ingest.take()
            do {
                let outcomes = try await store.ingest(batches.flatMap(\.entries), now: clock())
                var start = 0
                for batch in batches {
                    took(batch, outcomes[start..<(start + batch.entries.count)])
                    start += batch.entries.count
                }
            } catch {
                // A full disk, say. What was not stored is asked for again.
                logger.error("cannot store entries", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
            for waiting in ingest.waiting { waiting.resume() }
            ingest.waiting = []
        }
        ingest.isRunning = false
    }

    private func took(_ batch: IngestQueue.Batch, _ outcomes: ArraySlice<Store.Outcome>) {
        var stored: [Entry] = []
        var known: [Entry] = []
        for (entry, outcome) in zip(batch.entries, outcomes) {
            switch outcome {
            case .stored, .completed: stored.append(entry)
            // Not to be asked for again: it is here, or never will be.
            case .duplicate, .parked, .quarantined, .revoked, .refused: known.append(entry)
            // Neither here nor known: it may come again.
            case .crowded: break
            case .equivocation:
                known.append(entry)
                logger.warning("a device wrote two logs", metadata: ["account": "\(entry.header.account)", "device": "\(entry.header.device)"])
                job { await self.recallProofs(of: entry.header.account) }
            }
        }
        if !known.isEmpty { drive(.known(known)) }
        didStore(stored, from: batch.source, isNews: batch.isNews)
    }

    /// What follows from entries that are committed now: others are told, sessions are woken.
    ///
    /// - Parameter isWrittenHere: by sessions, which know what they wrote.
    func didStore(_ entries: [Entry], from node: NodeKey?, isNews: Bool, isWrittenHere: Bool = false) {
        guard !entries.isEmpty else { return }
        drive(.stored(entries, from: node, isNews: isNews))
        var concerned: Set<AccountKey> = []
        var authors: Set<AccountKey> = []
        for entry in entries {
            let author = entry.header.account
            // The session that wrote it need not read it, if it is the only one.
            if !isWrittenHere || (opened[author]?.logins.count ?? 0) > 1 { concerned.insert(author) }
            authors.insert(author)
            switch entry.content {
            case .follow(let who), .unfollow(let who):
                concerned.insert(who.account)
                touchRecord(of: who.account)
            case .like(let target): concerned.insert(target.account)
            case .post, .unlike, .profile, .delete, .revoke, .unknown, nil: break
            }
        }
        for author in authors { touchRecord(of: author) }
        if !isWrittenHere { catchUpOwnLogs(entries) }
        heed(entries)
        let bodiesChanged = entries.filter { entry in
            switch entry.header.kind {
            case .delete, .revoke: true
            case .post: entry.body == nil
            case .follow, .unfollow, .profile, .like, .unlike, .unknown: false
            }
        }
        for account in Set(bodiesChanged.map(\.header.account)) where replica.wants(account, at: clock()) { job { await self.recallWithheld(of: account) } }
        for author in authors {
            guard let followers = followersHere[author] else { continue }
            // An author may have thousands of them here, and write many entries at once: as few as can be are put into the set of the others.
            if followers.count > concerned.count { concerned = followers.union(concerned) } else { concerned.formUnion(followers) }
        }
        for account in concerned { opened[account]?.logins.values.forEach { $0.wake() } }
        viewers.wake()
    }

    /// Tells the replica which posts are here without their bodies, though nobody has deleted them.
    private func recallWithheld(of account: AccountKey) async {
        guard let posts = try? await store.withheld(of: account), let logs = try? await store.heldLogs(of: account) else { return }
        var withheld = Dictionary(uniqueKeysWithValues: logs.map { ($0.device, SequenceSet()) })
        for post in posts { withheld[post.device, default: SequenceSet()].insert(post.seq) }
        drive(.withheld(account, withheld))
    }

    // MARK: Proofs

    /// Keeps a verified proof that a device wrote two logs; it goes on to others once it is committed.
    private func quarantine(_ proof: Equivocation, from node: NodeKey) async {
        do {
            try await store.keep(proof)
            drive(.equivocated(proof, from: node))
            logger.warning("a device wrote two logs, as others prove", metadata: ["account": "\(proof.account)", "device": "\(proof.device)"])
        } catch {
            logger.error("cannot keep a proof", metadata: ["error": "\(error)"])
        }
    }

    /// Tells the replica of the proofs in the store.
    func recallProofs(of account: AccountKey) async {
        for proof in (try? await store.equivocations(of: account)) ?? [] { drive(.equivocated(proof, from: nil)) }
    }

    // MARK: Answers and deliveries

    private func answer(_ want: Replica.Want, to node: NodeKey) async {
        guard let link = links[node]?.link else { return }
        // An honest peer has few requests under way; one that only asks and never reads must not fill the memory.
        guard answering[node, default: 0] < 4 * Limits.wantsPerLinkMax else { return link.close("too many requests at once") }
        answering[node, default: 0] += 1
        defer { answering[node] = answering[node].flatMap { $0 > 1 ? $0 - 1 : nil } }
        await link.room()
        do {
            let entries = try await store.entries(of: want.device, in: want.range).filter { $0.header.account == want.account }
            send(.entries(entries, answers: want), to: node)
        } catch {
            logger.error("cannot answer", metadata: ["error": "\(error)"])
        }
    }

    func sendRecord(of account: AccountKey, to node: NodeKey) async {
        for envelope in (try? await store.records(of: account)) ?? [] {
            // Who goes waits for nobody.
            if !isLeaving { await links[node]?.link.room() }
            var record = WireRecord()
            record.account = envelope.wire
            links[node]?.link.send(WireFrame(.record(record)))
        }
    }

    /// An entry that somebody's outbox owes to an account here. Of one for which there is no room there is no receipt: it will come again.
    private func take(_ debt: Replica.Debt, from node: NodeKey) {
        guard accepting[node, default: 0] < Self.deliveriesPerLinkMax else { return }
        accepting[node, default: 0] += 1
        job {
            await self.accept(debt, from: node)
            await self.didAccept(from: node)
        }
    }

    private func didAccept(from node: NodeKey) { accepting[node] = accepting[node].flatMap { $0 > 1 ? $0 - 1 : nil } }

    /// It is stored if it concerns that account, and acknowledged either way.
    private func accept(_ debt: Replica.Debt, from node: NodeKey) async {
        let (entry, recipient) = (debt.entry, debt.recipient)
        let isHere = hosted.contains(recipient)
        if isHere, await concerns(entry, recipient) {
            // No receipt for what cannot be stored now: it will come again.
            guard let outcome = try? await store.ingest([entry], now: clock())[0] else { return }
            switch outcome {
            case .crowded: return
            case .stored, .completed, .duplicate:
                if case .stored = outcome { didStore([entry], from: nil, isNews: false) }
                drive(.accepted(debt, from: node))
            case .parked, .quarantined, .revoked, .equivocation, .refused: break
            }
        }
        send(.receipt(entry.id, recipient: recipient, isUnknown: !isHere), to: node)
    }

    /// Twice as many as an honest peer has under way to one account.
    private static let deliveriesPerLinkMax = 512

    private func concerns(_ entry: Entry, _ account: AccountKey) async -> Bool {
        switch entry.content {
        case .follow(let who), .unfollow(let who): return who.account == account
        case .like(let target), .unlike(let target): return target.account == account
        case .post(let post):
            if post.replyTo?.account == account || post.forward?.header.account == account { return true }
            guard let name = try? await store.user(account).flatMap({ UserReference($0.name)?.name.folded }) else { return false }
            return post.text.mentions.contains(name)
        case .profile, .delete, .revoke, .unknown, nil: return false
        }
    }

    private func settle(_ debt: Replica.Debt) async {
        do {
            try await store.settle(debt.entry.id, recipient: debt.recipient)
        } catch {
            logger.error("cannot settle", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Feeds

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

    func wait(within limit: Duration, until isDone: (isolated Node) -> Bool) async {
        let deadline = ContinuousClock.now + limit
        while !isDone(self), .now < deadline, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
    }
}
