import NIOCore
import Testing

@testable import SingerGateway

@Suite(.timeLimit(.minutes(1))) struct IRCLivenessTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

    @Test func `a silent client is asked after two minutes, and has one more to answer`() {
        var liveness = IRCLiveness(.init(), now: at(0))
        #expect(liveness.firstCheck == at(60))
        #expect(liveness.check(now: at(60), isRegistered: true) == .wait(until: at(120)))
        #expect(liveness.check(now: at(120), isRegistered: true) == .ping(checkAt: at(180)))
        #expect(liveness.check(now: at(179), isRegistered: true) == .wait(until: at(180)))
        #expect(liveness.check(now: at(180), isRegistered: true) == .close(reason: "Ping timeout: 180 seconds"))
    }

    @Test func `who says anything is not silent`() {
        var liveness = IRCLiveness(.init(), now: at(0))
        liveness.heard(at(100))
        #expect(liveness.check(now: at(120), isRegistered: true) == .wait(until: at(220)))
        #expect(liveness.check(now: at(220), isRegistered: true) == .ping(checkAt: at(280)))
        liveness.heard(at(221))
        #expect(liveness.check(now: at(280), isRegistered: true) == .wait(until: at(341)))
        #expect(liveness.check(now: at(341), isRegistered: true) == .ping(checkAt: at(401)))
    }

    @Test func `who does not register in a minute goes, whatever else it says`() {
        var liveness = IRCLiveness(.init(), now: at(0))
        liveness.heard(at(59))
        #expect(liveness.check(now: at(59), isRegistered: false) == .wait(until: at(60)))
        #expect(liveness.check(now: at(60), isRegistered: false) == .close(reason: "Registration timed out"))
    }

    private static let impatient: GatewayConfiguration = {
        var configuration = GatewayConfiguration()
        configuration.patience = .init(silence: .milliseconds(300), answer: .seconds(5), registration: .seconds(10))
        return configuration
    }()

    @Test func `silent clients get a PING, then an end, and others see them go`() async throws {
        try await withGateway(Self.impatient) { (gateway) async throws in
            try await gateway.connect { (lively) async throws in
                try await lively.register("lively")
                _ = try await lively.ask("JOIN #talk")
                try await gateway.connect { (silent) async throws in
                    try await silent.register("silent")
                    _ = try await silent.ask("JOIN #talk")
                    // The lively one answers every question; the other says nothing more.
                    var line = ""
                    while !line.contains(" QUIT ") {
                        line = try await lively.line()
                        if line.hasPrefix("PING ") { try await lively.send("PONG" + line.dropFirst(4)) }
                        #expect(!line.isEmpty)
                        if line.isEmpty { return }
                    }
                    #expect(line.hasPrefix(":silent!silent@") && line.contains(" QUIT :Ping timeout: "))
                    let said = try await silent.rest()
                    #expect(said.hasPrefix("PING :singer.local\r\n") && said.hasSuffix("\r\n"))
                    #expect(said.contains("ERROR :Closing link: Ping timeout: "))
                }
            }
        }
    }

    @Test func `a registration that is not finished ends; a silent person at nc is left alone`() async throws {
        try await withGateway(Self.impatient) { (gateway) async throws in
            try await gateway.connect { (person) async throws in
                try await person.send("PING x\nHELP\n")
                try await gateway.connect { (person) async throws in
                    try await person.send("STATUS\n")
                    _ = try await person.wait(for: "OK")
                    let said = try await gateway.converse("CAP LS 302\r\nNICK dev\r\n", halfClose: false)
                    #expect(said.hasSuffix("ERROR :Closing link: Registration timed out\r\n"))
                    try await person.send("STATUS\n")
                    #expect(try await person.wait(for: "OK") != "")
                }
            }
        }
    }
}
