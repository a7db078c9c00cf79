import SingerCore
import SingerReplication

/// What goes wrong, and how it ends.
extension Trial {
    mutating func fault() {
        switch random.below(20) {
        case 0..<8: fail(random.below(net.peers.count))
        case 8..<14:
            // A link that breaks.
            let peer = random.below(net.peers.count)
            let others = net.peers[peer].wires.keys.sorted()
            if !others.isEmpty { net.disconnect(peer, others[random.below(others.count)]) }
        case 14: divide()
        case 15: net.faults.stallOneIn = net.faults.stallOneIn == 0 ? 50 : 0
        case 16: net.faults.breakOneIn = net.faults.breakOneIn == 0 ? 5_000 : 0
        case 17:
            // A copy of a disk is made, or one that was made before is put back.
            let peer = random.below(net.peers.count)
            guard net.peers[peer].mischief == nil, peer > 0 else { return }
            if let backup = backups.min(by: { $0.key < $1.key }), backups.count > 3 {
                backups[backup.key] = nil
                putBack(backup.value, at: backup.key)
            } else {
                backups[peer] = net.peers[peer].disk
            }
        default: break
        }
    }

    /// A peer dies where it stands: what was not committed is lost. It comes back after a while.
    mutating func fail(_ peer: Int) {
        guard net.peers[peer].isUp else { return }
        crashes += 1
        net.crash(peer, isSilent: random.oneIn(4))
        let wait = Milliseconds(1_000 + random.below(90_000))
        backAt.append((net.now + wait, peer))
        backAt.sort { ($0.due, $0.peer) > ($1.due, $1.peer) }
    }

    private mutating func putBack(_ disk: Disk, at peer: Int) {
        guard net.peers[peer].isUp else { return }
        restores += 1
        fail(peer)
        // What the network still owes is on the old disk, too, as it was then.
        net.peers[peer].disk = disk
        net.audit?.restored(peer, to: disk)
        net.audit?.follows[peer] = Set(disk.following)
        cautious[peer] = .max
        restored.insert(peer)
    }

    private mutating func divide() {
        guard healsAt == nil else { return }
        partitions += 1
        let share = 1 + random.below(4)
        net.sides = (0..<net.peers.count).map { _ in random.below(5) < share }
        healsAt = net.now + Milliseconds(10_000 + random.below(60_000))
    }

    /// Peers come back whose time has come, and walls fall.
    mutating func wake() {
        if let due = healsAt, due <= net.now {
            net.sides = []
            healsAt = nil
        }
        while let next = backAt.last, next.due <= net.now {
            backAt.removeLast()
            guard !net.peers[next.peer].isUp else { continue }
            net.start(next.peer)
            if cautious[next.peer] != nil { cautious[next.peer] = net.now }
        }
    }

    mutating func endFaults() {
        net.faults.stallOneIn = 0
        net.faults.breakOneIn = 0
        net.sides = []
        healsAt = nil
        for back in backAt where !net.peers[back.peer].isUp {
            net.start(back.peer)
            if cautious[back.peer] != nil { cautious[back.peer] = net.now }
        }
        backAt = []
        noteLost()
    }

    /// What a disk took with it that was put back, where no other disk holds it: nobody can bring that back.
    private mutating func noteLost() {
        for peer in restored.sorted() {
            let device = authors[peer].device.publicKey
            for (seq, id) in net.audit?.log(of: device) ?? [:] where !net.peers.contains(where: { $0.mischief == nil && $0.disk.entry(device, seq)?.id == id })
            {
                lost.insert(id)
                switch net.copies[id]?.first?.entry.content {
                case .follow(let who), .unfollow(let who):
                    if net.edgeRecords[who.account]?[authors[peer].account]?.id == id {
                        lostEdges.insert(Disk.Edge(follower: authors[peer].account, followee: who.account))
                    }
                case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: break
                }
            }
        }
    }

    // MARK: The end

