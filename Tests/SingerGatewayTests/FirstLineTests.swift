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

    @Test func `the gateway's password is compared whole`() {
        var configuration = GatewayConfiguration()
        #expect(configuration.accepts(password: "anything"))
        configuration.password = "open sesame"
        #expect(configuration.accepts(password: "open sesame"))
        for wrong in ["", "open", "open sesamf", "open sesame ", "OPEN SESAME"] { #expect(!configuration.accepts(password: wrong)) }
    }
}
