import Testing

@testable import SingerGateway

@Suite struct FirstLineTests {
    @Test(arguments: [
        "CAP LS 302", "NICK andre", "user a 0 * :A", "PASS secret", "AUTHENTICATE PLAIN", "ping", "PING :x", "quit", "  ping  abc", "@a=b PING x",
        ":me PING x",
    ])
    func `IRC is known by its first verb`(line: String) {
        #expect(FirstLine(line) == .irc)
    }

    @Test(arguments: [
        "GET / HTTP/1.1", "POST /x HTTP/1.0", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0", "nick / http/1.1", "PING / HTTP/1.1",
    ])
    func `a request line of HTTP is known, whatever its method`(line: String) {
        #expect(FirstLine(line) == .http)
    }

    @Test(arguments: ["HELP", "/help", "#42 POST hi", "POST I like HTTP/1.1 a lot", "POST HTTP/1.1", "capable", "LOGIN a b", "♺", "\u{0}"])
    func `anything else is a person or a script`(line: String) {
        #expect(FirstLine(line) == .plain)
    }

    @Test func `IRC clients get answers in their own protocol`() {
        let irc = IRCForNow(serverName: "s.x")
        #expect(irc.answer(to: .line("PING :a b")) == .init(line: ":s.x PONG s.x :a b", closes: false))
        #expect(irc.answer(to: .line("@t=1 :me ping abc")) == .init(line: ":s.x PONG s.x :abc", closes: false))
        #expect(irc.answer(to: .line("PING")) == .init(line: ":s.x PONG s.x :", closes: false))
        #expect(irc.answer(to: .line(" ")) == .init(line: nil, closes: false))
        #expect(irc.answer(to: .line("QUIT")) == .init(line: "ERROR :Bye", closes: true))
        for line in ["CAP LS", "NICK x", "@", ":x"] {
            let answer = irc.answer(to: .line(line))
            #expect(answer.line?.hasPrefix("ERROR :IRC is not served by this version") == true)
            #expect(answer.closes)
        }
    }

    @Test func `the gateway's password is compared whole`() {
        var configuration = GatewayConfiguration()
        #expect(configuration.accepts(password: "anything"))
        configuration.password = "open sesame"
        #expect(configuration.accepts(password: "open sesame"))
        for wrong in ["", "open", "open sesamf", "open sesame ", "OPEN SESAME"] { #expect(!configuration.accepts(password: wrong)) }
    }
}
