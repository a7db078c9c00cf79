internal import Glibc

/// What was typed, across runs: one line each, for its owner's eyes only, and never a passphrase.
package struct HistoryFile {
    private let path: String
    private let linesMax: Int

    /// - Parameter directory: is made if it is not there.
    package init(directory: String, linesMax: Int) {
        path = directory + "/history"
        self.linesMax = linesMax
    }

    /// The lines, oldest first. A file that has grown long is cut.
    package func load() -> [String] {
        guard let text = Self.contents(of: path) else { return [] }
        let lines = text.split(separator: "\n").map(String.init)
        guard lines.count > 2 * linesMax else { return lines.suffix(linesMax) }
        let kept = Array(lines.suffix(linesMax))
        let new = path + ".\(getpid())"
        if Self.write(kept.map { $0 + "\n" }.joined(), to: new, O_CREAT | O_TRUNC) { rename(new, path) }
        return kept
    }

    /// Notes a line at once: nothing is lost when the program is killed. Without a place to write there is no history.
    package func append(_ line: String) {
        guard !line.contains(where: \.isNewline) else { return }
        Self.makeDirectories(path)
        _ = Self.write(line + "\n", to: path, O_CREAT | O_APPEND)
    }

    private static let bytesMax = 4 << 20

    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < bytesMax {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to path: String, _ flags: Int32) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC | flags, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        // Also a file that was there before.
        fchmod(file, 0o600)
        let bytes = Array(text.utf8)
        return Glibc.write(file, bytes, bytes.count) == bytes.count
    }

    private static func makeDirectories(_ path: String) {
        var index = path.startIndex
        while let slash = path[path.index(after: index)...].firstIndex(of: "/") {
            mkdir(String(path[..<slash]), 0o700)
            index = slash
        }
    }
}
