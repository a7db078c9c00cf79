internal import NIOCore

/// Says when a link has to ask for a sign of life, and when it has to be given up.
///
/// Every byte that arrives is a sign of life: a large frame on a slow line is no silence.
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

    mutating func check(at now: NIODeadline) -> Action {
        if isReading, now >= heard + silenceMax { return .giveUp }
        let ping = max(heard, pinged) + pingAfter
        if now >= ping {
            pinged = now
            return .ping
        }
        return .wait(until: isReading ? min(ping, heard + silenceMax) : ping)
    }
}
