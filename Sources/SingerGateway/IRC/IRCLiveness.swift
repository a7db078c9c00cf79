internal import NIOCore

/// Finds out about connections that have fallen silent, and about those that never say who they are.
///
/// Only the time of what was last heard is noted when something comes; a check is due at a time, and tells when the next one is.
struct IRCLiveness: Sendable {
    /// How long a connection may be silent.
    struct Patience: Hashable, Sendable {
        /// Before the server asks with a PING. Longer than most clients wait before they ask by themselves.
        var silence = TimeAmount.seconds(120)
        /// For any answer to it.
        var answer = TimeAmount.seconds(60)
        /// From the first line to the end of registration.
        var registration = TimeAmount.seconds(60)
    }

    enum Action: Hashable, Sendable {
        case wait(until: NIODeadline)
        case ping(checkAt: NIODeadline)
        case close(reason: String)
    }

    private let patience: Patience
    private let began: NIODeadline
    private var heardAt: NIODeadline
    private var pingedAt: NIODeadline?

    init(_ patience: Patience, now: NIODeadline) {
        self.patience = patience
        began = now
        heardAt = now
    }

    /// When to check first.
    var firstCheck: NIODeadline { min(began + patience.registration, began + patience.silence) }

    mutating func heard(_ now: NIODeadline) { heardAt = now }

    mutating func check(now: NIODeadline, isRegistered: Bool) -> Action {
        if !isRegistered {
            // It is asked for more than a sign of life.
            let end = began + patience.registration
            return now < end ? .wait(until: end) : .close(reason: "Registration timed out")
        }
        if let pinged = pingedAt, heardAt < pinged {
            let end = pinged + patience.answer
            guard now >= end else { return .wait(until: end) }
            return .close(reason: "Ping timeout: \((now - heardAt).nanoseconds / 1_000_000_000) seconds")
        }
        let end = heardAt + patience.silence
        guard now >= end else { return .wait(until: end) }
        pingedAt = now
        return .ping(checkAt: now + patience.answer)
    }
}
