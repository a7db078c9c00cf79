import SingerCore
import Synchronization

import struct Foundation.Data

/// A value as OpenDHT gave it, of unknown worth.
struct RawValue: Sendable {
    let valueID: UInt64
    let bytes: Data

    /// SHA-256 over the value's id, 8 bytes big-endian, and its bytes. (Swift's own hash of `Data` takes its beginning only: whoever spoilt the
    /// end of a record could have it taken for the one that was there.)
    var digest: EntryID { EntryID.sha256(withUnsafeBytes(of: valueID.bigEndian) { Data($0) } + bytes) }
}

/// Turns values of unknown worth into records: verified, in place, each once.
///
/// That is done where the records are read, not on OpenDHT's thread, and only as fast as they are read.
final class RecordStream: Sendable {
    private let place: DirectoryKey
    private let kind: RecordKind
    private let raw: AsyncStream<RawValue>
    private let writer: Bytes32<Never>?
    /// By their digests: a value is large, and comes before it is verified.
    private let seen: Mutex<RecentSet<EntryID>>
    private let limit: Int?
    private let refused: @Sendable () -> Void

    /// - Parameters:
    ///   - writer: whose records are left out, before any signature is checked.
    ///   - limit: how many different values are looked at; `nil` for a stream without end, which remembers only the latest.
    ///   - refused: called for each value that is not what it says.
    init(
        of raw: AsyncStream<RawValue>, at place: DirectoryKey, _ kind: RecordKind, besides writer: Bytes32<Never>? = nil, limit: Int?,
        refused: @escaping @Sendable () -> Void
    ) {
        self.raw = raw
        self.place = place
        self.kind = kind
        self.writer = writer
        self.limit = limit
        self.refused = refused
        seen = Mutex(RecentSet(capacity: limit ?? Limits.recordsPerKeyMax))
    }

    var envelopes: AsyncStream<Envelope> {
        AsyncStream { await self.next() }
    }

    private func next() async -> Envelope? {
        for await value in raw {
            let digest = value.digest
            let (isNew, total) = seen.withLock { ($0.insert(digest), $0.total) }
            guard isNew else { continue }
            if let writer, (try? Envelope(kind, trusting: value.bytes))?.key == writer { continue }
            if let limit, total > limit { return nil }
            if let envelope = try? Envelope(kind, verifying: value.bytes), StorageRule.allows(envelope, at: place, valueID: value.valueID) {
                return envelope
            }
            refused()
        }
        return nil
    }
}

/// Remembers the latest elements, up to a number of them.
struct RecentSet<Element: Hashable> {
    let capacity: Int
    private var members: Set<Element> = []
    private var order: [Element] = []
    private var oldest = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { members.count }
    /// Elements that were new when they came.
    private(set) var total = 0

    /// Whether the element was not there.
    mutating func insert(_ element: Element) -> Bool {
        guard members.insert(element).inserted else { return false }
        total += 1
        if order.count < capacity {
            order.append(element)
        } else {
            members.remove(order[oldest])
            order[oldest] = element
            oldest = (oldest + 1) % capacity
        }
        return true
    }
}
