public import SingerCore
import SingerReplication

/// One run of a scenario: a network starts, lives through its faults, and has to settle.
public struct Trial: Sendable {
    public let scenario: Scenario
    public internal(set) var net: Simulation
    /// One of each peer, but where it is the second device of somebody.
    var authors: [Author] = []
    /// The one whom all follow.
    var celebrity: Author { authors[0] }
    var random: SplitMix64
    var posts = 0
    var crashes = 0
    var partitions = 0
    var restores = 0
    /// What a peer's disk was like some time ago, for those whose disk is put back.
    var backups: [Int: Disk] = [:]
    var recent: [(author: Int, entry: Entry)] = []
    /// Peers whose disk was put back, until they have learned of what they have lost.
    var cautious: [Int: Milliseconds] = [:]
    /// Devices whose disk was put back, and entries that were on no other disk.
    var restored: Set<Int> = []
    var lost: Set<EntryID> = []
    /// Edges on which the last word was among these and lies in the DHT. The followed will read it there; the follower cannot know it, since
    /// nobody holds its log up to there. They agree again with its next word on the edge. (Where the DHT has not got it, it is as if it had
    /// never been said, and both ends agree on the word before.)
    var lostEdges: Set<Disk.Edge> = []
    var backAt: [(due: Milliseconds, peer: Int)] = []
    var healsAt: Milliseconds?
    public internal(set) var settledAfter: Milliseconds?
    public internal(set) var unsettled: [String] = []

    public init(_ scenario: Scenario) {
        self.scenario = scenario
        random = SplitMix64(state: scenario.seed &* 0x9e37_79b9)
        net = Simulation(scenario.peers, seed: scenario.seed, now: Scenario.start)
        net.keepsHistory = false
        net.contactsMax = 16
        net.audit = Audit(peers: scenario.peers)
        net.faults.isInOrder = true
        net.faults.latencyMin = 10
        net.faults.latencyMax = 120
        populate()
    }

    /// Who is there, who is hostile, who follows whom.
    private mutating func populate() {
        let count = scenario.peers
        for peer in 0..<count {
            let isHostile = peer > 0 && random.below(100) < scenario.hostilePercent
            if isHostile { net.peers[peer].mischief = Mischief.allCases[random.below(Mischief.allCases.count)] }
            // Now and then a peer is the second machine of the account before it.
            let isSecond = peer > 1 && !isHostile && random.oneIn(50) && net.peers[peer - 1].mischief == nil
            let author = isSecond ? Author(peer - 1, device: 1, home: peer, isHostile: false) : Author(peer, home: peer, isHostile: isHostile)
            authors.append(author)
            net.peers[peer].disk.hosted[author.account] = author.device.publicKey
            net.homes[author.account, default: []].append(peer)
            if net.peers[peer].mischief == .equivocate { net.audit?.hostile.insert(author.device.publicKey) }
            if scenario.hasFaults, scenario.clockSkewMax > 0, peer > 0 {
                net.peers[peer].skew = Milliseconds(random.below(Int(2 * scenario.clockSkewMax))) - scenario.clockSkewMax
            }
            net.peers[peer].isUp = false
            backAt.append((Scenario.start + 1 + Milliseconds(random.below(Int(Scenario.warmUp))), peer))
        }
        net.traffic.countsHomeCopies = [celebrity.account]
        for peer in 1..<count {
            var chosen: Set<AccountKey> = []
            if random.oneIn(2) { chosen.insert(celebrity.account) }
            for _ in 0..<scenario.follows { chosen.insert(authors[random.below(count)].account) }
            chosen.remove(authors[peer].account)
            for account in chosen.sorted() { write(.follow(Followee(account: account, name: celebrity.certificate.name)), by: peer) }
        }
        backAt.sort { ($0.due, $0.peer) > ($1.due, $1.peer) }
    }

    // MARK: Time

    /// - Parameter progress: is told a line now and then.
    public mutating func run(progress: (String) -> Void = { _ in }) {
        let end = Scenario.start + Scenario.warmUp + Milliseconds(scenario.faultMinutes) * 60_000
        var nextPost = Scenario.start + Scenario.warmUp / 2
        var nextEntry = Scenario.start + Scenario.warmUp / 4
        var nextFault = Scenario.start + Scenario.warmUp
        var nextFlood = nextFault
        var nextReport = Scenario.start
        while net.now < end {
            let step = [nextPost, nextEntry, scenario.hasFaults ? nextFault : end, nextFlood, backAt.last?.due ?? end, healsAt ?? end, end].min() ?? end
            net.run(until: step)
            if net.now >= nextReport {
                progress(summary)
                nextReport = net.now + 30_000
            }
            wake()
            if net.now >= nextPost {
                nextPost = net.now + gap(scenario.celebrityPostsPerMinute)
                if net.peers[0].isUp { write(.post(Post(text: text())), by: 0) }
            }
            if net.now >= nextEntry {
                nextEntry = net.now + gap(scenario.entriesPerMinute)
                act()
            }
            if net.now >= nextFault, scenario.hasFaults {
                nextFault = net.now + max(50, 200_000 / Milliseconds(scenario.peers))
                fault()
            }
            if net.now >= nextFlood {
                nextFlood = net.now + 2_000
                flood()
            }
        }
        endFaults()
        settle(progress)
    }

