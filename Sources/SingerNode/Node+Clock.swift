import Logging
import SingerCore
import SingerStore

/// Tells people that the clock here is wrong, which they would otherwise learn from posts that nobody sees.
extension Node {
    /// How far the clock here is ahead of most linked peers', where that matters; below zero: behind. Half of those that say must be
    /// lying to raise a false alarm.
    var clockAhead: Milliseconds? { Self.ahead(of: links.values.compactMap(\.clockAhead)) }

    /// The median, if it is over `Limits.clockSkewMax` in either direction.
    static func ahead(of offsets: [Milliseconds]) -> Milliseconds? {
        guard !offsets.isEmpty else { return nil }
        // Of an even number the one nearer to right.
        let middle = offsets.sorted()[((offsets.count - 1) / 2)...(offsets.count / 2)].min { $0.magnitude < $1.magnitude }
        return middle.flatMap { $0.magnitude > Limits.clockSkewMax ? $0 : nil }
    }

    /// Once for each time that it begins to be wrong: those logged in now. Others are told as they log in.
    func watchClock() {
        let ahead = clockAhead
        defer { isClockWrong = ahead != nil }
        guard let ahead, !isClockWrong else { return }
        logger.warning("the clock here is not that of other peers", metadata: ["ahead": "\(ahead / 1_000) s"])
        for login in opened.values.flatMap(\.logins.values) { login.tell(.notice(Self.words(ofClockAhead: ahead))) }
    }

    func tellOfClock(_ login: Login) {
        if let ahead = clockAhead { login.tell(.notice(Self.words(ofClockAhead: ahead))) }
    }

    /// Dates of a log never run backwards: one that was written by a clock that was ahead goes on there.
    func tellOfDates(_ login: Login, _ device: DeviceKey) async {
        guard let last = try? await store.latestEntries(of: device, count: 1).last?.header.created, last > clock() + Limits.clockSkewMax else { return }
        let time = Self.words(of: last - clock())
        login.tell(
            .notice(
                "what you wrote last is dated \(time) ahead, and what you write now comes behind it: others see it only in \(time). "
                    + "REVOKE this device (DEVICES lists it) and log in again to go on at once."))
    }

    private static func words(of time: Milliseconds) -> String {
        let minutes = (time.magnitude + 30_000) / 60_000
        let hours = (minutes + 30) / 60
        return hours >= 48 ? "\((hours + 12) / 24) days" : hours >= 2 ? "\(hours) hours" : "\(minutes) minutes"
    }

    static func words(ofClockAhead ahead: Milliseconds) -> String {
        let time = words(of: ahead)
        return ahead > 0
            ? "the clock of this peer is \(time) ahead of other peers': what you post reaches the others' timelines only in \(time)."
            : "the clock of this peer is \(time) behind other peers': what you post is older than it is in everybody's timeline."
    }
}
