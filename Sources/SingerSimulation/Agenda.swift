import SingerCore

/// What happens when, in virtual time: a heap; of two things at one time the one that was put first comes first.
struct Agenda<Event: Sendable>: Sendable {
    private struct Item: Sendable {
        let due: Milliseconds
        let order: UInt64
        let event: Event

        func precedes(_ other: Item) -> Bool { (due, order) < (other.due, other.order) }
    }

    private var items: [Item] = []
    private var order: UInt64 = 0

    var nextDue: Milliseconds? { items.first?.due }
    var count: Int { items.count }

    mutating func put(_ event: Event, at due: Milliseconds) {
        order += 1
        items.append(Item(due: due, order: order, event: event))
        var child = items.count - 1
        while child > 0, items[child].precedes(items[(child - 1) / 2]) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The next event, if it is due by then.
    mutating func take(dueBy now: Milliseconds) -> (due: Milliseconds, event: Event)? {
        guard let first = items.first, first.due <= now else { return nil }
        let last = items.removeLast()
        if !items.isEmpty {
            items[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child].precedes(items[least]) { least = child }
                if least == parent { break }
                items.swapAt(parent, least)
                parent = least
            }
        }
        return (first.due, first.event)
    }
}
