import SingerCore

/// What happens when, in virtual time: a list for each instant, and a heap of instants. Of two things at one time the one that
/// was put first comes first.
struct Agenda<Event: Sendable>: Sendable {
    private struct Instant: Sendable {
        var events: [Event] = []
        var taken = 0
    }

    private var instants: [Milliseconds: Instant] = [:]
    /// A heap: the next one first.
    private var times: [Milliseconds] = []

    mutating func put(_ event: Event, at due: Milliseconds) {
        if instants[due] == nil { push(due) }
        instants[due, default: Instant()].events.append(event)
    }

    /// The next event, if it is due by then.
    mutating func take(dueBy now: Milliseconds) -> (due: Milliseconds, event: Event)? {
        guard let due = times.first, due <= now, let instant = instants[due] else { return nil }
        let event = instant.events[instant.taken]
        if instant.taken + 1 < instant.events.count {
            instants[due]?.taken += 1
        } else {
            instants[due] = nil
            pop()
        }
        return (due, event)
    }

    private mutating func push(_ time: Milliseconds) {
        times.append(time)
        var child = times.count - 1
        while child > 0, times[child] < times[(child - 1) / 2] {
            times.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() {
        let last = times.removeLast()
        guard !times.isEmpty else { return }
        times[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < times.count && times[child] < times[least] { least = child }
            if least == parent { return }
            times.swapAt(parent, least)
            parent = least
        }
    }
}
