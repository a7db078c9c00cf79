public import Foundation

/// A real `singerd`, started from the build directory, with a data directory that outlives it.
public final class PeerProcess: Sendable {
    public struct CannotStart: Error, CustomStringConvertible {
        public let status: Int32
        public let standardError: String
        public var description: String { "singerd ended with \(status): \(standardError)" }
    }

    public let gatewayPort: Int
    public let peerPort: Int
    public let dhtPort: Int
    public let readyLine: String
    /// Where other peers reach it.
    public let host: String
    private let namespace: NetworkNamespace?
    /// From the start of the process to the ready line.
    public let startTime: Duration
    private let process: Process
    private let errorPath: String

    /// The program beside the tests.
    public static var executable: URL {
        if let path = ProcessInfo.processInfo.environment["SINGERD"] { return URL(fileURLWithPath: path) }
        return Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "singerd") ?? URL(fileURLWithPath: ".build/debug/singerd")
    }

    /// Starts a peer on free loopback ports and waits until it is ready.
    ///
    /// - Parameters:
    ///   - directory: the data directory; a `bootstrap` file is written beside it.
    ///   - bootstrap: DHT ports of peers on this machine to join through.
    ///   - gatewayPort: `nil` for any; a peer that comes back keeps its ports so.
    ///   - host: the address for other peers, in `namespace` if there is one; clients connect over loopback in any case.
    public convenience init(
        directory: String, network: String, bootstrap: [Int] = [], gatewayPort: Int? = nil, peerPort: Int? = nil, arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        try await self.init(
            directory: directory, network: network, bootstrap: bootstrap.map { "127.0.0.1:\($0)" }, gatewayPort: gatewayPort, peerPort: peerPort,
            arguments: arguments, environment: environment)
    }

    /// The same, with the whole addresses of those to join through.
    public init(
        directory: String, network: String, bootstrap: [String], gatewayPort: Int? = nil, peerPort: Int? = nil, host: String = "127.0.0.1",
        namespace: NetworkNamespace? = nil, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws {
        self.host = host
        self.namespace = namespace
        let bootstrapPath = directory + ".bootstrap"
        try bootstrap.map { "\($0)\n" }.joined().write(toFile: bootstrapPath, atomically: true, encoding: .utf8)
        errorPath = directory + ".log"
        _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
        process = Process()
        process.executableURL = namespace == nil ? Self.executable : URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            (namespace.map { $0.command + [Self.executable.path] } ?? []) + [
                "--data-dir", directory, "--gateway", "127.0.0.1:\(gatewayPort ?? LastingPort.free())", "--listen",
                "\(host):\(peerPort ?? LastingPort.free())", "--network", network,
                "--no-discovery", "--bootstrap", bootstrapPath,
            ] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["SINGER_SCRYPT_WORK_LOG2": "10", "TZ": "UTC"]) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
        let output = Pipe()
        process.standardOutput = output
        let start = ContinuousClock.now
        try process.run()
        readyLine = await Self.firstLine(of: output.fileHandleForReading)
        startTime = .now - start
        let fields = Dictionary(
            readyLine.split(separator: " ").compactMap { word in
                word.firstIndex(of: "=").map { (String(word[..<$0]), String(word[word.index(after: $0)...])) }
            }, uniquingKeysWith: { $1 })
        guard readyLine.hasPrefix("singerd ready "), let gateway = fields["gateway"].flatMap({ Int($0.split(separator: ":").last ?? "") }),
            let peer = fields["peer"].flatMap({ Int($0.split(separator: ":").last ?? "") }), let dht = fields["dht"].flatMap({ Int($0) })
        else {
            process.waitUntilExit()
            throw CannotStart(status: process.terminationStatus, standardError: (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "")
        }
        self.gatewayPort = gateway
        self.peerPort = peer
        dhtPort = dht
    }

    deinit {
        if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    public var processID: Int32 { process.processIdentifier }

    /// A new connection to the gateway. A peer that takes none says what became of it.
    public func connect() throws -> LineClient {
        do {
            guard let namespace else { return try LineClient(port: gatewayPort) }
            return try namespace.enter { [gatewayPort] in try LineClient(port: gatewayPort) }
        } catch let error as LineClient.TimedOut {
            let end = process.isRunning ? "it runs" : "it ended with \(process.terminationStatus), reason \(process.terminationReason.rawValue)"
            throw LineClient.TimedOut(description: "\(error.description); \(end): \(readyLine)\n\(log)")
        }
    }

    /// SIGTERM, and the wait for a clean end.
    ///
    /// - Returns: the exit status.
    @discardableResult
    public func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// SIGKILL.
    public func kill() {
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGSTOP: nothing answers any more, and nothing is closed either.
    public func pause() { _ = Foundation.kill(process.processIdentifier, SIGSTOP) }

    /// SIGCONT.
    public func resume() { _ = Foundation.kill(process.processIdentifier, SIGCONT) }

    /// What the peer wrote to standard error.
    public var log: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

    private static func firstLine(of handle: FileHandle) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var line: [UInt8] = []
                while let byte = (try? handle.read(upToCount: 1))?.first, byte != 10 { line.append(byte) }
                continuation.resume(returning: String(decoding: line, as: UTF8.self))
            }
        }
    }
}
