internal import Glibc

/// Lines of standard input, as they come.
package struct StandardInput {
    private var buffer = LineBuffer()
    private var isAtEnd = false

    package init() {}

    /// Whether the last line was not UTF-8.
    package var wasRepaired: Bool { buffer.wasRepaired }

    /// The next line; `nil` at the end. A last line needs no ending.
    ///
    /// Throws when there is a line so long that no peer would take it.
    package mutating func line() throws(LineBuffer.TooLong) -> String? {
        while true {
            if let line = try buffer.next() { return line }
            guard !isAtEnd else { return nil }
            let read = Self.read()
            if read.isEmpty {
                isAtEnd = true
                buffer.feed(CollectionOfOne(UInt8(ascii: "\n")))
            } else {
                buffer.feed(read)
            }
        }
    }

    /// Everything, at most so many bytes and then one.
    package static func all(bytesMax: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= bytesMax {
            let read = read()
            if read.isEmpty { break }
            bytes += read
        }
        return Array(bytes.prefix(bytesMax + 1))
    }

    private static func read() -> ArraySlice<UInt8> {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            return chunk[..<max(count, 0)]
        }
    }
}
