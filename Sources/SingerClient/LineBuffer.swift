/// Makes lines of what a peer sends. What is kept is bounded, whatever the other side is.
package struct LineBuffer {
    /// No line of a peer comes near this: the longest, a post that forwards another, is about 30 KiB of JSON at worst.
    package static let lineBytesMax = 1 << 20

    /// There is no end to the line that is coming.
    package struct TooLong: Error, Hashable {}

    private var bytes: [UInt8] = []
    /// Where the next line begins, and how far its end was searched for.
    private var start = 0
    private var searched = 0
    /// Whether the last line was not UTF-8.
    package private(set) var wasRepaired = false

    package init() {}

    package mutating func feed(_ read: some Collection<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes.append(contentsOf: read)
    }

    /// The next whole line, without its ending; what is not UTF-8 in it is replaced.
    package mutating func next() throws(TooLong) -> String? {
        guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = bytes.count
            guard bytes.count - start <= Self.lineBytesMax else { throw TooLong() }
            return nil
        }
        defer {
            start = end + 1
            searched = start
        }
        guard end - start <= Self.lineBytesMax else { throw TooLong() }
        let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
        let line = bytes[start..<(hasReturn ? end - 1 : end)]
        let text = String(validating: line, as: UTF8.self)
        wasRepaired = text == nil
        return text ?? String(decoding: line, as: UTF8.self)
    }

    /// What stands after the last newline: the beginning of a line.
    package var rest: String { String(decoding: bytes[start...].prefix(200), as: UTF8.self) }
}
