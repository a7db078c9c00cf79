import SingerCore
import SingerReplication

/// What the shell of a replica does: a node reduced to its disk and its links.
extension Simulation {
    mutating func arrive(_ message: Replica.Message, bytes: Int, from: Int, wire: UInt64, hops: UInt8, at peer: Int) {
        guard peers[peer].wires[from]?.id == wire else { return }
        peers[from].wires[peer]?.frames -= 1
        peers[from].wires[peer]?.bytes -= bytes
        if audit != nil, audit?.verifies(message) == false {
            traffic.refused += 1
            return disconnect(peer, from)
        }
        if case .entries(let entries, _) = message {
            if keepsHistory { peers[peer].arrived += entries.map(\.header.seq) }
            hopsUnderWay = hops
        }
        tell(peer, .received(message, from: peers[from].node))
    }

    mutating func commit(_ entries: [Entry], from source: NodeKey?, hops: UInt8, isNews: Bool, at peer: Int) {
        var new: [Entry] = []
        var known: [Entry] = []
        for entry in entries {
            let copy = share(entry)
            let outcome = peers[peer].disk.ingest(copy, hops: hops, now: now + peers[peer].skew) { Disk.Copy($0) }
            switch outcome {
            case .stored, .completed: new.append(entry)
            case .duplicate, .quarantined: known.append(entry)
            case .parked:
                known.append(entry)
                unpark(entry, at: peer)
            case .equivocation(let proof):
                known.append(entry)
                peers[peer].proofs.append(proof)
                tell(peer, .equivocated(proof, from: nil))
            }
            if case .stored = outcome { audit?.stored(entry, at: peer, hops: hops, isNews: isNews, now: now) }
        }
        if !known.isEmpty { tell(peer, .known(known)) }
        if keepsHistory { peers[peer].commits += new.map(\.header.seq) }
        if !new.isEmpty { tell(peer, .stored(new, from: source, isNews: isNews)) }
        for entry in new {
            // Another device of an account here, or this one before its disk was put back.
            guard let own = peers[peer].disk.hosted[entry.header.account], own != entry.header.device || source != nil else { continue }
            keepUp(entry, at: peer)
        }
        noteBodies(new, at: peer)
    }

    /// Looks at an entry that is dated too far ahead when its time has come.
    mutating func unpark(_ entry: Entry, at peer: Int) {
        later(entry.header.created - Limits.clockSkewMax - now - peers[peer].skew, peer, .unparked)
    }

    /// An account here has followed somebody, or ceased to, elsewhere or in a past that was lost.
    private mutating func keepUp(_ entry: Entry, at peer: Int) {
        switch entry.content {
        case .follow(let who), .unfollow(let who):
            if entry.header.device == peers[peer].disk.hosted[entry.header.account] {
                // The outbox of that time was lost with the disk.
                peers[peer].disk.debts.append((entry, who.account))
                owe(entry, who.account, at: peer)
            }
            if peers[peer].disk.following.contains(who.account) { takeUp(who.account, at: peer) } else { tell(peer, .unfollowed(who.account)) }
        case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: break
        }
    }

    /// Tells the replica which posts lack their bodies, where that may have changed.
    private mutating func noteBodies(_ entries: [Entry], at peer: Int) {
        let mayHaveChanged = entries.contains { $0.body == nil || $0.header.kind == .delete }
        guard mayHaveChanged else { return }
        for account in entries.map(\.header.account).unique() { tellWithheld(of: account, to: peer) }
    }

    mutating func tellWithheld(of account: AccountKey, to peer: Int) {
        var withheld: [DeviceKey: SequenceSet] = [:]
        for (device, log) in peers[peer].disk.logs where log.entries.first?.value.copy.entry.header.account == account {
            withheld[device] = SequenceSet(peers[peer].disk.withheld(device).map { $0...$0 })
        }
        tell(peer, .withheld(account, withheld))
    }

    /// One object for all copies of the same bytes.
    mutating func share(_ entry: Entry) -> Disk.Copy {
        for copy in copies[entry.id] ?? [] where (copy.entry.body == nil) == (entry.body == nil) && copy.entry.signature == entry.signature { return copy }
        let copy = Disk.Copy(entry)
        copies[entry.id, default: []].append(copy)
        return copy
    }

