internal import SingerCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

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
    /// How the line began that was last dropped for its length.
    private(set) var droppedStart: [UInt8] = []
    /// How many bytes it had.
    private(set) var droppedBytes = 0
    /// The line that was last dropped for not being UTF-8, for a dialect that can say more about it.
    private(set) var refused: [UInt8] = []

    private var telnet = TelnetFilter()
    private var bytes: [UInt8] = []
    /// Where the line begins that is to be taken next, and how far it was searched for its end.
    private var start = 0
    private var searched = 0
    /// The beginning of the current line was dropped already.
    private var isDropping = false

    /// With the longest tag, and what begins the word after it.
    private static let startBytes = 128
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
        guard let (line, end) = findLine() else { return nil }
        defer { pass(end) }
        return item(bytes[line])
    }

    /// Offers the next whole line as bytes. It is passed if it was taken.
    ///
    /// - Returns: whether there was a line, and it was taken.
    mutating func take(_ takes: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard !isDropping, let (line, end) = findLine(), line.count <= Limits.lineBytesMax else { return false }
        let isTaken = bytes.withUnsafeBytes { takes(UnsafeRawBufferPointer(rebasing: $0[line])) }
        if isTaken { pass(end) }
        return isTaken
    }

    /// Where the next whole line stands, without its ending, and where the ending ends.
    private mutating func findLine() -> (line: Range<Int>, end: Int)? {
        let newline = bytes.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, searched < bytes.count else { return nil }
            return memchr(base + searched, Int32(Self.newline), bytes.count - searched).map { UnsafeRawPointer($0) - base }
        }
        guard let newline else {
            searched = bytes.count
            // One more than the limit may be waiting: the carriage return of the ending.
            if isDropping || bytes.count - start > Limits.lineBytesMax + 1 { drop() }
            return nil
        }
        searched = newline
        let hasReturn = newline > start && bytes[newline - 1] == Self.carriageReturn
        if ending == nil { ending = hasReturn ? .crlf : .lf }
        return (start..<(hasReturn ? newline - 1 : newline), newline + 1)
    }

    private mutating func pass(_ end: Int) {
        start = end
        searched = end
        // Most connections are silent most of the time, and keep nothing then.
        guard end == bytes.count else { return }
        bytes = []
        start = 0
        searched = 0
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

    /// Forgets what stands after the last newline.
    mutating func dropUnfinished() {
        let newline = bytes[start...].lastIndex(of: Self.newline)
        bytes.removeSubrange((newline.map { $0 + 1 } ?? start)...)
        searched = min(searched, bytes.count)
        // If there is one, it ends what is being dropped.
        if newline == nil { isDropping = false }
    }

    /// Nothing waits, whole or not.
    var isEmpty: Bool { bytes.isEmpty && !isDropping }

    private mutating func item(_ line: ArraySlice<UInt8>) -> Item {
        guard !isDropping, line.count <= Limits.lineBytesMax else {
            noteDropped(line)
            isDropping = false
            return .tooLong
        }
        if let text = line.withUnsafeBytes({ String(utf8: $0) }) { return .line(text) }
        refused = Array(line)
        return .invalidUTF8
    }

    private mutating func drop() {
        noteDropped(bytes[start...])
        isDropping = true
        bytes = []
        start = 0
        searched = 0
    }

    private mutating func noteDropped(_ part: ArraySlice<UInt8>) {
        if !isDropping {
            droppedStart = Array(part.prefix(Self.startBytes))
            droppedBytes = 0
        }
        droppedBytes += part.count
    }
}
