import Logging
public import ServiceLifecycle
import SingerCore
import SingerDHT
import SingerPeer
import SingerReplication
import SingerStore

/// The life of a node: load, serve until shutdown, say goodbye.
extension Node: Service {
    /// Loads what the node needs to answer its first user. Call once, before `run`.
    public func load() async throws(NodeError) {
        do {
            for account in try await store.localAccounts() {
                hosted.insert(account.account)
                drive(.hosting(account.account, account.certificate.device))
                for followee in try await store.followees(of: account.account) { followersHere[followee, default: []].insert(account.account) }
            }
            status = await directory.status()
        } catch {
            throw NodeError(error)
        }
    }

    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.resume()
                // Not before: what a link begins with says all at once.
                await self.acceptLinks()
            }
            group.addTask { await self.watchDirectory() }
            group.addTask { await self.keepTime() }
            await withGracefulShutdownHandler {
                for await job in jobs { group.addTask { await job() } }
            } onGracefulShutdown: {
                self.addJob.finish()
            }
            await leave()
            group.cancelAll()
        }
        await directory.shutdown()
        store.close()
    }

    /// Takes up what the last run left: logs, what others said of theirs, follows; then debts and peers.
    private func resume() async {
        do {
            for account in hosted {
                for log in try await store.heldLogs(of: account) { drive(.holding(log.account, log.device, SequenceSet(log.ranges))) }
                await recallProofs(of: account)
                for record in try await knownRecords(of: account) { noteOtherHome(record) }
            }
            try await recallLinks()
            await takeUp(followersHere.keys.filter { !hosted.contains($0) })
        } catch {
            if !Task.isCancelled { logger.error("cannot resume", metadata: ["error": "\(error)"]) }
        }
        job { await self.resumeDebts() }
    }

    private func resumeDebts() async {
        do {
            // What is owed to another peer of an account of this one, and there is none any more, rests.
            for creditor in try await store.creditors() where !hosted.contains(creditor) || servedElsewhere.contains(creditor) {
                await findHome(of: creditor)
                await recallDebts(to: creditor)
            }
            for follower in try await store.followersOfLocals(count: 64) {
                for record in try await knownRecords(of: follower) { drive(.greet(record.node, endpoints(of: record))) }
            }
        } catch {
            if !Task.isCancelled { logger.error("cannot resume", metadata: ["error": "\(error)"]) }
        }
        await announce()
    }

    /// Sets the oldest of what is owed to an account going. Nobody asks again: it is tried until it is done, whatever the disk does.
    func recallDebts(to account: AccountKey) async {
        while !Task.isCancelled {
            do {
                for entry in try await store.owed(to: account, count: Replica.debtsMax + 1) { drive(.owes(Replica.Debt(entry: entry, recipient: account))) }
                return
            } catch {
                logger.warning("cannot read what is owed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func keepTime() async {
        var seenWritten: [AccountKey: Int64] = [:]
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            if replica.hasWork { drive(.tick) }
            await renewPresence()
            await keepMemories()
            watchRivals()
            forgetNewsPaces()
            await meetLinked()
            if .now - tended > Self.tendPeriod { tend() }
            await rememberSeen(&seenWritten)
            do {
                if let due = try await store.nextParkedDue(), due <= clock() {
                    let parked = try await store.ingestParked(now: clock())
                    took(parked.map(\.entry), parked.map(\.outcome))
                }
            } catch {
                if !Task.isCancelled { logger.warning("cannot take up parked entries", metadata: ["error": "\(error)"]) }
            }
        }
    }

    /// Notes in the store how far sessions have shown what is new, not at every line but before long.
    private func rememberSeen(_ written: inout [AccountKey: Int64]) async {
        let seen = seen
        // All in one commit: one after the other they would take up the disk.
        do {
            try await store.setSeen(seen.filter { written[$0.key] != $0.value })
            written = seen
        } catch {
            // A full disk, say: once more in a second.
        }
    }

    /// How far each account with a session has been shown what is new: as far as the session that has shown most.
    private var seen: [AccountKey: Int64] { opened.compactMapValues { $0.logins.values.map(\.shown).max() } }

    /// Tells everybody that this peer goes, and closes what is open.
    private func leave() async {
        isLeaving = true
        for waiting in ingest.waiting + acceptWaiting.values.joined() { waiting.resume() }
        ingest.waiting = []
        acceptWaiting = [:]
        try? await store.setSeen(seen)
        for account in Array(opened.keys) {
            await publishRecord(of: account, online: false)
            // Nothing is carried out any more besides what stands here.
            for node in replica.subscribers(of: account) { await sendRecord(of: account, to: node) }
            for login in sessions(of: account) { login.finish() }
            opened[account] = nil
        }
        for listener in listeners.values { listener.cancel() }
        for node in Array(links.keys) { await keepMemory(of: node) }
        await transport.shutdown()
    }
}
