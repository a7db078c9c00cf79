import Logging
import SingerCore
import SingerPeer
import SingerReplication
import SingerStore
import SingerWire

/// What other peers are answered, and what they deliver to accounts here.
extension Node {
    /// Answers the requests of a link in the order in which they were made: so the entries of a log come in theirs, and are shown so.
    func oweAnswer(_ want: Replica.LogRange, to node: NodeKey) {
        guard let open = links[node] else { return }
        // An honest peer has few requests under way; one that only asks and never reads must not fill the memory.
        guard open.wants.count < 4 * Limits.wantsPerLinkMax else { return open.link.close("too many requests at once") }
        links[node]?.wants.append(want)
        if open.wants.isEmpty { job { await self.answerWants(over: open.link) } }
    }

    private func answerWants(over link: PeerLink) async {
        while let open = links[link.remote], open.link === link, let want = open.wants.first {
            await link.room()
            do {
                let entries = try await store.entries(of: want.device, in: want.range).filter { $0.header.account == want.account }
                for frame in Replica.Message.entries(entries, answers: want).frames { link.send(frame) }
            } catch {
                logger.error("cannot answer", metadata: ["error": "\(error)"])
            }
            if links[link.remote]?.link === link { links[link.remote]?.wants.removeFirst() }
        }
    }

    /// Sends the records of an account over a link in its turn: one that reads nothing must not have all of them wait in memory.
    func oweRecord(of account: AccountKey, to node: NodeKey) {
        guard links[node]?.recordsOwed.insert(account).inserted == true, links[node]?.recordsOwed.count == 1 else { return }
        job { await self.sendRecordsOwed(to: node) }
    }

    private func sendRecordsOwed(to node: NodeKey) async {
        while let link = links[node]?.link {
            await link.room()
            guard let account = links[node]?.recordsOwed.popFirst() else { return }
            await sendRecord(of: account, to: node)
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

    /// An entry that somebody's outbox owes to an account here.
    func take(_ debt: Replica.Debt, from node: NodeKey) {
        accepting[node, default: 0] += 1
        job { await self.accept(debt, from: node) }
    }

    private func didAccept(from node: NodeKey) {
        accepting[node] = accepting[node].flatMap { $0 > 1 ? $0 - 1 : nil }
        if accepting[node, default: 0] < Self.deliveriesPerLinkMax { for waiting in acceptWaiting.removeValue(forKey: node) ?? [] { waiting.resume() } }
    }

    /// Returns when few deliveries of a link are being looked at: it is read no further until then.
    func acceptRoom(of node: NodeKey) async {
        // A peer that dials again has two links for a moment.
        while accepting[node, default: 0] >= Self.deliveriesPerLinkMax, !isLeaving {
            await withCheckedContinuation { acceptWaiting[node, default: []].append($0) }
        }
    }

    /// It is stored if it concerns that account, and acknowledged either way.
    private func accept(_ debt: Replica.Debt, from node: NodeKey) async {
        defer { didAccept(from: node) }
        let (entry, recipient) = (debt.entry, debt.recipient)
        let isHere = hosted.contains(recipient)
        if isHere, await concerns(entry, recipient) {
            await awaitPredecessors(of: entry, from: node)
            // No receipt for what cannot be stored now: it will come again.
            guard let outcome = try? await store.ingest([entry], now: clock())[0] else { return }
            took([entry], [outcome])
            switch outcome {
            case .crowded: return
            // What is here already may have come when it could not be owed.
            case .stored, .completed, .duplicate:
                guard await oweElsewhere(debt, from: node) else { return }
                drive(.accepted(debt, from: node))
            case .parked: drive(.accepted(debt, from: node))
            case .quarantined, .revoked, .equivocation, .refused: break
            }
        }
        send(.receipt(entry.id, recipient: recipient, isUnknown: !isHere), to: node)
    }

    /// Returns when what the author of a post wrote before is here, or has not come in time: a mention that is delivered must not overtake the rest.
    /// Not where many wait already, and the link with them.
    private func awaitPredecessors(of entry: Entry, from node: NodeKey) async {
        let header = entry.header
        guard header.kind == .post, followersHere[header.account]?.isEmpty == false, accepting[node, default: 0] < Self.deliveriesPerLinkMax / 4 else {
            return
        }
        await wait(within: Self.logPatience) { $0.replica.lastHeld(header.account, header.device) + 1 >= header.seq }
    }

    /// What one home of an account was told, another one that may not be there now is told in its time. (What another home says it has told.)
    ///
    /// - Returns: `false` where that could not be written down.
    private func oweElsewhere(_ debt: Replica.Debt, from node: NodeKey) async -> Bool {
        guard servedElsewhere.contains(debt.recipient), !replica.isHome(node, of: debt.recipient) else { return true }
        do {
            try await store.owe(debt.entry.id, to: debt.recipient)
        } catch {
            logger.warning("cannot owe to another peer of an account", metadata: ["error": "\(error)"])
            return false
        }
        await owe(debt.entry, to: [debt.recipient])
        return true
    }

    private static let deliveriesPerLinkMax = 256

    private func concerns(_ entry: Entry, _ account: AccountKey) async -> Bool {
        switch entry.content {
        case .follow(let who), .unfollow(let who): return who.account == account
        case .like(let target), .unlike(let target): return target.account == account
        case .post(let post):
            if post.replyTo?.account == account || post.forward?.header.account == account { return true }
            guard let name = try? await store.user(account).flatMap({ UserReference($0.name)?.name.folded }) else { return false }
            return post.text.mentions.contains(name)
        // Of a post that was delivered before, or is still under way: then it must not come after all.
        case .delete: return true
        case .profile, .revoke, .unknown, nil: return false
        }
    }

    func settle(_ debt: Replica.Debt) async {
        do {
            try await store.settle(debt.entry.id, recipient: debt.recipient)
        } catch {
            logger.error("cannot settle", metadata: ["error": "\(error)"])
        }
    }
}
