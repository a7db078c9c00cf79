import Testing

@testable import SingerGateway

/// METADATA in both of its versions.
@Suite(.timeLimit(.minutes(1))) struct IRCMetadataTests {
    @Test func `each version has its own words`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (two) async throws in
                try await two.register("two", "batch draft/metadata-2")
                try await gateway.connect { (three) async throws in
                    try await three.register("three", "batch draft/metadata-3")
                    for (command, old, new) in [
                        ("METADATA * SET url", "KEY_NOT_SET", " 766 "), ("METADATA * SET $x :y", "KEY_INVALID", "INVALID_KEY"),
                        ("METADATA * NONSENSE", "SUBCOMMAND_INVALID", "INVALID_PARAMS"),
                        ("METADATA * SET url :" + String(repeating: "x", count: 301), "VALUE_INVALID", "INVALID_VALUE url"),
                    ] {
                        #expect(try await two.ask(command).map { $0.contains(old) } == [true])
                        #expect(try await three.ask(command).map { $0.contains(new) } == [true])
                    }
                    _ = try await two.ask("JOIN #talk", "METADATA * SUB mood")
                    _ = try await three.ask("METADATA * SET mood :fine", "JOIN #talk", "METADATA * SUB mood")
                    #expect(try await two.wait(for: " mood ").hasSuffix(" METADATA three mood * :fine\r\n"))
                    _ = try await three.ask("METADATA * SET mood")
                    #expect(try await two.wait(for: " mood ").hasSuffix(" METADATA three mood *\r\n"))
                    _ = try await two.ask("METADATA * SET mood :so-so")
                    #expect(try await three.wait(for: " mood ").hasSuffix(" 761 three two mood * :so-so\r\n"))
                }
            }
        }
    }

    @Test func `current values come with a subscription, a monitored nick, and a channel's sync`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", "batch draft/metadata-2")
                _ = try await andre.ask("JOIN #talk", "METADATA * SET url :https://a.example", "METADATA #talk SET url :https://talk.example")
                try await gateway.connect { (diogo) async throws in
                    try await diogo.register("diogo", "batch draft/metadata-2")
                    _ = try await diogo.ask("JOIN #talk")
                    let subscribed = try await diogo.ask("METADATA * SUB url")
                    #expect(subscribed.count == 3 && subscribed[0].hasSuffix(" 770 diogo url"))
                    #expect(subscribed.mention(" METADATA #talk url * :https://talk.example") && subscribed.mention(" METADATA andre url * :https://a.example"))
                    let synced = try await diogo.ask("METADATA #talk SYNC")
                    #expect(synced.count == 4 && synced[0].hasSuffix(" metadata #talk") && synced.mention(" METADATA andre url * :https://a.example"))
                    #expect(try await diogo.ask("PART #talk", "MONITOR + andre").last?.hasSuffix(" METADATA andre url * :https://a.example") == true)
                    #expect(try await diogo.ask("METADATA * UNSUB url $x").count == 2)
                }
            }
        }
    }

    @Test func `what comes in batches comes without them to those who know none`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.register("dev", "draft/chathistory")
                _ = try await client.ask("JOIN #talk", "PRIVMSG #talk :hello")
                #expect(try await client.ask("CHATHISTORY LATEST #talk * 10") == [":dev!dev@guest.singer PRIVMSG #talk :hello"])
                for wrong in ["NONSENSE #talk * 10", "LATEST #talk *", "LATEST #talk * 10 11", "LATEST #talk here 10"] {
                    #expect(try await client.ask("CHATHISTORY \(wrong)").map { $0.contains(" FAIL CHATHISTORY INVALID_PARAMS ") } == [true])
                }
            }
        }
    }
}
