import Foundation
import SingerTesting
import Testing

/// A terminal with the client in it: tmux, under a socket of its own.
final class Screen {
    struct TimedOut: Error, CustomStringConvertible {
        let wanted: String
        let screen: String
        var description: String { "never saw \(wanted); the screen shows:\n\(screen)" }
    }

    /// Outlives the screen: the socket is in there.
    private let stage: Stage
    private let socket: String
    private static let session = "singer"

    /// Starts the client. When it ends, its status is shown: `ended 0`.
    init(_ stage: Stage, _ arguments: [String] = [], environment: [String: String] = [:], columns: Int = 100, rows: Int = 30) async throws {
        self.stage = stage
        socket = stage.directory + "/tmux-\(UUID().uuidString.prefix(4))"
        let command = ([Client.executable.path, "--port", String(stage.peer.gatewayPort)] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let settings = stage.environment(["TERM": "tmux-256color"].merging(environment) { $1 }).map { "'\($0.key)=\($0.value)'" }.joined(separator: " ")
        try await tmux(
            "new-session", "-d", "-s", Self.session, "-x", String(columns), "-y", String(rows), "env -i \(settings) \(command); echo ended $?; exec cat")
    }

    deinit { Self.run(["-S", socket, "kill-server"], output: "/dev/null") }

    @discardableResult
    private func tmux(_ arguments: String...) async throws -> String {
        let all = ["-S", socket] + arguments
        let path = socket + ".out"
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                Self.run(all, output: path)
                continuation.resume()
            }
        }
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    /// Runs tmux to its end. Not by Foundation's `Process`, which waits until the server that tmux leaves behind has ended too.
    private static func run(_ arguments: [String], output path: String) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The threads of a test block signals; a server of tmux that inherits that can't be ended, nor can what runs in it.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = (["tmux", "-u", "-f", "/dev/null"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, "tmux", &actions, &attributes, &words, environ) == 0 else { return }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }

    // MARK: Typing

    /// Types characters as they are.
    func type(_ text: String) async throws { try await tmux("send-keys", "-t", Self.session, "-l", text) }

    /// Presses keys by their names in tmux: `Enter`, `C-c`, `Left`.
    func press(_ keys: String...) async throws {
        for key in keys { try await tmux("send-keys", "-t", Self.session, key) }
    }

    func enter(_ line: String) async throws {
        try await type(line)
        try await press("Enter")
    }

    /// Pastes as a terminal does, in brackets.
    func paste(_ text: String) async throws {
        try await tmux("set-buffer", text)
        try await tmux("paste-buffer", "-p", "-r", "-t", Self.session)
    }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux("resize-window", "-t", Self.session, "-x", String(columns), "-y", String(rows))
    }

    // MARK: Looking

    /// All lines, also those scrolled away; lines that the terminal broke are whole.
    func lines(withEscapes: Bool = false) async throws -> [String] {
        let text = try await tmux("capture-pane", "-p", "-J", "-S", "-", "-t", Self.session, withEscapes ? "-e" : "-N")
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in String(line.replacing(#/ +$/#, with: "")) }.filter { !$0.isEmpty }
    }

    /// The line with the prompt.
    func last() async throws -> String { try await lines().last ?? "" }

    /// Waits until the screen is as wanted.
    @discardableResult
    func see(_ wanted: String, within limit: Duration = .seconds(20), where isSeen: ([String]) -> Bool) async throws -> [String] {
        let deadline = ContinuousClock.now + limit
        while true {
            let lines = try await lines()
            if isSeen(lines) { return lines }
            guard .now < deadline else { throw TimedOut(wanted: wanted, screen: lines.suffix(40).joined(separator: "\n")) }
            // Screens tell nobody that they change.
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @discardableResult
    func see(_ text: String, within limit: Duration = .seconds(20)) async throws -> [String] {
        try await see("\"\(text)\"", within: limit) { lines in lines.contains { $0.contains(text) } }
    }

    /// Waits until the line being typed is this, prompt and all.
    func seeLast(_ text: String) async throws { try await see("\"\(text)\" at the bottom") { $0.last == text } }

    /// Where the cursor is.
    func cursorColumn() async throws -> Int {
        Int(try await tmux("display-message", "-p", "-t", Self.session, "#{cursor_x}").replacing("\n", with: "")) ?? -1
    }
}
