import SingerCore
import SingerReplication

internal import struct Foundation.Data

/// Watches a run: verifies what arrives as a real link does, and checks the rules that must hold at every step.
struct Audit: Sendable {
    /// Entries that honest devices have written, by their place.
    private var written: [DeviceKey: [UInt64: EntryID]] = [:]
    /// Devices that sign what they like.
    var hostile: Set<DeviceKey> = []
    /// Devices whose disk was put back, and which wrote on before they had learned of it: their logs part.
    private(set) var forked: Set<DeviceKey> = []
    private(set) var deleted: Set<EntryID> = []
    private var times: [EntryID: Milliseconds] = [:]
    /// Signatures that were checked already; each copy is checked once, whoever it comes to.
    private var verdicts: [EntryID: [(signature: Data, body: Data?, isGood: Bool)]] = [:]
    /// Entries that a peer has shown to its users.
    private var shown: [Set<EntryID>]
    private(set) var violations: [String] = []
    private(set) var deliveries = 0
    private(set) var hops = [Int](repeating: 0, count: 256)
    private(set) var delays: [Int] = []
    /// Feeds of which deliveries are counted: by peer, whom it follows.
    var follows: [Set<AccountKey>]

    init(peers: Int) {
        shown = Array(repeating: [], count: peers)
        follows = Array(repeating: [], count: peers)
    }

    // MARK: What a link verifies

    mutating func verifies(_ message: Replica.Message) -> Bool {
        switch message {
        case .entries(let entries, _): return entries.allSatisfy { verifies($0) }
        case .delivery(let debt): return verifies(debt.entry)
        case .equivocation(let proof): return (try? Equivocation(verifying: proof.wire)) != nil
        case .have, .announce, .graft, .prune, .refer, .digest, .buckets, .want, .receipt: return true
        }
    }

    private mutating func verifies(_ entry: Entry) -> Bool {
        if let verdict = verdicts[entry.id]?.first(where: { $0.signature == entry.signature && $0.body == entry.body }) { return verdict.isGood }
        let isGood = (try? Entry(verifying: entry.signedWire)) != nil
        verdicts[entry.id, default: []].append((entry.signature, entry.body, isGood))
        return isGood
    }

    // MARK: What happens

    mutating func wrote(_ entry: Entry, now: Milliseconds) {
        let (device, seq) = (entry.header.device, entry.header.seq)
        times[entry.id] = now
        if let other = written[device]?[seq], other != entry.id, !hostile.contains(device) { forked.insert(device) }
        if written[device]?[seq] == nil { written[device, default: [:]][seq] = entry.id }
        if case .delete(let target)? = entry.content { deleted.insert(target.entry) }
    }

    /// What an honest device has written and acknowledged.
    func log(of device: DeviceKey) -> [UInt64: EntryID] { written[device] ?? [:] }

    mutating func stored(_ entry: Entry, at peer: Int, hops crossed: UInt8, isNews: Bool, now: Milliseconds) {
        let (device, seq) = (entry.header.device, entry.header.seq)
        if !hostile.contains(device), !forked.contains(device), written[device]?[seq] != entry.id {
            violation("peer \(peer) took entry \(seq) of a device that never wrote it")
        }
        if !shown[peer].insert(entry.id).inserted { violation("peer \(peer) showed an entry twice") }
        guard follows[peer].contains(entry.header.account), entry.header.kind == .post else { return }
        deliveries += 1
        guard isNews, let time = times[entry.id] else { return }
        hops[Int(crossed)] += 1
        delays.append(Int(now - time))
    }

    /// The disk of a peer was replaced by an older copy: it may show again what it has lost.
    mutating func restored(_ peer: Int, to disk: Disk) {
        shown[peer] = Set(disk.logs.values.flatMap { $0.entries.values.map(\.copy.entry.id) })
    }

    mutating func violation(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }
}
