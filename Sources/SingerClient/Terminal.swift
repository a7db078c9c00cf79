internal import CReadline
internal import Glibc

/// The terminal, with a line being typed at its bottom and all else above it.
package final class Terminal {
    /// Both ends are a terminal: there is a person.
    package static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// A line was entered; `nil` at the end of input.
    var onLine: (String?) -> Void = { _ in }
    /// What the word at the end may become.
    var onCompletion: (_ before: String, _ word: String) -> [String] = { _, _ in [] }

    private var isStarted = false
    private var prompt = ""
    private var isHidden = false
    private var status = ""

    static let historyLinesMax = 1_000

    init() {
        creadline_use_locale()
    }

    var rows: Int { Int(creadline_rows()) }
    var columns: Int { Int(creadline_columns()) }
    /// What is being typed.
    var draft: String { String(cString: creadline_text()) }

    func start() {
        guard !isStarted else { return }
        isStarted = true
        // The terminal lives as long as the program.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let callbacks = creadline_callbacks(
            context: context,
            line: { context, line in
                guard let context else { return }
                Unmanaged<Terminal>.fromOpaque(context).takeUnretainedValue().onLine(line.map { String(cString: $0) })
            },
            complete: { context, buffer, start, end in
                guard let context, let buffer else { return nil }
                let bytes = UnsafeRawBufferPointer(start: buffer, count: strlen(buffer))
                guard 0 <= start, start <= end, Int(end) <= bytes.count else { return nil }
                let before = String(decoding: bytes[..<Int(start)], as: UTF8.self)
                let word = String(decoding: bytes[Int(start)..<Int(end)], as: UTF8.self)
                let candidates = Unmanaged<Terminal>.fromOpaque(context).takeUnretainedValue().onCompletion(before, word)
                return candidates.isEmpty ? nil : strdup(candidates.joined(separator: "\n"))
            })
        creadline_start(callbacks, prompt)
        creadline_prompt(prompt, isHidden)
    }

    func stop() {
        guard isStarted else { return }
        isStarted = false
        creadline_stop()
    }

    /// Something was typed.
    func read() { creadline_read() }

    func setPrompt(_ prompt: String, isHidden: Bool = false) {
        guard prompt != self.prompt || isHidden != self.isHidden else { return }
        self.prompt = prompt
        self.isHidden = isHidden
        if isStarted { creadline_prompt(prompt, isHidden) }
    }

    /// Shows lines, all at once, and below them a status until the next call; empty for none.
    func show(_ lines: [String], status: String) {
        guard !lines.isEmpty || status != self.status else { return }
        self.status = status
        var text = lines.joined(separator: "\n")
        if !lines.isEmpty { text += "\n" }
        // A status that the screen would break could not be wiped away.
        let status = String(status.prefix(max(0, columns - 1)))
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { creadline_print($0.baseAddress, $0.count, status) }
        }
    }

    func setDraft(_ text: String) { creadline_set_text(text) }
    func interrupt() { creadline_interrupt() }
    func resize() { creadline_resize() }
    func remember(_ line: String) { creadline_remember(line, Int32(Self.historyLinesMax)) }

    /// Stops the program, as Ctrl-Z does, until it is continued.
    func suspend() {
        // Before the first prompt the terminal is as it was found.
        if isStarted { creadline_lend() }
        kill(getpid(), SIGSTOP)
        if isStarted { creadline_take_back() }
    }

    /// Shows lines a screen at a time, by another program.
    func page(_ lines: [String], with pager: String) {
        creadline_lend()
        // Colours pass through less, and what fits the screen after all is simply printed.
        setenv("LESS", "FRX", 0)
        if !Self.pipe(lines, into: pager) { _ = Self.pipe(lines, into: "cat") }
        creadline_take_back()
    }

    /// - Returns: whether there is such a program.
    private static func pipe(_ lines: [String], into program: String) -> Bool {
        guard let pipe = popen(program, "we") else { return false }
        for line in lines {
            // Whoever leaves the pager early has seen enough.
            guard fputs(line + "\n", pipe) >= 0 else { break }
        }
        // By these the shell says that there is none.
        return ![126, 127].contains(pclose(pipe) >> 8 & 0xff)
    }

    /// Signals that have come, each once.
    static let signals: Int32 = creadline_signals()

    static func takeSignals() -> Set<Int32> {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(signals, &bytes, bytes.count)
        return Set(bytes.prefix(max(count, 0)).map(Int32.init))
    }
}
