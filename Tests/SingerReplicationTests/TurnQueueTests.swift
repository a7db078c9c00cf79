import SingerTesting
import Testing

@testable import SingerReplication

@Suite struct TurnQueueTests {
    @Test(arguments: 1...10 as ClosedRange<UInt64>) func `it does what a list of those who wait does`(seed: UInt64) {
        var random = Generator(seed: seed)
        var queue = TurnQueue<Int>()
        var model: [Int] = []
        for step in 0..<2_000 {
            let element = random.below(40)
            switch random.below(5) {
            case 0, 1:
                queue.insert(element)
                if !model.contains(element) { model.append(element) }
            case 2, 3:
                queue.remove(element)
                model.removeAll { $0 == element }
            default:
                let count = random.below(4)
                #expect(queue.take(count) == Array(model.prefix(count)), "seed \(seed), step \(step)")
                model.removeFirst(min(count, model.count))
            }
            #expect(queue.elements.sorted() == model.sorted() && queue.isEmpty == model.isEmpty, "seed \(seed), step \(step)")
            #expect(queue.contains(element) == model.contains(element), "seed \(seed), step \(step)")
        }
    }
}
