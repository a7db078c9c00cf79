import Foundation
import NIOPosix
import Testing

@testable import SingerGateway

@Suite(.timeLimit(.minutes(1))) struct GatewayTests {
    /// What becomes of listening so.
    private func bind(_ configuration: GatewayConfiguration) async throws {
        try await withNode { node in
            let gateway = Gateway(configuration: configuration, node: node, group: MultiThreadedEventLoopGroup.singleton, logger: quietLogger)
            _ = try await gateway.bind()
        }
    }

    @Test func `a port in use is one clear line`() async throws {
        try await withGateway { live in
            await #expect(throws: GatewayError.portInUse(host: "127.0.0.1", port: live.port)) { try await bind(GatewayConfiguration(port: live.port)) }
        }
        #expect(!GatewayError.portInUse(host: "127.0.0.1", port: 6_667).description.contains("\n"))
    }

    @Test(arguments: ["0.0.0.0", "::", "192.0.2.7"])
    func `without TLS only the loopback interface is listened on`(host: String) async throws {
        await #expect(throws: GatewayError.notLoopback(host: host)) { try await bind(GatewayConfiguration(host: host, port: 0)) }
    }

    @Test func `files that hold no certificate or no key are named`() async throws {
        let nothing = FileManager.default.temporaryDirectory.appending(path: "singer-nothing-\(UUID()).pem").path
        await #expect {
            try await bind(GatewayConfiguration(port: 0, tls: .init(certificatePath: nothing, keyPath: nothing)))
        } throws: { error in
            if case GatewayError.badCertificate(nothing, _) = error { true } else { false }
        }
    }

    @Test func `with a certificate the port speaks TLS, and only TLS`() async throws {
        let files = try TestCertificate()
        try await withGateway(GatewayConfiguration(host: "0.0.0.0", tls: files.tls)) { (gateway) async throws in
            let said = try await gateway.converse("/PING x\n" + String(repeating: "HELP\n", count: 100), tls: true)
            #expect(said.hasPrefix("OK pong x\n"))
            #expect(said.components(separatedBy: "OK \(CommandTable.all.count) commands\n").count == 101)
            #expect(try await gateway.converse("#q QUIT\n", halfClose: false, tls: true) == "OK #q bye\n")
            try await gateway.connect(tls: true) { (client) async throws in
                let greeting = try await client.line()
                #expect(greeting.hasPrefix("NOTICE * :*** Singer"))
            }
            let plain = try? await gateway.converse("HELP\n", halfClose: false)
            #expect(plain?.contains("OK") != true)
        }
    }
}
