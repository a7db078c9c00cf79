/// Elements in the order in which they came, each of them once: who waits, and whose turn it is. What is done to it costs the same however many wait.
struct TurnQueue<Element: Hashable & Sendable>: Sendable {
    /// Those that wait, with their places in the order.
    private var places: [Element: UInt64] = [:]
    /// Everybody who came since the first that waits, also those that went meanwhile.
    private var line: ArraySlice<(place: UInt64, element: Element)> = []
    private var next: UInt64 = 0

    var isEmpty: Bool { places.isEmpty }
    var elements: some Collection<Element> { places.keys }

    func contains(_ element: Element) -> Bool { places[element] != nil }

    /// Who waits already keeps its place.
    mutating func insert(_ element: Element) {
        guard places[element] == nil else { return }
        // Whoever goes leaves a place behind that nobody has.
        if line.count > 2 * places.count + 64 { line = line.filter { places[$0.element] == $0.place }[...] }
        places[element] = next
        line.append((next, element))
        next += 1
    }

    mutating func remove(_ element: Element) { places[element] = nil }

    /// Takes out the first of those that wait, so many at most.
    mutating func take(_ count: Int) -> [Element] {
        var taken: [Element] = []
        while taken.count < count, let (place, element) = line.popFirst() {
            guard places[element] == place else { continue }
            places[element] = nil
            taken.append(element)
        }
        return taken
    }
}
