internal import SingerCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// Moments as people and programs read them.
enum Timestamp {
    /// `2022-12-11 10:56:05` in the daemon's time zone (`TZ`).
    static func local(_ time: Milliseconds) -> String {
        var seconds = time_t(floorDivide(time, 1_000).quotient)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return utc(time) }
        return date(year: Int64(parts.tm_year) + 1_900, month: Int64(parts.tm_mon) + 1, day: Int64(parts.tm_mday)) + " "
            + clock(hour: Int64(parts.tm_hour), minute: Int64(parts.tm_min), second: Int64(parts.tm_sec))
    }

    /// `12-11 10:56`, in the daemon's time zone; with the year when that could be another one.
    static func short(_ time: Milliseconds, now: Milliseconds) -> String {
        let text = local(time).dropLast(3)
        return String(now - time < 300 * 86_400_000 ? text.dropFirst(5) : text)
    }

    /// `2022-12-11T10:56:05.123Z` (RFC 3339).
    static func utc(_ time: Milliseconds) -> String {
        let (seconds, milliseconds) = floorDivide(time, 1_000)
        let (days, second) = floorDivide(seconds, 86_400)
        let (year, month, day) = civil(days)
        // This stands in every line of most IRC clients.
        guard (0...9_999).contains(year) else {
            return date(year: year, month: month, day: day) + "T" + clock(hour: second / 3_600, minute: second / 60 % 60, second: second % 60)
                + "." + digits(milliseconds, 3) + "Z"
        }
        return String(unsafeUninitializedCapacity: 24) { text in
            var next = 0
            func put(_ number: Int64, _ count: Int, _ mark: UInt8) {
                var rest = number
                for place in stride(from: next + count - 1, through: next, by: -1) {
                    text.initializeElement(at: place, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                    rest /= 10
                }
                text.initializeElement(at: next + count, to: mark)
                next += count + 1
            }
            put(year, 4, UInt8(ascii: "-"))
            put(month, 2, UInt8(ascii: "-"))
            put(day, 2, UInt8(ascii: "T"))
            put(second / 3_600, 2, UInt8(ascii: ":"))
            put(second / 60 % 60, 2, UInt8(ascii: ":"))
            put(second % 60, 2, UInt8(ascii: "."))
            put(milliseconds, 3, UInt8(ascii: "Z"))
            return next
        }
    }

    /// The proleptic Gregorian date that many days after 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
    }

    private static func date(year: Int64, month: Int64, day: Int64) -> String {
        digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2)
    }

    private static func clock(hour: Int64, minute: Int64, second: Int64) -> String {
        digits(hour, 2) + ":" + digits(minute, 2) + ":" + digits(second, 2)
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
