import Foundation
import SingerTesting
import Testing

/// Starting and stopping `singerd`.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct StartTests {
    private func refusal(_ start: () async throws -> PeerProcess) async throws -> PeerProcess.CannotStart {
        do {
            _ = try await start()
        } catch let error as PeerProcess.CannotStart {
            return error
        }
        throw LineClient.TimedOut(description: "it started")
    }

    @Test func `SIGTERM gives every session a last line and ends with status 0`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let client = try await peer.register("andre")
        #expect(peer.stop() == 0)
        var last: String?
        while let line = try await client.line() { last = line }
        #expect(last?.hasPrefix("* notice ") == true)
    }

    @Test func `a data directory in use is one clear line and status 1`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let error = try await refusal { try await network.peer("a") }
        #expect(error.status == 1)
        #expect(error.standardError.contains("in use by another singerd"))
        #expect(error.standardError.split(separator: "\n").count == 1)
        withExtendedLifetime(peer) {}
    }

    @Test(arguments: ["--gateway", "--listen"]) func `a port in use is one clear line and status 1`(option: String) async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let port = option == "--gateway" ? peer.gatewayPort : peer.peerPort
        let error = try await refusal { try await network.peer("b", gatewayPort: option == "--gateway" ? port : 0, peerPort: option == "--listen" ? port : 0) }
        #expect(error.status == 1)
        #expect(error.standardError.contains("\(port)"))
        #expect(error.standardError.split(separator: "\n").count == 1)
        withExtendedLifetime(peer) {}
    }

    @Test func `a bad bootstrap line names its file and line`() async throws {
        let network = try Network()
        defer { network.remove() }
        let file = network.directory + "/peers.txt"
        for bad in [Data("nonsense".utf8), Data("127.0.0.1\u{20}:7667".utf8), Data([0xff]) + Data(".example:7667".utf8)] {
            try (Data("# peers\n\n127.0.0.1:7667 # fine\n".utf8) + bad).write(to: URL(fileURLWithPath: file))
            let error = try await refusal { try await network.peer("a", arguments: ["--bootstrap", file]) }
            #expect(error.status == 1)
            #expect(error.standardError.contains("\(file):4:"))
        }
    }

    @Test func `a configuration file that is not there is one error, and an option in it that there is not another`() async throws {
        let network = try Network()
        defer { network.remove() }
        let file = network.directory + "/singer.json"
        let missing = try await refusal { try await network.peer("a", arguments: ["--config", file]) }
        #expect(missing.status == 1 && missing.standardError == "singerd: cannot read \(file)\n")
        try #"{"networkk": "mine"}"#.write(toFile: file, atomically: true, encoding: .utf8)
        let unknown = try await refusal { try await network.peer("a", arguments: ["--config", file]) }
        #expect(unknown.status == 64 && unknown.standardError.contains("\(file): no option is called networkk\n"), "\(unknown.standardError)")
        // Not even a password that is not one leaves the gateway open.
        for value in [#""gateway-password": 12345"#, #""gateway": ["127.0.0.1:0"]"#, #""dht-port": 1.5"#, #""websocket-origins": "https://x""#] {
            try "{\(value)}".write(toFile: file, atomically: true, encoding: .utf8)
            let wrong = try await refusal { try await network.peer("a", arguments: ["--config", file]) }
            #expect(wrong.status == 64 && wrong.standardError.contains(": the value must be a "), "\(value): \(wrong.standardError)")
        }
    }

    @Test func `a gateway open to the world without TLS is refused`() async throws {
        let network = try Network()
        defer { network.remove() }
        let error = try await refusal { try await network.peer("a", arguments: ["--gateway", "0.0.0.0:0"]) }
        #expect(error.status == 1)
        #expect(error.standardError.split(separator: "\n").count == 1)
    }

    @Test(
        arguments: [
            ["--dht-port", "many"], ["--gateway", "nowhere"], ["--no-such-option"], ["--log-level", "loud"], ["--advertise", "peer.example:7667"],
            ["--advertise", "[::1]:7667"],
        ])
    func `wrong usage ends with status 64`(arguments: [String]) async throws {
        let network = try Network()
        defer { network.remove() }
        #expect(try await refusal { try await network.peer("a", arguments: arguments) }.status == 64)
    }

    @Test func `an option in the environment yields to a flag, and wins over the file`() async throws {
        let network = try Network()
        defer { network.remove() }
        let file = network.directory + "/singer.json"
        try #"{"server-name": "from.file", "network": "from-file", "dht-port": 0}"#.write(toFile: file, atomically: true, encoding: .utf8)
        let peer = try await network.peer(
            "a", arguments: ["--config", file], environment: ["SINGER_SERVER_NAME": "from.environment", "SINGER_NETWORK": "ignored"])
        let client = try peer.connect()
        client.send("PING x")
        #expect(try await client.line() == ":from.environment PONG from.environment :x")
        #expect(try await peer.register("andre").ask("STATUS").rows.contains("network \(network.name)"))
    }
}