    private mutating func gap(_ perMinute: Int) -> Milliseconds {
        let mean = 60_000 / max(1, perMinute)
        return Milliseconds(1 + mean / 2 + random.below(mean + 1))
    }

    private mutating func text() -> PostText {
        posts += 1
        return (try? PostText(typed: "post \(posts) " + String(repeating: "x", count: random.below(200)))) ?? PostText.none
    }

    private var summary: String {
        let up = net.peers.count { $0.isUp }
        return
            "\((net.now - Scenario.start) / 1_000) s: \(up) peers up, \(net.traffic.messages) messages, \(posts) posts, \(net.audit?.deliveries ?? 0) deliveries"
    }

    // MARK: What people do

    /// Writes an entry at a peer that is up, with what the outbox owes for it.
    mutating func write(_ content: Entry.Content, by index: Int) {
        let author = authors[index]
        let peer = author.home
        let local = net.now + net.peers[peer].skew
        let entry = author.write(content, on: net.peers[peer].disk, now: max(local, net.peers[peer].disk.dateDue(content, by: author.account)))
        if net.peers[peer].mischief == .equivocate, case .post = content {
            let twin = author.write(.post(Post(text: text())), on: net.peers[peer].disk, now: local)
            net.twins[entry.id] = twin
            net.audit?.wrote(twin, now: net.now)
        }
        net.audit?.wrote(entry, now: net.now)
        let isUp = net.peers[peer].isUp
        guard case .stored = net.peers[peer].disk.ingest(net.share(entry), hops: 0, now: max(local, entry.header.created), share: { Disk.Copy($0) }) else {
            return
        }
        net.audit?.stored(entry, at: peer, hops: 0, isNews: false, now: net.now)
        switch content {
        case .follow(let who), .unfollow(let who):
            let follows: Bool
            if case .follow = content { follows = true } else { follows = false }
            if follows { net.audit?.follows[peer].insert(who.account) } else { net.audit?.follows[peer].remove(who.account) }
            net.peers[peer].disk.debts.append((entry, who.account))
            net.putEdge(entry, of: who.account)
            if isUp {
                if follows {
                    net.takeUp(who.account, at: peer)
                } else {
                    net.tell(peer, .unfollowed(who.account))
                }
            }
            if follows { net.directory[who.account, default: []].append(peer) } else { net.directory[who.account]?.removeAll { $0 == peer } }
            if isUp { net.owe(entry, who.account, at: peer) }
        case .post:
            if recent.count < 500 { recent.append((index, entry)) } else { recent[random.below(500)] = (index, entry) }
        case .profile, .like, .unlike, .delete, .revoke, .unknown: break
        }
        if isUp { net.tell(peer, .stored([entry], from: nil, isNews: true)) }
    }

    private mutating func act() {
        let index = random.below(authors.count)
        let author = authors[index]
        let peer = author.home
        guard net.peers[peer].isUp, net.peers[peer].disk.logs[author.device.publicKey]?.proof == nil, mayWrite(peer) else { return }
        let following = net.peers[peer].disk.following
        switch random.below(20) {
        case 0:
            let other = authors[random.below(authors.count)].account
            if other != author.account, !following.contains(other) { write(.follow(Followee(account: other, name: author.certificate.name)), by: index) }
        case 1:
            if let other = following.isEmpty ? nil : following[random.below(following.count)] {
                write(.unfollow(Followee(account: other, name: author.certificate.name)), by: index)
            }
        case 2:
            if let mine = recent.last(where: { $0.author == index })?.entry, net.audit?.deleted.contains(mine.id) == false {
                write(.delete(EntryReference(entry: mine.id, account: author.account)), by: index)
            }
        case 3:
            if let liked = recent.isEmpty ? nil : recent[random.below(recent.count)].entry {
                write(.like(EntryReference(entry: liked.id, account: liked.header.account)), by: index)
            }
        default: write(.post(Post(text: text())), by: index)
        }
    }

    /// A device whose disk was put back waits until it has asked others for its own log.
    private mutating func mayWrite(_ peer: Int) -> Bool {
        guard let since = cautious[peer] else { return true }
        guard net.now - since > 30_000, !net.peers[peer].wires.isEmpty, net.peers[peer].replica.isOwnLogLevel(authors[peer].account),
            !net.isOwnLogOld(authors[peer].device.publicKey, of: authors[peer].account, at: peer)
        else { return false }
        cautious[peer] = nil
        return true
    }

    private mutating func flood() {
        let some = (0..<20).map { _ in authors[random.below(authors.count)] }
        for peer in net.peers.indices where net.peers[peer].mischief == .flood && net.peers[peer].isUp {
            net.flood(from: peer, about: some.map(\.account) + [celebrity.account], some.map(\.device.publicKey) + [celebrity.device.publicKey])
        }
    }
}

extension PostText {
    /// No text: for what cannot be written otherwise.
    static var none: PostText {
        do { return try PostText(canonical: "") } catch { preconditionFailure("\(error)") }
    }
}
