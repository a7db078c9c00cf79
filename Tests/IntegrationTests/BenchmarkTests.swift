import Foundation
import SingerTesting
import Testing

private enum Benchmarking {
    static var canRun: Bool {
        #if os(Linux)
            ["python3", "make", "cc"].allSatisfy { ClientProcess.path(of: $0) != nil }
        #else
            false
        #endif
    }
}

/// That `make bench` works, at sizes that measure nothing.
@Suite(.enabled(if: Benchmarking.canRun, "python3, make or cc is not installed"), .timeLimit(.minutes(5)))
struct BenchmarkTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Benchmarks").path

    /// Runs a program to its end and gives what it printed.
    private func run(_ arguments: [String], output: String) async throws -> (status: Int32, text: String) {
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        // Not those of the make that runs the tests.
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] { environment[name] = nil }
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                done.resume(throwing: error)
            }
        }
        return (process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8))
    }

    @Test func `benchmarks of lines, posts and a store have whole runs and write tables`() async throws {
        let network = try Network()
        defer { network.remove() }
        let tools = network.directory + "/tools"
        let build = try await run(["make", "-s", "-C", Self.directory + "/load", "OUT=\(tools)"], output: network.directory + "/make.out")
        #expect(build.status == 0, "\(build.text)")
        let results = network.directory + "/bench.md"
        let bench = try await run(
            [
                "python3", Self.directory + "/run.py", "--quick", "--singerd", PeerProcess.executable.path, "--tools", tools, "--scratch", network.directory,
                "--output", results, "fanout", "home", "durable", "store",
            ], output: network.directory + "/bench.out")
        #expect(bench.status == 0, "\(bench.text)")
        let text = try String(contentsOfFile: results, encoding: .utf8)
        #expect(text.contains("| singerd | ") && text.contains("| singerd, plain | ") && text.contains("| bare epoll | ") && text.contains("| TIMELINE 20 | "))
        #expect(!text.contains("runs were not whole"), "\(text)")
        #expect(text.components(separatedBy: "\n### ").count == 5)
    }
}
