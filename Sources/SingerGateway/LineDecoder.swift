internal import SingerCore

/// Makes lines of bytes. What is kept between two reads is bounded: one unfinished line of at most `Limits.lineBytesMax` bytes.
///
/// Feed it what was read, then take items until there are none.
struct LineDecoder {
    enum Item: Hashable, Sendable {
        /// Without its ending; may be empty, and may hold control characters.
        case line(String)
        /// A line over the limit was dropped.
        case tooLong
        /// A line that was not UTF-8 was dropped.
        case invalidUTF8
    }

    enum Ending: String, Hashable, Sendable {
        case lf = "\n"
        case crlf = "\r\n"
    }

    /// How the first line ended; `nil` as long as none has.
    private(set) var ending: Ending?
    /// The line that was last dropped for not being UTF-8, for a dialect that can say more about it.
    private(set) var refused: [UInt8] = []

    private var telnet = TelnetFilter()
    private var bytes: [UInt8] = []
    /// Where the line begins that is to be taken next, and how far it was searched for its end.
    private var start = 0
    private var searched = 0
    /// The beginning of the current line was dropped already.
    private var isDropping = false

    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Takes what was read.
    mutating func feed(_ read: some Collection<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        telnet.pass(read, to: &bytes)
    }

    /// The next whole line.
    mutating func next() -> Item? {
        guard let end = bytes[searched...].firstIndex(of: Self.newline) else {
            searched = bytes.count
            // One more than the limit may be waiting: the carriage return of the ending.
            if isDropping || bytes.count - start > Limits.lineBytesMax + 1 { drop() }
            return nil
        }
        let hasReturn = end > start && bytes[end - 1] == Self.carriageReturn
        if ending == nil { ending = hasReturn ? .crlf : .lf }
        defer {
            start = end + 1
            searched = start
        }
        return item(bytes[start..<(hasReturn ? end - 1 : end)])
    }

    /// What stands after the last newline when no more will come. A last line needs no ending: `printf 'HELP' | nc -N`.
    mutating func finish() -> Item? {
        guard isDropping || start < bytes.count else { return nil }
        var line = bytes[start...]
        if line.last == Self.carriageReturn { line.removeLast() }
        defer {
            bytes = []
            start = 0
            searched = 0
        }
        return item(line)
    }

    private mutating func item(_ line: ArraySlice<UInt8>) -> Item {
        guard !isDropping, line.count <= Limits.lineBytesMax else {
            isDropping = false
            return .tooLong
        }
        if let text = String(validating: line, as: UTF8.self) { return .line(text) }
        refused = Array(line)
        return .invalidUTF8
    }

    private mutating func drop() {
        isDropping = true
        bytes.removeAll()
        start = 0
        searched = 0
    }
}
