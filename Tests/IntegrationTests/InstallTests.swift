import Foundation
import SingerTesting
import Testing

/// What packagers and readers get.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct InstallTests {
    private func run(_ script: String, _ arguments: [String] = []) throws -> (status: Int32, said: String) {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        let output = Pipe()
        process.executableURL = tests.appending(path: script)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    @Test func `an installation has programs, manual, unit and completions, and nothing stays when it is taken away`() throws {
        let result = try run("check-install.sh", [PeerProcess.executable.deletingLastPathComponent().path])
        #expect(result.status == 0, "\(result.said)")
    }

    @Test func `the manual is clean`() throws {
        let result = try run("check-manual.sh")
        #expect(result.status == 0, "\(result.said)")
    }
}
