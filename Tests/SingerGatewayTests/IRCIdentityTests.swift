import SingerCore
import Testing

@testable import SingerGateway

/// Who is who where several connections, accounts and nicks meet.
@Suite(.timeLimit(.minutes(1))) struct IRCIdentityTests {
    @Test func `a line that is refused between posts is answered, and every post is written once`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.register("bob")
                _ = try await client.ask("REGISTER bob correct-horse")
                try await client.send(
                    Array("PRIVMSG &home :one\r\nPRIVMSG &home :".utf8) + [0xff] + Array("\r\nPRIVMSG &home :two\r\nPRIVMSG &home :three\r\n".utf8))
                let said = try await client.ask()
                #expect(said.count { $0.contains(" INVALID_UTF8 ") } == 1)
                let timeline = try await client.ask("TIMELINE")
                for text in ["one", "two", "three"] { #expect(timeline.count { $0.contains(" <bob> \(text) [") } == 1, "\(text): \(timeline)") }
            }
        }
    }

    @Test func `who logs in to an account gets its name from another account that uses it as a nick, and nothing of that account`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (alice) async throws in
                try await alice.register("someone")
                _ = try await alice.ask("REGISTER alice correct-horse", "LOGOUT", "NICK someone")
                try await gateway.connect { (bob) async throws in
                    try await bob.register("bob")
                    _ = try await bob.ask("REGISTER bob correct-horse", "NICK alice")
                    #expect(try await bob.ask("NICK").mention(" 431 alice "))
                    let said = try await alice.ask("LOGIN alice correct-horse", "JOIN #talk")
                    #expect(said.mention(" 900 someone "))
                    #expect(said.last { $0.contains(" JOIN ") }?.contains(":alice!alice@") == true, "\(said)")
                    #expect(try await bob.ask().mention(" NOTICE alice :alice is the name of an account, and its owner is here."))
                    // What is said to one is not heard by the other.
                    _ = try await bob.ask("PRIVMSG alice :hello")
                    #expect(try await alice.ask().mention(":hello"))
                    let whois = try await alice.ask("WHOIS alice")
                    #expect(whois.mention(" 330 alice alice alice ") && !whois.mention(" bob "))
                }
            }
        }
    }

    @Test func `a connection that logs out leaves the account's user to those that stay`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                try await first.register("andre")
                _ = try await first.ask("REGISTER andre correct-horse")
                try await gateway.connect { (second) async throws in
                    try await second.register("other")
                    _ = try await second.ask("LOGIN andre correct-horse")
                    let said = try await second.ask("LOGOUT")
                    #expect(said.mention(" 901 ") && said.mention(" NICK Guest"), "\(said)")
                    #expect(try await second.ask("WHOIS andre").mention(" andre andre :is logged in as"))
                    _ = try await first.ask("PRIVMSG andre :to myself")
                    #expect(try await !second.ask().mention("to myself"))
                    #expect(try await first.ask("WHOIS andre").mention(" 330 andre andre "))
                }
            }
        }
    }

    @Test func `a client whose nick was refused at its end of registration may choose another`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                try await first.register("andre")
                _ = try await first.ask("REGISTER andre correct-horse", "NS SET MULTICLIENT OFF")
                try await gateway.connect { (second) async throws in
                    try await second.send("PASS andre:correct-horse\r\nNICK andre\r\nUSER andre 0 * :andre\r\n")
                    #expect(try await second.wait(for: " 433 ") != "")
                    try await second.send("NICK andre_\r\n")
                    #expect(try await second.wait(for: " 001 ").contains(" 001 andre_ "))
                }
            }
        }
    }

    @Test func `a line that is too long is dropped with its code, and the connection stays unless it is a flood`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre")
                for length in [9_000, 16_000] {
                    let said = try await andre.ask("PRIVMSG #talk :" + String(repeating: "a", count: length))
                    #expect(said.count == 2 && said.mention(" 417 andre :") && said.mention(" FAIL * LINE_TOO_LONG :"), "\(said)")
                }
                var said = try await andre.ask("FORWRD x")
                #expect(said.mention(" 421 andre FORWRD :no FORWRD (did you mean FORWARD?)") && said.mention(" FAIL FORWRD UNKNOWN_COMMAND :"), "\(said)")
                said = try await andre.ask("PRIVMSG #talk :" + String(repeating: "a", count: 17_000))
                #expect(said.last?.hasPrefix("ERROR ") == true, "\(said)")
            }
        }
    }

    @Test func `a NOTICE to a view gets no error, whoever sends it`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (guest) async throws in
                try await guest.register("guest")
                #expect(try await guest.ask("NOTICE &home :nobody answers this", "NOTICE &#tag :nor this") == [])
            }
        }
    }

    @Test func `a history is bounded by its bytes, whatever the messages carry`() {
        let history = IRCHistory(in: IRCHistory.Total())
        let tag = IRCMessage.Tag("+x", String(repeating: "x", count: 4_000))
        for number in 0..<1_000 {
            history.append(
                IRCHistoryItem(
                    messageID: .given("\(number)"), time: Milliseconds(number), source: "a!a@a", party: nil, account: nil, isBot: false, command: "PRIVMSG",
                    target: "#talk", lines: [.init(text: "a")], clientTags: [tag]))
        }
        #expect(history.last?.messageID == "999")
        #expect((1...IRCLimits.historyBytesMax / 4_000).contains(history.items.count))
        #expect(history.lastMessage == 999)
    }

    @Test func `all histories together are bounded, and each keeps what was said last`() {
        let total = IRCHistory.Total()
        let tag = IRCMessage.Tag("+x", String(repeating: "x", count: 4_000))
        var histories = (0..<200).map { _ in IRCHistory(in: total) }
        let count = 200 * 130
        for number in 0..<count {
            histories[number % 200].append(
                IRCHistoryItem(
                    messageID: .given("\(number)"), time: Milliseconds(number), source: "a!a@a", party: nil, account: nil, isBot: false, command: "PRIVMSG",
                    target: "#talk", lines: [.init(text: "a")], clientTags: [tag]))
        }
        #expect(total.bytes <= IRCLimits.historiesBytesMax)
        #expect(total.bytes > IRCLimits.historiesBytesMax - 10_000)
        let last: [Milliseconds] = histories.compactMap { $0.last?.time }
        #expect(last == (count - 200..<count).map { Milliseconds($0) })
        histories = []
        #expect(total.bytes == 0)
    }
}