    /// Lets the network settle, and says how long it took.
    mutating func settle(_ progress: (String) -> Void) {
        let began = net.now
        let end = began + Milliseconds(scenario.settleMinutesMax) * 60_000
        var open = Array(net.peers.indices)
        while net.now < end {
            open = open.filter { !complaints(about: $0, isFinal: false).isEmpty }
            if open.isEmpty {
                open = net.peers.indices.filter { !complaints(about: $0, isFinal: false).isEmpty }
                if open.isEmpty { break }
            }
            if (net.now - began) % 60_000 == 0 {
                let first = open.first.flatMap { complaints(about: $0, isFinal: false).first } ?? ""
                progress("\((net.now - began) / 1_000) s after the faults: \(open.count) peers are not there yet: \(first)")
            }
            net.run(for: net.now - began < 30_000 ? 1_000 : 5_000)
        }
        if open.isEmpty { settledAfter = net.now - began }
        for peer in net.peers.indices where unsettled.count < 20 { unsettled += complaints(about: peer, isFinal: true) }
        unsettled += disagreements()
    }
}

extension Simulation {
    /// Takes up a feed as the node does: what the disk holds, who is known to have more.
    mutating func takeUp(_ account: AccountKey, at peer: Int) {
        tellHeld(account, at: peer)
        tellHomes(of: account, at: peer)
        tell(peer, .following(account))
    }

    mutating func owe(_ entry: Entry, _ recipient: AccountKey, at peer: Int) {
        guard peers[peer].disk.hosted[recipient] == nil else { return }
        tellHomes(of: recipient, at: peer)
        tell(peer, .owes(Replica.Debt(entry: entry, recipient: recipient)))
    }

    private mutating func tellHomes(of account: AccountKey, at peer: Int) {
        tell(peer, .interest(account))
        for home in homes[account] ?? [] where home != peer {
            tell(peer, .contact(.init(account: account, node: peers[home].node, endpoints: Self.endpoints(home), isHome: true)))
        }
    }

    mutating func tellHeld(_ account: AccountKey, at peer: Int) {
        for (device, log) in peers[peer].disk.logs.sorted(by: { $0.key < $1.key }) {
            guard log.entries.first?.value.copy.entry.header.account == account || log.proof?.account == account else { continue }
            tell(peer, .holding(account, device, peers[peer].disk.held(device)))
            if let proof = log.proof { tell(peer, .equivocated(proof, from: nil)) }
        }
        tellWithheld(of: account, to: peer)
    }

    /// Power off. Others notice by the connection, or, when the machine went silently, after a while.
    mutating func crash(_ peer: Int, isSilent: Bool) {
        peers[peer].isUp = false
        peers[peer].life += 1
        for other in peers[peer].wires.keys.sorted() {
            guard let wire = peers[other].wires[peer] else { continue }
            later(isSilent ? Milliseconds(20_000 + random.below(40_000)) : 30, other, .lost(peer, wire: wire.id))
        }
        peers[peer].mourners = peers[peer].wires.keys.sorted()
        peers[peer].wires = [:]
        peers[peer].dialling = []
        peers[peer].tickDue = nil
    }

    /// A peer starts from what its disk holds.
    mutating func start(_ peer: Int) {
        // Nothing of the last life is left on the other side either: a new connection takes the place of the old one.
        for other in peers[peer].mourners where peers[other].wires[peer] != nil { disconnect(other, peer) }
        peers[peer].isUp = true
        peers[peer].life += 1
        peers[peer].replica = Replica(seed: seed &+ UInt64(peer) &+ UInt64(peers[peer].life) << 32)
        for (account, device) in peers[peer].disk.hosted.sorted(by: { $0.key < $1.key }) {
            tell(peer, .hosting(account, device))
            tellHeld(account, at: peer)
            later(Self.edgesReadTime, peer, .edgesRead(account))
        }
        for entry in peers[peer].disk.parked.values.sorted(by: { $0.id < $1.id }) { unpark(entry, at: peer) }
        for account in peers[peer].disk.following { takeUp(account, at: peer) }
        for debt in peers[peer].disk.debts { owe(debt.entry, debt.recipient, at: peer) }
    }
}
