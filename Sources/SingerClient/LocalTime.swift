internal import Glibc

/// A moment in the time zone of whoever reads.
package struct LocalTime: Hashable {
    private let year, month, day, weekday, hour, minute: Int

    /// From RFC 3339 in UTC, as peers write it: `2026-11-22T17:28:17.657Z`. `nil` for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int32? {
            guard bytes.count >= start + count else { return nil }
            return Int32(String(decoding: bytes[start..<start + count], as: UTF8.self))
        }
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
        else { return nil }
        var utc = tm()
        utc.tm_year = year - 1900
        utc.tm_mon = month - 1
        utc.tm_mday = day
        utc.tm_hour = hour
        utc.tm_min = minute
        utc.tm_sec = second
        var time = timegm(&utc)
        var local = tm()
        localtime_r(&time, &local)
        self.year = Int(local.tm_year) + 1900
        self.month = Int(local.tm_mon) + 1
        self.day = Int(local.tm_mday)
        weekday = Int(local.tm_wday)
        self.hour = Int(local.tm_hour)
        self.minute = Int(local.tm_min)
    }

    /// `10:56`
    package var clock: String { Self.two(hour) + ":" + Self.two(minute) }
    /// `2022-12-11`
    package var date: String { "\(year)-\(Self.two(month))-\(Self.two(day))" }
    package var text: String { "\(date) \(clock)" }

    /// `Sunday, 11 December 2022`
    package var dayInWords: String {
        guard Self.weekdays.indices.contains(weekday), Self.months.indices.contains(month - 1) else { return date }
        return "\(Self.weekdays[weekday]), \(day) \(Self.months[month - 1]) \(year)"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
}
