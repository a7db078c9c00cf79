internal import Glibc
internal import SingerCore

/// Runs commands and prints one reply each: `-e`, or lines from a pipe.
///
/// It speaks plain text, and prints what the peer says as it says it: that is what the manual shows, and `--json` is for programs.
/// Pushes are left out in both: a script that counts replies must not be disturbed by what others write.
package struct Script {
    package enum Source {
        case commands([String])
        case standardInput
    }

    package enum Exit {
        package static let done: Int32 = 0
        package static let commandFailed: Int32 = 1
        package static let unreachable: Int32 = 2
        package static let usage: Int32 = 64
    }

    private let settings: ClientSettings
    private let source: Source
    private let format: Dialogue.Format
    private var output = StandardOutput()
    private var status = Exit.done
    private let progress = ProgressLine()
    private var done = 0
    /// Whether a login stands: only then does a peer take a text of several lines.
    private var isLoggedIn = false

    /// What standard input may hold as the text of one post; a peer refuses far less, and says so.
    private static let textBytesMax = 2 * Limits.textBytesMax

    package init(_ settings: ClientSettings, _ source: Source, format: Dialogue.Format) {
        self.settings = settings
        self.source = source
        self.format = format
    }

    /// - Returns: the exit status. Commands that fail do not stop those behind them.
    package mutating func run() -> Int32 {
        // A closed pipe is noticed where it is written to.
        signal(SIGPIPE, SIG_IGN)
        do {
            let dialogue = try Dialogue(
                with: settings.endpoint, format: format, password: settings.environment.gatewayPassword, progress: progress)
            guard try login(dialogue) else { return status }
            switch source {
            case .commands(let commands): try run(commands, dialogue)
            case .standardInput: try runStandardInput(dialogue)
            }
        } catch {
            output.flush()
            StandardError.write("singer: \(error)\n")
            if case .refused = error { return Exit.commandFailed }
            return Exit.unreachable
        }
        output.flush()
        if let failure = output.failure {
            StandardError.write("singer: \(failure)\n")
            return Exit.commandFailed
        }
        return status
    }

    /// Logs in, and says nothing if it goes well.
    private mutating func login(_ dialogue: Dialogue) throws(ClientError) -> Bool {
        guard let user = settings.user else { return true }
        guard let passphrase = settings.environment.passphrase ?? HiddenQuestion.ask("Passphrase of \(user): ") else {
            StandardError.write("singer: there is no passphrase for \(user); put it into SINGER_PASSPHRASE\n")
            status = Exit.usage
            return false
        }
        let reply = try dialogue.ask("LOGIN \(user) \(passphrase)")
        guard reply.isDone else {
            complain(reply.last)
            return false
        }
        isLoggedIn = true
        return true
    }

    private mutating func run(_ commands: [String], _ dialogue: Dialogue) throws(ClientError) {
        var reader = ScriptReader()
        for (index, command) in commands.enumerated() where !output.isClosed {
            /// QUIT was the last that was answered.
            func left() {
                if index < commands.count - 1 { complain("ERR UNAVAILABLE not run, as it stands behind QUIT: \(commands[index + 1])") }
            }
            if !reader.isInsideText, let typed = TypedLine(command), typed.wantsStandardInput {
                let text = StandardInput.all(bytesMax: Self.textBytesMax)
                guard text.count <= Self.textBytesMax else {
                    complain("ERR TOO_LONG a post has at most \(Limits.textBytesMax) bytes, and standard input has more")
                    continue
                }
                guard let whole = String(validating: text, as: UTF8.self) else {
                    complain(Self.notUTF8)
                    continue
                }
                guard try take(.text(opening: typed.opening, whole: whole), dialogue) else { return left() }
            } else {
                let command = String(command.drop(while: \.isLineEnd))
                let lines = command.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
                let isCommand = !reader.isInsideText && TypedLine(String(lines[0]))?.opensText != true
                if isCommand, lines.dropFirst().contains(where: { !$0.isEmpty }) {
                    // What is after the first line of it was never meant to be a command.
                    guard let step = ScriptStep.text(in: command) else {
                        complain("ERR BAD_PARAM a command is one line; only POST and REPLY take more")
                        continue
                    }
                    guard try take(step, dialogue) else { return left() }
                } else {
                    for line in lines {
                        guard let step = reader.take(String(line)) else { continue }
                        guard try take(step, dialogue) else { return left() }
                    }
                }
            }
        }
        if reader.isInsideText { complainOfOpenText() }
    }

    private static let notUTF8 = "ERR INVALID_UTF8 lines are UTF-8; this one was dropped"

    private mutating func runStandardInput(_ dialogue: Dialogue) throws(ClientError) {
        var input = StandardInput()
        var reader = ScriptReader()
        // Nothing is published that is not what was written: not with one line of a text left out, either.
        var isSpoiled = false
        while !output.isClosed {
            let line: String?
            do {
                line = try input.line()
            } catch {
                complain("ERR LINE_TOO_LONG a line has at most \(Limits.lineBytesMax) bytes; the input ends here")
                return
            }
            guard let line else { break }
            isSpoiled = isSpoiled || input.wasRepaired
            guard let step = reader.take(line) else { continue }
            guard !isSpoiled else {
                isSpoiled = false
                complain(Self.notUTF8)
                continue
            }
            guard try take(step, dialogue) else { return }
        }
        if reader.isInsideText { complainOfOpenText() }
    }

    /// Runs one step.
    ///
    /// - Returns: false when it was the last.
    private mutating func take(_ step: ScriptStep, _ dialogue: Dialogue) throws(ClientError) -> Bool {
        let verb = TypedLine(step.first)?.verb
        // Without a login the lines of a text would be taken as commands.
        let lines = isLoggedIn ? step.lines : [step.first]
        progress.text = done > 0 ? "\(done) commands done" : ""
        let reply: Dialogue.Reply
        do {
            reply = try dialogue.ask(lines) { output.line(shown($0)) }
        } catch {
            // Goodbye has no need of an answer.
            if verb == "QUIT", case .lost = error { return false }
            throw error
        }
        done += 1
        if reply.isDone {
            output.line(shown(reply.last))
            switch verb {
            case "LOGIN", "REGISTER", "ADOPT": isLoggedIn = true
            case "LOGOUT": isLoggedIn = false
            default: break
            }
        } else {
            complain(reply.last)
        }
        // Whoever reads is served command by command.
        output.flush()
        return verb != "QUIT"
    }

    private func shown(_ line: String) -> String { line.utf8.first == UInt8(ascii: "{") ? Sanitised.json(line) : Sanitised.line(line) }

    private mutating func complain(_ line: String) {
        output.flush()
        StandardError.write(shown(line) + "\n")
        status = Exit.commandFailed
    }

    private mutating func complainOfOpenText() {
        complain("ERR EMPTY_TEXT the input ends inside a text; a line with a single dot closes it. Nothing was posted")
    }
}
