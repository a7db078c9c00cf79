/// Checks that verified entries, in the order of an archive, are what one account's devices signed: each log ascending,
/// without repetition, each entry fitting the one that stands before it.
public struct ArchiveChain: Sendable {
    public enum Objection: Error, Hashable, Sendable, CustomStringConvertible {
        /// It is of another account than the archive.
        case otherAccount
        /// Its number does not come after that of the entry before it in the same log.
        case outOfOrder(UInt64)
        /// It does not name the entry before it, or is dated before it.
        case brokenChain(UInt64)

        public var description: String {
            switch self {
            case .otherAccount: "an entry of another account"
            case .outOfOrder(let seq): "entry \(seq) of its log stands in the wrong place"
            case .brokenChain(let seq): "entry \(seq) does not follow from the one before it"
            }
        }
    }

    public let account: AccountKey
    public private(set) var entries = 0
    private var logs: [DeviceKey: Log] = [:]

    private struct Log {
        var last: (id: EntryID, seq: UInt64, created: Milliseconds)
        /// The last number before the first that is missing; 0 if the first is.
        var level: UInt64
        /// What is here beyond it.
        var beyond: Set<UInt64> = []
    }

    public init(account: AccountKey) { self.account = account }

    public mutating func take(_ entry: Entry) throws(Objection) {
        let header = entry.header
        guard header.account == account else { throw .otherAccount }
        let here = (id: entry.id, seq: header.seq, created: header.created)
        var log = logs[header.device] ?? Log(last: here, level: 0)
        if logs[header.device] != nil {
            // What a peer did not hold when the archive was begun may be added later, behind what it did hold.
            guard header.seq > log.level, !log.beyond.contains(header.seq) else { throw .outOfOrder(header.seq) }
            let isNext = header.seq == log.last.seq + 1
            guard !isNext || Entry.follows(header, after: log.last.id, (log.last.seq, log.last.created)) else { throw .brokenChain(header.seq) }
        }
        log.beyond.insert(header.seq)
        while log.beyond.remove(log.level + 1) != nil { log.level += 1 }
        log.last = here
        logs[header.device] = log
        entries += 1
    }

    /// Up to where a log is here without a gap.
    public func level(of device: DeviceKey) -> UInt64 { logs[device]?.level ?? 0 }

    /// Whether an entry is here already.
    public func holds(_ header: Entry.Header) -> Bool {
        guard let log = logs[header.device] else { return false }
        return header.seq <= log.level || log.beyond.contains(header.seq)
    }
}
