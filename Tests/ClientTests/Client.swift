import Foundation
import SingerTesting
import Testing

/// What the tests of the client share: a peer, and a home of its own for the client.
final class Stage {
    let directory: String
    let network: String
    private(set) var peer: PeerProcess

    init() async throws {
        network = "client-\(UUID().uuidString.prefix(8))"
        directory = NSTemporaryDirectory() + "singer-\(network)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        peer = try await PeerProcess(directory: directory + "/peer", network: network)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var stateDirectory: String { directory + "/state" }

    /// The same peer again, at the same ports.
    func restartPeer() async throws {
        peer = try await PeerProcess(directory: directory + "/peer", network: network, gatewayPort: peer.gatewayPort, peerPort: peer.peerPort)
    }

    /// A session of a new account, as a person at `nc`.
    func register(_ name: String) async throws -> LineClient {
        let client = try peer.connect()
        let reply = try await client.ask("REGISTER \(name) correct-horse")
        guard reply.isOK else { throw LineClient.TimedOut(description: reply.last) }
        return client
    }

    /// The environment of a client. What the machine has set does not count.
    func environment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { ["PATH", "LD_LIBRARY_PATH", "TMPDIR"].contains($0.key) }
        environment.merge(["HOME": directory, "XDG_STATE_HOME": stateDirectory, "LANG": "C.UTF-8", "TZ": "UTC"]) { $1 }
        return environment.merging(more) { $1 }
    }
}

/// The client beside the tests, run to its end without a terminal.
struct Client {
    let status: Int32
    let output: String
    let errors: String

    var lines: [Substring] { output.split(separator: "\n") }

    static var executable: URL {
        if let path = ProcessInfo.processInfo.environment["SINGER"] { return URL(fileURLWithPath: path) }
        return Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "singer") ?? URL(fileURLWithPath: ".build/debug/singer")
    }

    /// - Parameter input: `nil` for no input at all.
    init(_ stage: Stage, _ arguments: [String], port: Int? = nil, input: String? = nil, environment: [String: String] = [:]) async throws {
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = ["--port", String(port ?? stage.peer.gatewayPort)] + arguments
        process.environment = stage.environment(environment)
        let files = try (0..<3).map { _ in
            let path = stage.directory + "/\(UUID().uuidString)"
            try Data((input ?? "").utf8).write(to: URL(fileURLWithPath: path))
            return path
        }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: files[0]))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: files[1]))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: files[2]))
        try Data().write(to: URL(fileURLWithPath: files[1]))
        try Data().write(to: URL(fileURLWithPath: files[2]))
        status = await withCheckedContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(returning: -1)
            }
        }
        output = try String(contentsOfFile: files[1], encoding: .utf8)
        errors = try String(contentsOfFile: files[2], encoding: .utf8)
    }

    static let andre = ["SINGER_USER": "andre", "SINGER_PASSPHRASE": "correct-horse"]
}
