import Foundation
import ServiceLifecycle
import SingerCore
import Testing

@testable import SingerGateway

/// Sessions of accounts, against a whole node.
@Suite(.timeLimit(.minutes(1))) struct AccountSessionTests {
    /// Sends a line and reads up to the end of its reply; pushes before it are part of what is returned.
    private func ask(_ client: inout LiveClient, _ line: String) async throws -> [String] {
        try await client.send(line + "\n")
        var lines: [String] = []
        while true {
            let line = String(try await self.line(of: &client).dropLast())
            lines.append(line)
            if line.isEmpty || line == "OK" || line.hasPrefix("OK ") || line.hasPrefix("ERR ") { return lines }
        }
    }

    /// The next line, but for the arrivals of others, which come in their own time.
    private func line(of client: inout LiveClient) async throws -> String {
        while true {
            let line = try await client.line()
            if !line.hasPrefix("* online ") { return line }
        }
    }

    @Test func `registering without a passphrase makes one, shows it, and it logs in`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                let registered = try await ask(&andre, "REGISTER andre")[0]
                let passphrase = try #require(registered.firstMatch(of: #/ passphrase ([a-z]+(?:-[a-z]+){5}) /#)).1
                #expect(try await ask(&andre, "LOGOUT") == ["OK logged out"])
                #expect(try await ask(&andre, "LOGIN andre \(passphrase)")[0].hasPrefix("OK logged in as andre, key "))
            }
        }
    }

    @Test func `quotation marks hold the old passphrase together, unless they are part of it`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await ask(&andre, "REGISTER andre three words here")
                #expect(try await ask(&andre, #"PASSWD "three words here" "four more words here""#)[0].hasPrefix("OK "))
                #expect(try await ask(&andre, #"PASSWD "four more words" one-word-here"#)[0].hasPrefix("ERR BAD_LOGIN "))
                #expect(try await ask(&andre, #"PASSWD "four more words here" one-word-here"#)[0].hasPrefix("OK "))
                #expect(try await ask(&andre, "LOGIN andre one-word-here")[0].hasPrefix("OK "))
            }
        }
    }

    @Test func `the conversation of the contract`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                let registered = try await ask(&andre, "REGISTER andre correct-horse")[0]
                #expect(
                    registered.wholeMatch(
                        of:
                            /OK registered andre, key [0-9a-f]{4}(-[0-9a-f]{4}){3}\. Kept on this peer only: choose 16 characters or more to log in from others\./
                    ) != nil)
                #expect(try await ask(&andre, "POST I made a post!")[0].wholeMatch(of: /OK posted [a-z2-7]{5,}/) != nil)
                try await gateway.connect { (diogo) async throws in
                    _ = try await ask(&diogo, "register diogo wrong-horse")
                    let hello = try await ask(&diogo, "POST Hello")[0].dropFirst("OK posted ".count)
                    #expect(try await ask(&andre, "FOLLOW diogo") == ["OK following diogo"])
                    // The past of whom one follows comes after the reply, never before it.
                    let time = /20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/
                    #expect(try await line(of: &andre).replacing(time, with: "TIME") == "* TIME <diogo> Hello [\(hello)]\n")
                    #expect(try await line(of: &diogo) == "* follow andre\n")
                    let next = try await ask(&diogo, "POST Again")[0].dropFirst("OK posted ".count)
                    #expect(try await line(of: &andre).replacing(time, with: "TIME") == "* TIME <diogo> Again [\(next)]\n")
                    let timeline = try await ask(&andre, "TIMELINE 2").map { $0.replacing(time, with: "TIME") }
                    #expect(timeline == ["  TIME <diogo> Again [\(next)]", "  TIME <diogo> Hello [\(hello)]", "OK 2 posts"])
                    let forward = try await ask(&andre, "FORWARD \(hello) worth reading")[0].dropFirst("OK posted ".count)
                    #expect(try await ask(&andre, "TIMELINE 1")[0].hasSuffix(" <andre> ♺ <diogo> Hello — worth reading [\(forward)>\(hello)]"))
                    #expect(try await ask(&andre, "FOLLOWING") == ["  diogo", "OK 1 following"])
                    let followers = try await ask(&diogo, "FOLLOWERS").filter { !$0.hasPrefix("* ") }
                    #expect(followers == ["  andre", "OK 1 follower"])
                    let whois = try await ask(&andre, "WHOIS diogo").map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                    #expect(whois[0] == "name diogo" && whois[3] == "online yes" && whois[4...] == ["followers 1", "following 0", "last \(next)", "OK"])
                    #expect(try await ask(&andre, "FOLLOW diogo")[0].hasPrefix("ERR ALREADY_FOLLOWING "))
                    #expect(try await ask(&andre, "LIKE \(hello)") == ["OK liked \(hello)"])
                    #expect(try await ask(&andre, "DELETE \(hello)")[0].hasPrefix("ERR NOT_YOURS "))
                }
                #expect(try await line(of: &andre) == "* offline diogo\n")
                #expect(try await ask(&andre, "STATUS").count == 11)
                #expect(try await ask(&andre, "PEERS") == ["OK 0 peers"])
                #expect(try await ask(&andre, "LOGOUT") == ["OK logged out"])
                #expect(try await ask(&andre, "TIMELINE")[0].hasPrefix("ERR NEED_LOGIN "))
                #expect(try await ask(&andre, "LOGIN andre wrong")[0].hasPrefix("ERR BAD_LOGIN "))
                #expect(try await ask(&andre, "LOGIN andre correct-horse")[0].hasPrefix("OK logged in as andre, key "))
            }
        }
    }

    @Test func `a text of several lines is one post, or none`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("REGISTER andre correct-horse\n#7 POST\none\n\n..two\nPING\n.\nTIMELINE\nPOST\nnever closed\n")
            let lines = said.split(separator: "\n")
            #expect(lines.count == 5)
            #expect(lines[1].hasPrefix("OK #7 posted "))
            #expect(lines[2].contains("<andre> one ⏎  ⏎ .two ⏎ PING ["))
            #expect(lines[3] == "OK 1 post")
            #expect(lines[4].hasPrefix("ERR EMPTY_TEXT the input ends inside a text"))
            let overlong = String(repeating: String(repeating: "x", count: 100) + "\n", count: 100)
            let again = try await gateway.converse("LOGIN andre correct-horse\nPOST\n\(overlong).\nPOST\n.\nREPLY zzzzz\nyes\n.\nTIMELINE\n")
            let starts = ["OK logged in", "ERR TOO_LONG", "ERR EMPTY_TEXT", "ERR NO_SUCH_POST", "  ", "OK 1 post"]
            let replies = again.split(separator: "\n").filter { !$0.hasPrefix("* ") }
            #expect(replies.count == starts.count)
            for (reply, start) in zip(replies, starts) { #expect(reply.hasPrefix(start)) }
        }
    }

    @Test func `a device is listed, revoked, and made anew, in text and in IRC`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await ask(&andre, "REGISTER andre correct-horse")
                #expect(try await ask(&andre, "REVOKE")[0].hasPrefix("ERR NEED_MORE_PARAMS "))
                #expect(try await ask(&andre, "REVOKE zzzz") == ["ERR BAD_PARAM no device of yours begins with zzzz; DEVICES lists them"])
                let devices = try await ask(&andre, "DEVICES")
                #expect(devices.count == 2 && devices[0].hasSuffix(", this one") && devices[1] == "OK 1 device")
                let id = devices[0].dropFirst(2).prefix(8)
                try await gateway.connect { (client) async throws in
                    _ = try await client.ask("PASS andre:correct-horse", "NICK andre", "USER andre 0 * :andre")
                    try await client.send("PRIVMSG singer :DEVICES\r\n")
                    #expect(try await client.wait(for: " NOTICE andre :  \(id) since ").hasSuffix(", this one\r\n"))
                    #expect(try await client.wait(for: "1 device").hasSuffix(" NOTICE andre :1 device\r\n"))
                    let revoked = try await ask(&andre, "REVOKE \(id)").filter { !$0.hasPrefix("* ") }
                    #expect(revoked == ["OK revoked \(id), this device: LOGIN name passphrase makes this peer a new one"])
                    #expect(try await client.wait(for: "this device was revoked").contains(" NOTICE andre :"))
                }
                #expect(try await ask(&andre, "POST no more").last?.hasPrefix("ERR UNAVAILABLE this device was revoked, ") == true)
                #expect(try await ask(&andre, "LOGIN andre correct-horse").last?.hasPrefix("OK logged in as andre, ") == true)
                #expect(try await ask(&andre, "POST again").last?.hasPrefix("OK posted ") == true)
                let now = try await ask(&andre, "DEVICES").map { ($0.contains(", revoked "), $0.hasSuffix(", this one")) }
                #expect(now.map(\.0) == [true, false, false] && now.map(\.1) == [false, true, false])
            }
        }
    }

    @Test func `sessions that say everything at once and go are shown each post that was missed once among them`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await ask(&andre, "REGISTER andre correct-horse")
                _ = try await gateway.converse("REGISTER diogo wrong-horse\nFOLLOW andre\n")
                var shown: [Int] = []
                func read(_ said: String) {
                    shown += said.split(separator: "\n").compactMap { $0.firstMatch(of: #/^\* .* <andre> missed (\d+) /#).flatMap { Int($0.1) } }
                }
                for number in 1...20 {
                    #expect(try await ask(&andre, "POST missed \(number)").last?.hasPrefix("OK posted ") == true)
                    read(try await gateway.converse("LOGIN diogo wrong-horse\nPOST in passing\n" + (number % 2 == 0 ? "QUIT\n" : "")))
                }
                try await gateway.connect { (diogo) async throws in
                    try await diogo.send("LOGIN diogo wrong-horse\n")
                    while shown.last != 20 { read(try await diogo.line()) }
                }
                #expect(shown == Array(1...20))
            }
        }
    }

    @Test func `nothing is pushed to a session that has logged out or changed its account`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                _ = try await ask(&client, "REGISTER andre correct-horse")
                _ = try await ask(&client, "REGISTER diogo wrong-horse")
                try await gateway.connect { (tiago) async throws in
                    _ = try await ask(&tiago, "REGISTER tiago staple-battery")
                    _ = try await ask(&tiago, "FOLLOW andre")
                    _ = try await ask(&tiago, "FOLLOW diogo")
                    #expect(try await client.line() == "* follow tiago\n")
                    #expect(try await ask(&client, "LOGOUT") == ["OK logged out"])
                    _ = try await ask(&tiago, "UNFOLLOW diogo")
                    #expect(try await ask(&client, "/PING") == ["OK pong"])
                }
            }
        }
    }

    @Test func `pushes and replies of a busy session are never mixed`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (reader) async throws in
                _ = try await ask(&reader, "REGISTER andre correct-horse")
                try await gateway.connect { (writer) async throws in
                    _ = try await ask(&writer, "REGISTER diogo wrong-horse")
                    _ = try await ask(&reader, "FOLLOW diogo")
                    let count = 300
                    try await writer.send((1...count).map { "POST number \($0)\n" }.joined())
                    var pushed: [Int] = []
                    var isInside = false
                    while pushed.count < count {
                        try await reader.send("HELP\n")
                        while true {
                            let line = try await reader.line()
                            if line.hasPrefix("* ") {
                                #expect(!isInside)
                                if let match = line.firstMatch(of: /number (\d+)/), let number = Int(match.1) { pushed.append(number) }
                            } else {
                                isInside = line.hasPrefix("  ")
                                if !isInside { break }
                            }
                        }
                    }
                    #expect(pushed == Array(1...count))
                }
            }
        }
    }

    @Test func `at shutdown a session that reads gets its last line after its replies`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                _ = try await ask(&client, "REGISTER andre correct-horse")
                await gateway.services.triggerGracefulShutdown()
                #expect(try await client.rest() == "* notice Singer is shutting down\n")
            }
        }
    }
}
