import SingerReplication
import SingerTesting
import Testing

@Suite struct SequenceSetTests {
    /// Ascending, disjoint and never adjacent, whatever has been done to it.
    private func isCanonical(_ set: SequenceSet) -> Bool {
        zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound }
    }

    private func numbers(_ ranges: [ClosedRange<UInt64>]) -> [UInt64] { ranges.flatMap(Array.init) }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `it does what a set of numbers does`(seed: UInt64) {
        var random = Generator(seed: seed)
        var set = SequenceSet()
        var model: Set<UInt64> = []
        for step in 0..<400 {
            let first = UInt64(random.below(60))
            let range = first...(first + UInt64(random.below(12)))
            switch random.below(4) {
            case 0:
                set.remove(range)
                model.subtract(range)
            case 1:
                set.insert(first)
                model.insert(first)
            case 2:
                set.insert(range)
                model.formUnion(range)
            default:
                // The end of the set, as a log that grows.
                let next = (model.max() ?? 0) + UInt64(random.below(3))
                set.insert(next)
                model.insert(next)
                if next > 90 {
                    set = SequenceSet()
                    model = []
                }
            }
            let what: Comment = "seed \(seed), step \(step): \(set.ranges)"
            #expect(isCanonical(set), what)
            #expect(numbers(set.ranges) == model.sorted(), what)
            #expect(numbers(set.missing(in: range)) == range.filter { !model.contains($0) }, what)
            #expect(numbers(set.intersection(range)) == range.filter(model.contains), what)
            #expect(set.contains(first) == model.contains(first), what)
            #expect(set.first == model.min() && set.last == model.max() && set.isEmpty == model.isEmpty, what)
            #expect(SequenceSet(set.ranges.reversed()) == set, what)
            let other = SequenceSet((0..<5).map { _ in UInt64(random.below(60)) }.map { $0...($0 + UInt64(random.below(9))) })
            #expect(isCanonical(set.subtracting(other)), what)
            #expect(numbers(set.subtracting(other).ranges) == model.subtracting(numbers(other.ranges)).sorted(), what)
        }
    }

    @Test func `the order of insertion does not show`() {
        var random = Generator(seed: 5)
        let numbers = (1...200).filter { _ in random.oneIn(2) }.map { UInt64($0) }
        let sorted = SequenceSet(numbers.map { $0...$0 })
        for _ in 0..<10 { #expect(SequenceSet(numbers.shuffled(using: &random).map { $0...$0 }) == sorted) }
    }

    @Test func `a range that bridges several joins them`() {
        var set = SequenceSet([1...2, 5...6, 9...10, 20...30])
        set.insert(3...8)
        #expect(set.ranges == [1...10, 20...30])
        set.remove(2...25)
        #expect(set.ranges == [1...1, 26...30])
    }

    @Test func `an empty set lacks everything`() {
        #expect(SequenceSet().missing(in: 3...5) == [3...5])
        #expect(SequenceSet().intersection(3...5) == [])
        #expect(SequenceSet().last == nil)
    }

    @Test func `the highest number of all does no harm`() {
        var set = SequenceSet([5...UInt64.max])
        #expect(set.missing(in: 1...UInt64.max) == [1...4])
        #expect(set.contains(.max))
        set.insert(.max)
        set.insert(3...4)
        #expect(set.ranges == [3...UInt64.max])
        set.remove(10...UInt64.max)
        #expect(set.ranges == [3...9])
        set.insert(UInt64.max...UInt64.max)
        set.insert(1...2)
        #expect(set.ranges == [1...9, UInt64.max...UInt64.max])
    }
}
