import Foundation
import NIOCore
import ServiceLifecycle
import SingerCore
import Testing

@testable import SingerGateway

@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    private let needLogin = "ERR NEED_LOGIN log in first: LOGIN name passphrase\n"

    @Test func `a silent client is greeted once, in words that IRC clients understand too`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                #expect(try await client.line() == "NOTICE * :*** Singer 0.1.0. Type HELP, or connect any IRC client.\r\n")
                try await client.send("/ping 1\r\n")
                #expect(try await client.line() == "OK pong 1\r\n")
            }
        }
    }

    @Test func `a client that speaks first is not greeted`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                client.readsGreeting = true
                try await client.send("#1 PING")
                try await Task.sleep(for: .milliseconds(400))  // The greeting would come in this time; its absence is no event.
                try await client.send(" x\n")
                #expect(try await client.line() == "OK #1 pong x\n")
            }
        }
    }

    @Test func `every reply arrives at a client that closed its sending half`() async throws {
        try await withGateway { (gateway) async throws in
            #expect(try await gateway.converse("/PING a\nPOST hi\nPING b") == "OK pong a\n" + needLogin + "OK pong b\n")
            #expect(try await gateway.converse("") == "")
            #expect(try await gateway.converse("PING x") == ":singer.local PONG singer.local :x\r\n")
            let many = try await gateway.converse("/PING\n" + String(repeating: "HELP\n", count: 2_000))
            #expect(many.components(separatedBy: "OK \(CommandTable.all.count) commands\n").count == 2_001)
        }
    }

    @Test func `posts that are sent in a row are answered one by one, in their order`() async throws {
        try await withGateway { (gateway) async throws in
            let long = String(repeating: "x", count: Limits.textBytesMax + 1)
            let posts = (0..<600).map { $0 % 100 == 50 ? "#\($0) POST \(long)\n" : "#\($0) post number \($0)\n" }
            let said = try await gateway.converse("REGISTER andre correct-horse\n" + posts.joined() + "PING x\nPOST last\nTIMELINE 3\nPOST unended")
            let replies = said.split(separator: "\n")
            for number in 0..<600 {
                #expect(replies[1 + number].hasPrefix(number % 100 == 50 ? "ERR #\(number) TOO_LONG " : "OK #\(number) posted "))
            }
            #expect(replies[601] == "OK pong x")
            #expect(replies[602].hasPrefix("OK posted "))
            for (row, text) in zip(replies[603...605], ["last", "number 599", "number 598"]) { #expect(row.contains("<andre> \(text) [")) }
            #expect(replies[606] == "OK 3 posts")
            #expect(replies[607].hasPrefix("OK posted "))
            #expect(replies.count == 608)
            #expect(Set(replies.filter { $0.hasPrefix("OK") && $0.contains(" posted ") }.map { $0.suffix(5) }).count == 596)
        }
    }

    @Test func `replies end as the client's first line did`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("\r\n/PING\nPOST x\r\n")
            #expect(said == "OK pong\r\n" + needLogin.dropLast() + "\r\n")
        }
    }

    @Test func `bad lines are dropped, and the connection goes on`() async throws {
        try await withGateway { (gateway) async throws in
            let long = String(repeating: "x", count: 100_000)
            let said = try await gateway.converse("\(long)\n/PING\n\(long)\nPING\n")
            let tooLong = "ERR LINE_TOO_LONG a line has at most 8703 bytes; this one was dropped\n"
            #expect(said == tooLong + "OK pong\n" + tooLong + "OK pong\n")
            try await gateway.connect { (client) async throws in
                try await client.send([0x2F, 0xC3, 0x28, 0x0A])
                #expect(try await client.line() == "ERR INVALID_UTF8 lines are UTF-8; this one was dropped\n")
                try await client.send([0xFF, 0xF4, 0xFF, 0xFD, 0x06] + Array("#1 PING\n".utf8))
                #expect(try await client.line() == "OK #1 pong\n")
            }
        }
    }

    @Test func `without an account, commands that need one say how to get in`() async throws {
        try await withGateway { (gateway) async throws in
            for command in CommandTable.all {
                guard case .account = command.handler else { continue }
                #expect(try await gateway.converse("\(command.example)\n") == needLogin)
                #expect(try await gateway.converse("#7 \(command.verb)\n") == "ERR #7 NEED_LOGIN log in first: LOGIN name passphrase\n")
            }
        }
    }

    @Test func `what can't be carried out has its code`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("FORWRD m2wd5\nLOGIN andre\nFORMAT xml\nREGISTER 1x secretsecret\nLOGIN 1x y\nHELP NIX\n#1\n# PING\n")
            let starts = [
                "ERR UNKNOWN_COMMAND no FORWRD (did you mean FORWARD?)", "ERR NEED_MORE_PARAMS usage: LOGIN name passphrase",
                "ERR BAD_PARAM no format xml; there are text and json", "ERR INVALID_NAME 1x ", "ERR BAD_LOGIN ", "ERR UNKNOWN_COMMAND no NIX",
                "ERR #1 NEED_MORE_PARAMS ", "ERR BAD_PARAM ",
            ]
            let lines = said.split(separator: "\n")
            #expect(lines.count == starts.count)
            for (line, start) in zip(lines, starts) { #expect(line.hasPrefix(start)) }
        }
    }

    @Test func `HELP lists every command, and tells more of each`() async throws {
        try await withGateway { (gateway) async throws in
            let list = try await gateway.converse("HELP\n")
            for command in CommandTable.all { #expect(list.contains("    \(command.usage)  ")) }
            #expect(list.split(separator: "\n").dropLast().allSatisfy { $0.hasPrefix("  ") })
            #expect(list.hasSuffix("\nOK \(CommandTable.all.count) commands\n"))
            let more = try await gateway.converse("help forward\n")
            #expect(more.hasPrefix("  usage FORWARD id [comment]\n  meaning "))
            #expect(more.hasSuffix("\n  example FORWARD m2wd5 worth reading\nOK\n"))
        }
    }

    @Test func `a program may have JSON, with its tags in every line`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("FORMAT json\n#a PING x\n#b HELP PING\nPOST\nFORMAT TEXT\nPING\n")
            let lines = said.split(separator: "\n").map(String.init)
            #expect(lines.first == #"{"ok":"format","format":"json"}"#)
            #expect(lines[1] == #"{"ok":"pong","token":"x","tag":"a"}"#)
            #expect(lines[2] == #"{"row":"field","field":"usage","value":"PING [token]","tag":"b"}"#)
            #expect(lines[5] == #"{"ok":"done","tag":"b"}"#)
            #expect(lines[6] == #"{"error":"NEED_LOGIN","text":"log in first: LOGIN name passphrase"}"#)
            #expect(lines.suffix(2) == ["OK format text", "OK pong"])
        }
    }

    @Test func `browsers get no word in, nor does TLS where there is none`() async throws {
        try await withGateway { (gateway) async throws in
            #expect(try await gateway.converse("POST /x HTTP/1.1\r\nHost: localhost:6667\r\n\r\nREGISTER evil\r\n", halfClose: false) == "")
            let long = "POST /\(String(repeating: "x", count: Limits.lineBytesMax)) HTTP/1.1\r\nHost: x\r\n\r\nREGISTER evil correct-horse\r\n"
            #expect(try await gateway.converse(long, halfClose: false) == "")
            try await gateway.connect { (page) async throws in
                try await page.send(Array("POST /".utf8) + [0xE9] + Array(" HTTP/1.1\r\nHost: x\r\n\r\nREGISTER evil correct-horse\r\n".utf8))
                #expect(try await page.rest() == "")
            }
            try await gateway.connect { (client) async throws in
                try await client.send([0x16, 3, 1, 0, 5])
                #expect(try await client.rest() == "")
            }
        }
    }

    @Test func `IRC clients are told in their own protocol`() async throws {
        try await withGateway(GatewayConfiguration(serverName: "s.x")) { (gateway) async throws in
            #expect(try await gateway.converse("ping :a\nPING b\nQUIT\n", halfClose: false) == ":s.x PONG s.x :a\r\n:s.x PONG s.x :b\r\nERROR :Quit\r\n")
        }
    }

    @Test func `QUIT says goodbye and closes`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("#q QUIT\nHELP\n", halfClose: false)
            #expect(said == "OK #q bye\n")
        }
    }

    @Test func `the gateway's password comes first`() async throws {
        try await withGateway(GatewayConfiguration(password: "open sesame")) { (gateway) async throws in
            let refused = "ERR BAD_LOGIN this peer has a password of its own, which comes first: PASS password\n"
            for text in ["HELP\n", "PASS\n", "PASS open\nHELP\n"] {
                #expect(try await gateway.converse(text) == refused)
            }
            #expect(try await gateway.converse("#1 PING\n") == refused.replacing("ERR", with: "ERR #1"))
            for lines in ["PASS open\r\nNICK a\r\nUSER a 0 * :a\r\n", "CAP LS\r\nPASS open\r\n", "NICK a\r\nUSER a 0 * :a\r\n"] {
                let said = try await gateway.converse(lines, halfClose: false)
                #expect(said.contains(" 464 ") && said.hasSuffix("ERROR :Password incorrect\r\n"))
            }
            #expect(try await gateway.converse("PASS open sesame\n/PING x\n") == "OK pong x\n")
            #expect(try await gateway.converse("pass :open sesame\nPING x\n") == ":singer.local PONG singer.local :x\r\n")
            #expect(try await gateway.converse("GET / HTTP/1.1\n", halfClose: false) == "")
        }
    }

    @Test func `the error to the first line of all has its tag, too`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.send(Array("#7 POST ".utf8) + [0xFF, 0x0A])
                #expect(try await client.line().hasPrefix("ERR #7 INVALID_UTF8 "))
            }
            #expect(try await gateway.converse("#9 POST " + String(repeating: "x", count: 9_000) + "\n").hasPrefix("ERR #9 LINE_TOO_LONG "))
        }
    }

    @Test func `connections beyond the limit get one line`() async throws {
        try await withGateway(sessionsMax: 1) { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                try await first.send("/PING\n")
                #expect(try await first.line() == "OK pong\n")
                try await gateway.connect { (second) async throws in
                    let said = try await second.rest()
                    #expect(said == "ERR UNAVAILABLE too many connections; try again later\r\n")
                }
            }
        }
    }

    @Test func `at shutdown every session gets a last line`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (person) async throws in
                try await person.send("/PING\n")
                _ = try await person.line()
                try await gateway.connect { (program) async throws in
                    try await program.send("FORMAT json\n")
                    _ = try await program.line()
                    try await gateway.connect { (irc) async throws in
                        try await irc.send("PING a\n")
                        _ = try await irc.line()
                        await gateway.services.triggerGracefulShutdown()
                        #expect(try await irc.rest() == "ERROR :Singer is shutting down\r\n")
                    }
                    #expect(try await program.rest() == #"{"event":"notice","text":"Singer is shutting down"}"# + "\n")
                }
                #expect(try await person.rest() == "* notice Singer is shutting down\n")
            }
        }
    }

    @Test func `a client that reads nothing does not keep another waiting, nor the shutdown`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (deaf) async throws in
                try await deaf.send("/PING\n")
                _ = try await deaf.line()
                let flood = Task { [outbound = deaf.outbound] in
                    for _ in 0..<10_000 { try await outbound.write(.init(string: String(repeating: "HELP\n", count: 1_000))) }
                }
                #expect(try await gateway.converse("/PING\n") == "OK pong\n")
                await gateway.services.triggerGracefulShutdown()
                // It can't be told goodbye, so it is closed in the midst of what it sends.
                await #expect(throws: (any Error).self) { try await flood.value }
            }
        }
    }
}
