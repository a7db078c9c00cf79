internal import Glibc

/// A question on the terminal whose answer is not shown, also where standard input is a pipe.
package enum HiddenQuestion {
    /// `nil` when there is no terminal to ask on, or no answer.
    package static func ask(_ question: String) -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else { return nil }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        hidden.c_lflag |= tcflag_t(ECHONL)
        tcsetattr(terminal, TCSAFLUSH, &hidden)
        defer { tcsetattr(terminal, TCSAFLUSH, &before) }
        _ = question.withCString { write(terminal, $0, strlen($0)) }
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n"), answer.count < answerBytesMax { answer.append(byte) }
        return answer.isEmpty ? nil : String(decoding: answer, as: UTF8.self)
    }

    /// The longest passphrase, and some.
    private static let answerBytesMax = 4_096
}
