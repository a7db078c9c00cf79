internal import Glibc

/// A question on the terminal whose answer is not shown, also where standard input is a pipe.
package enum HiddenQuestion {
    /// `nil` when there is no terminal to ask on, or no answer.
    ///
    /// A signal that ends or stops the process meanwhile does so once the terminal shows again what is typed.
    package static func ask(_ question: String) -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        while true {
            switch askOnce(question, terminal) {
            case .answer(let answer): return answer.isEmpty ? nil : String(decoding: answer, as: UTF8.self)
            // It was stopped, and goes on: ask again.
            case .signal: continue
            case .noTerminal: return nil
            }
        }
    }

    private enum Outcome {
        case answer([UInt8])
        case signal
        case noTerminal
    }

    private static func askOnce(_ question: String, _ terminal: CInt) -> Outcome {
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else { return .noTerminal }
        var (wanted, mask) = (sigset_t(), sigset_t())
        sigemptyset(&wanted)
        for number in numbers { sigaddset(&wanted, number) }
        pthread_sigmask(SIG_BLOCK, &wanted, &mask)
        // What came meanwhile takes effect here, behind everything else.
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        hidden.c_lflag |= tcflag_t(ECHONL)
        tcsetattr(terminal, TCSAFLUSH, &hidden)
        defer { tcsetattr(terminal, TCSAFLUSH, &before) }
        _ = question.withCString { write(terminal, $0, strlen($0)) }
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        var waited = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
        while answer.count < answerBytesMax {
            // Blocked signals do not end a wait, so it is looked for them now and then.
            guard poll(&waited, 1, 50) != 0 else {
                var pending = sigset_t()
                sigpending(&pending)
                guard numbers.contains(where: { sigismember(&pending, $0) == 1 }) else { continue }
                _ = "\n".withCString { write(terminal, $0, 1) }
                return .signal
            }
            guard read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") else { break }
            answer.append(byte)
        }
        return .answer(answer)
    }

    private static let numbers = [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP]
    /// The longest passphrase, and some.
    private static let answerBytesMax = 4_096
}
