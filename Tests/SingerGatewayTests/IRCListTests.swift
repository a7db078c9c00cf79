import Testing

@testable import SingerGateway

@Suite(.timeLimit(.minutes(1))) struct IRCListTests {
    /// Name and count of each row.
    private func rows(_ lines: [String]) -> [String] {
        lines.filter { $0.contains(" 322 ") }.map { $0.split(separator: " ")[3...4].joined(separator: " ") }
    }

    @Test func `LIST shows channels, and the views of who has logged in`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre")
                #expect(try await andre.ask("LIST").map { $0.split(separator: " ")[1] } == ["321", "323"])
                _ = try await andre.ask("REGISTER andre correct-horse", "JOIN #talk", "TOPIC #talk :Tea", "JOIN &#swift", "PRIVMSG &home :Hello")
                try await gateway.connect { (diogo) async throws in
                    try await diogo.register("diogo")
                    _ = try await diogo.ask("REGISTER diogo correct-horse", "JOIN #talk,#other", "FOLLOW andre")
                    #expect(try await rows(diogo.ask("LIST")) == ["&home 2", "&mentions 1", "#other 1", "#talk 2"])
                }
                let all = try await andre.ask("LIST")
                #expect(rows(all) == ["&#swift 1", "&home 1", "&mentions 1", "#talk 1"])
                #expect(all.contains { $0.hasSuffix(" #talk 1 :Tea") } && all.contains { $0.contains(" &home 1 :Hello [") })
                #expect(try await rows(andre.ask("LIST &*,#*,!&m*")) == ["&#swift 1", "&home 1", "#talk 1"])
                #expect(try await rows(andre.ask("LIST >0,<2,#*")) == ["#talk 1"])
                #expect(try await rows(andre.ask("LIST >1")) == [])
                #expect(try await andre.ask("LIST #none").last?.contains(" 323 andre :") == true)
            }
        }
    }

    private func admits(_ words: String, _ name: String, _ members: Int, created: Int64 = 0, topic: Int64? = nil) -> Bool {
        IRCListFilter(words.split(separator: ",").map(String.init))
            .admits(.init(name: name, members: members, created: created, topicSet: topic), now: 100 * 60_000)
    }

    @Test func `names are alternatives, conditions hold together`() {
        #expect(admits("", "#a", 0))
        #expect(admits("#a,#b", "#B", 1) && !admits("#a,#b", "#c", 1))
        #expect(admits(">1,<4", "#a", 2) && !admits(">1,<4", "#a", 1) && !admits(">1,<4", "#a", 4))
        #expect(!admits("!*a*,#*", "#a", 1) && admits("!*a*,#*", "#b", 1))
        #expect(admits("<", "#a", 5) && admits(">x", "#a", 5))
    }

    @Test func `C and T ask for the age of a channel and of its topic, in minutes`() {
        #expect(admits("C>99", "#a", 1) && !admits("C>100", "#a", 1) && !admits("C<100", "#a", 1) && admits("c<101,C>99", "#a", 1))
        #expect(admits("T<11", "#a", 1, topic: 90 * 60_000) && !admits("T>10", "#a", 1, topic: 90 * 60_000))
        #expect(!admits("T>1", "#a", 1) && !admits("T<1000", "#a", 1))
        #expect(admits("C<1", "#a", 1, created: 101 * 60_000))
    }
}
