import Foundation
import SingerTesting

/// Peers of one test: real processes on loopback that know each other through a bootstrap file only.
struct Network {
    let name = "test-\(UUID().uuidString.prefix(8))"
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "singer-\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func peer(
        _ label: String, joining others: PeerProcess..., gatewayPort: Int? = nil, peerPort: Int? = nil, arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> PeerProcess {
        try await PeerProcess(
            directory: "\(directory)/\(label)", network: name, bootstrap: others.map(\.dhtPort), gatewayPort: gatewayPort, peerPort: peerPort,
            arguments: arguments, environment: environment)
    }

    /// The same peer again, at the same ports, after it ended.
    func restart(_ label: String, _ old: PeerProcess, joining others: PeerProcess...) async throws -> PeerProcess {
        try await PeerProcess(
            directory: "\(directory)/\(label)", network: name, bootstrap: others.map(\.dhtPort), gatewayPort: old.gatewayPort, peerPort: old.peerPort)
    }

    /// Copies a data directory over another; both peers are stopped.
    func copy(_ label: String, to other: String) throws {
        try? FileManager.default.removeItem(atPath: "\(directory)/\(other)")
        try FileManager.default.copyItem(atPath: "\(directory)/\(label)", toPath: "\(directory)/\(other)")
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}

extension PeerProcess {
    /// A session of a new account.
    func register(_ name: String, _ passphrase: String = "correct-horse") async throws -> LineClient {
        let client = try connect()
        let reply = try await client.ask("REGISTER \(name) \(passphrase)")
        guard reply.isOK else { throw LineClient.TimedOut(description: "\(reply.last)\n\(log)") }
        return client
    }

    func login(_ name: String, _ passphrase: String = "correct-horse") async throws -> LineClient {
        let client = try connect()
        let reply = try await client.ask("LOGIN \(name) \(passphrase)")
        guard reply.isOK else { throw LineClient.TimedOut(description: "\(reply.last)\n\(log)") }
        return client
    }
}

extension LineClient {
    /// Asks until the reply is as wanted: for what the network settles in its own time.
    @discardableResult
    func ask(_ command: String, until isWanted: (Reply) -> Bool, within limit: Duration = .seconds(20)) async throws -> Reply {
        let deadline = ContinuousClock.now + limit
        while true {
            let reply = try await ask(command)
            if isWanted(reply) { return reply }
            guard .now < deadline else { throw TimedOut(description: "\(command) went on saying \(reply.rows) \(reply.last)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// A count of STATUS, asked for again and again until it is as wanted.
    @discardableResult
    func count(_ field: String, until isWanted: (Int) -> Bool, within limit: Duration = .seconds(20)) async throws -> Int {
        let deadline = ContinuousClock.now + limit
        while true {
            let value = try await ask("STATUS").rows.lazy.compactMap { $0.wholeMatch(of: /(\S+) (\d+)/) }.first { $0.1 == field }.flatMap { Int($0.2) }
            if let value, isWanted(value) { return value }
            guard .now < deadline else { throw TimedOut(description: "\(field) stayed at \(value.map(String.init) ?? "nothing")") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The whole timeline, newest first.
    func timeline() async throws -> [String] {
        var rows: [String] = []
        while true {
            let page = try await ask("TIMELINE 200" + (rows.last?.firstMatch(of: /\[([a-z2-7]+)[^\]]*\]$/).map { " BEFORE \($0.1)" } ?? ""))
            guard page.isOK else { throw TimedOut(description: page.last) }
            rows += page.rows
            if page.rows.count < 200 { return rows }
        }
    }
}
