import SingerCore
import SingerReplication

/// The rules of design §7 that must hold when the faults are over.
extension Trial {
    /// What a peer still lacks.
    func complaints(about peer: Int, isFinal: Bool) -> [String] {
        guard net.peers[peer].mischief == nil else { return [] }
        var complaints: [String] = []
        let disk = net.peers[peer].disk
        for account in disk.following + disk.hosted.keys.sorted() {
            for index in net.homes[account] ?? [] {
                let author = authors[index]
                let device = author.device.publicKey
                guard isHonest(author) else { continue }
                let log = net.audit?.log(of: device) ?? [:]
                guard let last = log.keys.max() else { continue }
                // Older entries come when they are asked for.
                let first = last - min(last - 1, Limits.recentEntriesMax - 1)
                for seq in first...last {
                    guard let id = log[seq], !lost.contains(id) else { continue }
                    guard let entry = disk.entry(device, seq) else {
                        complaints.append("peer \(peer) lacks entry \(seq) of \(last) of user\(index)")
                        break
                    }
                    let isDeleted = entry.header.kind == .post && net.audit?.deleted.contains(id) == true
                    if entry.id != id { complaints.append("peer \(peer) has another entry \(seq) of user\(index)") }
                    if entry.body == nil, entry.header.kind == .post, !isDeleted {
                        complaints.append("peer \(peer) lacks the body of entry \(seq) of user\(index)")
                    }
                    if entry.body != nil, isDeleted { complaints.append("peer \(peer) has the body of the deleted entry \(seq) of user\(index)") }
                }
                if !isFinal, !complaints.isEmpty { return complaints }
            }
        }
        if disk.debts.contains(where: { isReachable($0.recipient) }) { complaints.append("peer \(peer) still owes \(disk.debts.count) entries") }
        return complaints + disagreements(of: peer)
    }

    /// All peers of both ends of an edge agree.
    ///
    /// Not where the follower's device wrote two logs: each peer holds the one that came first, and goes on with neither.
    private func disagreements(of peer: Int) -> [String] {
        let disk = net.peers[peer].disk
        return disk.edges.sorted { ($0.key.follower, $0.key.followee) < ($1.key.follower, $1.key.followee) }.flatMap { edge, word in
            guard !lostEdges.contains(edge), (net.homes[edge.follower] ?? []).allSatisfy({ isHonest(authors[$0]) }) else { return [String]() }
            return ((net.homes[edge.follower] ?? []) + (net.homes[edge.followee] ?? [])).filter {
                net.peers[$0].mischief == nil && (net.peers[$0].disk.edges[edge]?.follows ?? false) != word.follows
            }.map { "peer \(peer) and peer \($0) do not agree on who follows whom" }
        }
    }

    private func isHonest(_ author: Author) -> Bool {
        let device = author.device.publicKey
        // What only a hostile peer holds may never be seen by anybody.
        return net.peers[author.home].mischief == nil && net.audit?.hostile.contains(device) == false && net.audit?.forked.contains(device) == false
    }

    private func isReachable(_ account: AccountKey) -> Bool {
        (net.homes[account] ?? []).contains { net.peers[$0].mischief == nil && net.peers[$0].isUp }
    }

    /// Peers that follow the same accounts and see different timelines.
    func disagreements() -> [String] {
        var timelines: [[AccountKey]: (peer: Int, hash: UInt64)] = [:]
        var found: [String] = []
        for peer in net.peers.indices where net.peers[peer].mischief == nil {
            let following = net.peers[peer].disk.following
            guard !following.isEmpty else { continue }
            let hash = timeline(of: following, at: peer)
            if let other = timelines[following] {
                if other.hash != hash { found.append("peers \(other.peer) and \(peer) follow the same accounts and see different timelines") }
            } else {
                timelines[following] = (peer, hash)
            }
        }
        return found
    }

    private func timeline(of accounts: [AccountKey], at peer: Int) -> UInt64 {
        var posts: [Entry] = []
        for account in accounts {
            for index in net.homes[account] ?? [] where isHonest(authors[index]) {
                let device = authors[index].device.publicKey
                let entries = net.peers[peer].disk.logs[device]?.entries ?? [:]
                let last = entries.keys.max() ?? 0
                posts += entries.values.map(\.copy.entry).filter { $0.header.kind == .post && $0.header.seq + Limits.recentEntriesMax > last }
            }
        }
        posts.sort {
            ($0.header.created, $0.header.account, $0.header.device, $0.header.seq) < ($1.header.created, $1.header.account, $1.header.device, $1.header.seq)
        }
        return posts.reduce(0) { hash, post in
            var mixer = SplitMix64(state: hash ^ post.id.leadingWord ^ (post.body == nil ? 1 : 0))
            return mixer.next()
        }
    }
}
