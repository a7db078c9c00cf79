import Logging
import SingerCore
import SingerPeer
import SingerReplication
import SingerStore

/// Verified entries into the store, and what follows from them.
extension Node {
    /// Verified entries on their way into the store: what comes while a commit is under way shares the next one.
    struct IngestQueue {
        struct Batch {
            let entries: [Entry]
            let source: NodeKey?
            let isNews: Bool
        }

        private(set) var batches: [Batch] = []
        /// Entries that wait.
        private(set) var entries = 0
        /// Entries of each account that wait or are being committed.
        private var underWay: [AccountKey: Int] = [:]
        var isRunning = false
        var waiting: [CheckedContinuation<Void, Never>] = []

        /// Entries that may wait before links are read no further.
        static let entriesMax = 4_096
        /// Entries that share a transaction, and then a turn of the actor: users' requests come between.
        static let transactionEntriesMax = 1_024

        /// Nothing of an account is on its way into the store.
        func isIdle(for account: AccountKey) -> Bool { underWay[account] == nil }

        mutating func add(_ batch: Batch) {
            batches.append(batch)
            entries += batch.entries.count
            for entry in batch.entries { underWay[entry.header.account, default: 0] += 1 }
        }

        /// What was taken could not be stored now: it is the first of what waits again.
        mutating func putBack(_ taken: [Batch]) {
            batches.insert(contentsOf: taken, at: 0)
            entries += taken.reduce(0) { $0 + $1.entries.count }
        }

        /// What was taken is in the store, or will never be.
        mutating func finish(_ taken: [Batch]) {
            for entry in taken.lazy.flatMap(\.entries) {
                let rest = (underWay[entry.header.account] ?? 1) - 1
                underWay[entry.header.account] = rest > 0 ? rest : nil
            }
        }

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
        ingest.add(IngestQueue.Batch(entries: entries, source: node, isNews: isNews))
        guard !ingest.isRunning else { return }
        ingest.isRunning = true
        job { await self.drainIngest() }
    }

    /// Returns when there is room for more, or the link is gone: what makes a fast sender wait.
    func ingestRoom(for link: PeerLink? = nil) async {
        // At the end nothing is taken out of the queue any more.
        while ingest.entries > IngestQueue.entriesMax, !isLeaving, link?.isOpen != false {
            await withCheckedContinuation { ingest.waiting.append($0) }
        }
    }

    private func drainIngest() async {
        while !ingest.batches.isEmpty {
            let batches = ingest.take()
            do {
                let outcomes = try await store.ingest(batches.flatMap(\.entries), now: clock())
                var start = 0
                ingest.finish(batches)
                for batch in batches {
                    took(batch.entries, outcomes[start...], from: batch.source, isNews: batch.isNews)
                    start += batch.entries.count
                }
            } catch .full where !isLeaving {
                // Links wait meanwhile, and nothing of what they brought is lost.
                logger.error("the disk is full: entries wait until there is room")
                ingest.putBack(batches)
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { break }
            } catch {
                // What cannot be stored must not keep others waiting. It is asked for again over the next link.
                logger.error("cannot store entries", metadata: ["error": "\(error)"])
                ingest.finish(batches)
                try? await Task.sleep(for: .seconds(1))
            }
            for waiting in ingest.waiting { waiting.resume() }
            ingest.waiting = []
        }
        ingest.isRunning = false
    }

    /// What follows from what became of entries that did not begin here, however they came.
    ///
    /// - Parameter outcomes: of `entries`, in their order.
    func took(_ entries: [Entry], _ outcomes: some Sequence<Store.Outcome>, from node: NodeKey? = nil, isNews: Bool = false) {
        var stored: [Entry] = []
        var known: [Entry] = []
        for (entry, outcome) in zip(entries, outcomes) {
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
        didStore(stored, from: node, isNews: isNews)
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
        for account in Set(bodiesChanged.map(\.header.account)) where replica.wants(account, at: steadyTime) { job { await self.recallWithheld(of: account) } }
        for author in authors {
            guard let followers = followersHere[author] else { continue }
            // An author may have thousands of them here, and write many entries at once: as few as can be are put into the set of the others.
            if followers.count > concerned.count { concerned = followers.union(concerned) } else { concerned.formUnion(followers) }
        }
        for account in concerned { opened[account]?.logins.values.forEach { $0.wake() } }
        viewers.wake()
    }

    // MARK: Proofs

    /// Keeps a verified proof that a device wrote two logs; it goes on to others once it is committed.
    func quarantine(_ proof: Equivocation, from node: NodeKey) async {
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
}
