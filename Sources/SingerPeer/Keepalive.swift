internal import NIOCore

/// Says when a link has to ask for a sign of life, and when it has to be given up.
///
/// Every byte that arrives is a sign of life: a large frame on a slow line is no silence. Whoever sends and takes nothing of what waits
/// for it is given up as well: it costs memory for as long.
struct Keepalive {
    enum Action: Equatable {
        case wait(until: NIODeadline)
        /// Send a ping now, and ask again.
        case ping
        case giveUp
    }

    private let pingAfter: TimeAmount
    private let silenceMax: TimeAmount
    private var heard: NIODeadline
    private var pinged: NIODeadline
    /// While this side does not read it cannot tell whether the other is silent. It goes on pinging, so that the other side does
    /// not take it for dead.
    private var isReading = true
    /// Since when nothing was taken of what waits; `nil` while nothing waits.
    private var stuck: NIODeadline?

    init(_ timings: PeerTimings, now: NIODeadline) {
        // Not zero, or pings would follow each other without a pause.
        pingAfter = max(TimeAmount(timings.pingAfter), .milliseconds(1))
        silenceMax = TimeAmount(timings.silenceMax)
        heard = now
        pinged = now
    }

    mutating func heard(at now: NIODeadline) { heard = now }

    mutating func stoppedReading() { isReading = false }

    mutating func resumedReading(at now: NIODeadline) {
        guard !isReading else { return }
        isReading = true
        heard = now
    }

    /// Something waits to be taken by the other side.
    mutating func waits(at now: NIODeadline) { if stuck == nil { stuck = now } }

    /// The other side took something; whether more waits for it.
    mutating func wrote(at now: NIODeadline, more: Bool) { stuck = more ? now : nil }

    mutating func check(at now: NIODeadline) -> Action {
        let end = [isReading ? heard + silenceMax : nil, stuck.map { $0 + silenceMax }].compactMap(\.self).min()
        if let end, now >= end { return .giveUp }
        let ping = max(heard, pinged) + pingAfter
        if now >= ping {
            pinged = now
            return .ping
        }
        return .wait(until: min(ping, end ?? ping))
    }
}
