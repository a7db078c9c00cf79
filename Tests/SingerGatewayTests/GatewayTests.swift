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
        let folder = FileManager.default.temporaryDirectory.appending(path: "singer-tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = folder.appending(path: "certificate.pem")
        let key = folder.appending(path: "key.pem")
        try Data(TestCertificate.certificate.utf8).write(to: certificate)
        try Data(TestCertificate.key.utf8).write(to: key)
        let tls = GatewayConfiguration.TLS(certificatePath: certificate.path, keyPath: key.path)
        try await withGateway(GatewayConfiguration(host: "0.0.0.0", tls: tls)) { (gateway) async throws in
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

/// Self-signed for `localhost` until 2126; guards nothing.
private enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASWgAwIBAgIUIjaYuKVIjAefPJUCSsjCLygd6+swCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE2NTExOVoYDzIxMjYxMDI5
        MTY1MTE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARRuJocu0kP+6wiNf1M9lKDgEI4h7Itpa3sIT/JUHG7riKj4bvOLW0X
        JOisikThlZ6zys46oqly1VbcHI3v4SL/o1MwUTAdBgNVHQ4EFgQUIjSuaWVznM/L
        WlTKY99mJhHiOMcwHwYDVR0jBBgwFoAUIjSuaWVznM/LWlTKY99mJhHiOMcwDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAl5wtxjEvjYaGOABFlLiuG
        T1PNDmu/pD7fwSEeNmmnGwIgW+fBpOzLUZOgTFl7mBtpu8KsKtH5MC5ukQspEhAH
        TtM=
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAKxQg8aRuf6WZl0q
        GDGMXn7rXsezu/GoNwvQIiXV+mOhRANCAARRuJocu0kP+6wiNf1M9lKDgEI4h7It
        pa3sIT/JUHG7riKj4bvOLW0XJOisikThlZ6zys46oqly1VbcHI3v4SL/
        -----END PRIVATE KEY-----
        """
}