    mutating func tellContacts(of account: AccountKey, to peer: Int) {
        var found = directory[account] ?? []
        if found.count > contactsMax {
            var some: Set<Int> = []
            for _ in 0..<contactsMax { some.insert(found[random.below(found.count)]) }
            found = some.sorted()
        }
        for other in (found + (homes[account] ?? [])).unique() where other != peer {
            let isHome = homes[account]?.contains(other) == true
            tell(peer, .contact(.init(account: account, node: peers[other].node, endpoints: Self.endpoints(other), isHome: isHome)))
        }
        tell(peer, .lookupEnded(account))
    }

    mutating func carryOut(_ action: Replica.Action, at peer: Int) {
        switch action {
        case .store(let entries, let source, let isNews):
            later(commitTime, peer, .commit(entries, from: source, hops: hopsUnderWay, isNews: isNews))
        case .send(let message, let node):
            if case .want = message { wants += 1 }
            guard let other = index(of: node) else { return }
            var hops: UInt8 = 0
            if case .entries(let entries, _) = message, let header = entries.first?.header {
                hops = (peers[peer].disk.logs[header.device]?.entries[header.seq]?.hops ?? 0) &+ 1
            }
            send(message, from: peer, to: other, hops: hops)
        case .answer(let want, let node):
            guard !peers[peer].isSilent, let other = index(of: node) else { return }
            let log = peers[peer].disk.logs[want.device]?.entries ?? [:]
            var (batch, bytes, hops): ([Entry], Int, UInt8) = ([], 0, 0)
            for seq in want.range where batch.count < Limits.batchEntriesMax {
                guard let stored = log[seq], stored.copy.entry.header.account == want.account else { continue }
                bytes += stored.copy.entry.wireBytes
                if bytes > Limits.batchBytesMax, !batch.isEmpty { break }
                batch.append(stored.copy.entry)
                hops = max(hops, stored.hops)
            }
            send(.entries(batch, answers: want), from: peer, to: other, hops: hops &+ 1)
        case .sendRecord, .unwanted: break
        case .dial(let node, _):
            precondition(peers[peer].dialling.insert(node).inserted, "peer \(peer) dials the same peer twice at once, seed \(seed)")
            if keepsHistory { peers[peer].dials.append((now, node)) }
            let isThere = index(of: node).map { canReach(peer, $0) } ?? false
            let hangs = index(of: node).map { peers[$0].hangs } ?? false
            later(hangs ? 10_000 : isThere || !faults.isInOrder ? 20 : 500, peer, .dialled(node))
        case .lookUp(let account): later(faults.isInOrder ? 100 : 10, peer, .lookedUp(account))
        case .accept(let debt, let node):
            guard let other = index(of: node) else { return }
            let isHere = peers[peer].disk.hosted[debt.recipient] != nil
            if isHere {
                if keepsHistory, !peers[peer].accepted.contains(debt.entry) { peers[peer].accepted.append(debt.entry) }
                commit([debt.entry], from: nil, hops: 1, isNews: false, at: peer)
                tell(peer, .accepted(debt, from: node))
            }
            send(.receipt(debt.entry.id, recipient: debt.recipient, isUnknown: !isHere), from: peer, to: other)
        case .settle(let debt):
            if keepsHistory { peers[peer].settled.append(debt) }
            peers[peer].disk.debts.removeAll { $0.entry.id == debt.entry.id && $0.recipient == debt.recipient }
        case .recallDebts(let account):
            for debt in peers[peer].disk.debts.filter({ $0.recipient == account }).prefix(Replica.debtsMax + 1) {
                tell(peer, .owes(Replica.Debt(entry: debt.entry, recipient: account)))
            }
        case .close(let node): if let other = index(of: node) { disconnect(peer, other) }
        case .quarantine(let proof, let node):
            let isNew = peers[peer].disk.logs[proof.device]?.proof == nil
            peers[peer].disk.logs[proof.device, default: Disk.Log()].proof = peers[peer].disk.logs[proof.device]?.proof ?? proof
            if isNew { peers[peer].proofs.append(proof) }
            tell(peer, .equivocated(proof, from: node))
        case .ownLogBehind(_, _, let last): peers[peer].behind.append(last)
        // Proved is what links do without it.
        case .listen: break
        case .readEdges(let account): later(Self.edgesReadTime, peer, .edgesRead(account))
        case .held(_, _, let seq, let holders): if keepsHistory { peers[peer].receipts[seq] = holders }
        }
    }
}
