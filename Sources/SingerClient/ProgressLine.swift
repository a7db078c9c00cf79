internal import Glibc

/// A line on the terminal for what takes long, wiped away when it is over. It is on standard error, and only if that is a terminal.
package final class ProgressLine {
    /// How often it is drawn.
    static let tickMilliseconds: Int32 = 250
    /// What is done sooner needs no words.
    private static let patience = Duration.seconds(1)

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var start: ContinuousClock.Instant?
    private var isShown = false
    /// What is going on: `120 commands done`.
    package var text = ""

    package init() {}

    /// The wait begins.
    package func begin() { start = .now }

    /// Draws the line, if the wait is long enough.
    package func tick() {
        guard isTerminal, let start, .now - start >= Self.patience else { return }
        let waited = "waiting for the peer, \((.now - start).components.seconds) s"
        show(text.isEmpty ? waited : "\(text), \(waited)")
    }

    /// Shows a text at once: for work whose progress is known.
    package func show(_ text: String) {
        guard isTerminal else { return }
        isShown = true
        StandardError.write("\r\u{1b}[K\(text)")
    }

    /// Wipes the line away.
    package func end() {
        start = nil
        guard isShown else { return }
        isShown = false
        StandardError.write("\r\u{1b}[K")
    }
}

package enum StandardError {
    package static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            done += max(count, 0)
        }
    }
}

/// Standard output, whole lines at a time. A reader that has gone away is no error.
package struct StandardOutput {
    /// Nothing can be written any more.
    package private(set) var isClosed = false
    /// Why, in words, unless a reader has gone away: a full disk, say.
    package private(set) var failure: String?
    private var bytes: [UInt8] = []
    private static let bytesMax = 1 << 16

    package init() {}

    /// Makes sure that no socket or file is taken for a standard stream that the program was started without.
    package static func reserve() {
        while true {
            let descriptor = open("/dev/null", O_RDWR)
            guard (0...STDERR_FILENO).contains(descriptor) else {
                if descriptor >= 0 { close(descriptor) }
                return
            }
        }
    }

    package mutating func line(_ text: String) {
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count >= Self.bytesMax { flush() }
    }

    package mutating func flush() {
        var done = 0
        while done < bytes.count, !isClosed {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR {
                isClosed = true
                if errno != EPIPE { failure = "standard output: \(String(cString: strerror(errno)))" }
            }
            done += max(count, 0)
        }
        bytes = []
    }
}
