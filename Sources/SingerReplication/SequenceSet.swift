/// Sequence numbers that are held: ascending, disjoint, never adjacent closed ranges.
public struct SequenceSet: Hashable, Sendable {
    public private(set) var ranges: [ClosedRange<UInt64>] = []

    public init() {}

    public init(_ ranges: some Sequence<ClosedRange<UInt64>>) {
        for range in ranges { insert(range) }
    }

    public var isEmpty: Bool { ranges.isEmpty }
    public var last: UInt64? { ranges.last?.upperBound }
    public var first: UInt64? { ranges.first?.lowerBound }

    public func contains(_ seq: UInt64) -> Bool {
        let index = firstIndex(endingAtOrAfter: seq)
        return index < ranges.count && ranges[index].lowerBound <= seq
    }

    public mutating func insert(_ seq: UInt64) { insert(seq...seq) }

    public mutating func insert(_ range: ClosedRange<UInt64>) {
        // The common case: the next entry of a log.
        if let last = ranges.last, range.lowerBound > last.upperBound {
            // Greater than the last, so one less is at least that: no overflow, whatever a peer says it holds.
            if range.lowerBound - 1 == last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...range.upperBound
            } else {
                ranges.append(range)
            }
            return
        }
        var merged = range
        let start = firstIndex(endingAtOrAfter: range.lowerBound > 0 ? range.lowerBound - 1 : 0)
        var end = start
        while end < ranges.count, ranges[end].lowerBound == 0 || ranges[end].lowerBound - 1 <= merged.upperBound {
            merged = min(merged.lowerBound, ranges[end].lowerBound)...max(merged.upperBound, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(start..<end, with: [merged])
    }

    /// The parts of `range` that are not in the set, ascending.
    public func missing(in range: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        var out: [ClosedRange<UInt64>] = []
        var next = range.lowerBound
        for held in ranges[firstIndex(endingAtOrAfter: next)...] {
            if held.lowerBound > range.upperBound { break }
            if held.lowerBound > next { out.append(next...(held.lowerBound - 1)) }
            if held.upperBound >= range.upperBound { return out }
            next = held.upperBound + 1
        }
        out.append(next...range.upperBound)
        return out
    }

    /// What is in both sets.
    public func intersection(_ range: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        ranges[firstIndex(endingAtOrAfter: range.lowerBound)...].prefix { $0.lowerBound <= range.upperBound }
            .map { max($0.lowerBound, range.lowerBound)...min($0.upperBound, range.upperBound) }
    }

    public mutating func remove(_ range: ClosedRange<UInt64>) {
        var kept: [ClosedRange<UInt64>] = []
        for held in ranges {
            if held.upperBound < range.lowerBound || held.lowerBound > range.upperBound {
                kept.append(held)
                continue
            }
            if held.lowerBound < range.lowerBound { kept.append(held.lowerBound...(range.lowerBound - 1)) }
            if held.upperBound > range.upperBound { kept.append((range.upperBound + 1)...held.upperBound) }
        }
        ranges = kept
    }

    public mutating func formUnion(_ other: SequenceSet) { for range in other.ranges { insert(range) } }

    public func subtracting(_ other: SequenceSet) -> SequenceSet {
        guard !other.isEmpty else { return self }
        var rest = SequenceSet()
        // Ascending and disjoint as these ranges are, and so are their parts.
        rest.ranges = ranges.flatMap(other.missing(in:))
        return rest
    }

    /// Forgets the lowest ranges, so that no more than `count` are left: what a peer says must not grow without end.
    public mutating func keepLatest(_ count: Int) {
        if ranges.count > count { ranges.removeFirst(ranges.count - count) }
    }

    private func firstIndex(endingAtOrAfter seq: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < seq { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
