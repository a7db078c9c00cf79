internal import Foundation

/// A client of others, such as irssi, at work in a directory of its own, which is its home too. It ends with the last reference to it.
public final class ClientProcess: Sendable {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    private let process: Process
    /// The end of a socket whose other end is the client's standard input.
    private let input: Int32
    private let outputPath: String

    /// Where a program is installed; `nil` if it is not.
    public static func path(of program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// - Parameters:
    ///   - program: a path, or a name that is looked up.
    ///   - directory: is made if it is not there; what the client writes to its terminal goes to `output` there.
    public init(_ program: String, _ arguments: [String], directory: String, environment: [String: String] = [:]) throws {
        guard let path = program.contains("/") ? program : Self.path(of: program) else { throw Failed(description: "\(program) is not installed") }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        outputPath = directory + "/output"
        _ = FileManager.default.createFile(atPath: outputPath, contents: nil)
        // A socket instead of a pipe: writing to a client that has ended is no signal then.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failed(description: "socketpair: \(String(cString: strerror(errno)))")
        }
        input = ends[0]
        process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": directory, "TERM": "xterm", "LC_ALL": "C.UTF-8", "TZ": "UTC",
        ].merging(environment) { $1 }
        process.standardInput = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            // There is no `deinit` for what was not made.
            close(ends[0])
            throw error
        }
    }

    deinit {
        if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
        close(input)
    }

    /// SIGKILL, and the wait for the end: clients inherit from the tests that other signals are blocked.
    public func end() {
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    // MARK: Typing

    /// Types a line at the client's terminal.
    ///
    /// - Parameter ending: Enter is a carriage return to a program that reads keys.
    public func type(_ line: String, ending: String = "\n") throws {
        let bytes = Array((line + ending).utf8)
        guard send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw Failed(description: "it ended. \(told)") }
    }

    /// Writes a line into a FIFO that the client makes, and waits for that.
    public func write(_ line: String, to path: String, within limit: Duration = .seconds(20)) async throws {
        let bytes = Array((line + "\n").utf8)
        let deadline = ContinuousClock.now + limit
        while true {
            // Without a reader this fails; and it never makes a file.
            let descriptor = open(path, O_WRONLY | O_NONBLOCK)
            if descriptor >= 0 {
                defer { close(descriptor) }
                guard Foundation.write(descriptor, bytes, bytes.count) == bytes.count else { throw Failed(description: "\(path) is full. \(told)") }
                return
            }
            guard process.isRunning, .now < deadline else { throw Failed(description: "nobody reads \(path). \(told)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: Reading

    /// The first line with that text in a file which the client writes; waits for it.
    @discardableResult
    public func line(with text: String, in path: String, within limit: Duration = .seconds(20)) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            let written = Self.text(of: path)
            if let line = written.split(separator: "\n").first(where: { $0.contains(text) }) { return String(line) }
            guard .now < deadline else { throw Failed(description: "no \"\(text)\" in \(path), which holds:\n\(written.suffix(2_000))\n\(told)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private var told: String { "The terminal shows:\n\(Self.text(of: outputPath).suffix(2_000))" }

    private static func text(of path: String) -> String { String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self) }
}
