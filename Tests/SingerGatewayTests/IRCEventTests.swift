import Testing

@testable import SingerGateway

/// What happens in an ordinary channel is kept with what is said there.
@Suite(.timeLimit(.minutes(1))) struct IRCEventTests {
    @Test func `who asks for events is given them, the others what was said`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (keeper) async throws in
                try await keeper.register("keeper", "batch draft/chathistory draft/event-playback message-tags server-time")
                _ = try await keeper.ask("JOIN #talk", "MODE #talk +i-n", "MODE #talk -i", "TOPIC #talk :Tea", "PRIVMSG #talk :one")
                var live: [String] = []
                try await gateway.connect { (other) async throws in
                    try await other.register("other", "batch draft/chathistory")
                    _ = try await other.ask("JOIN #talk", "NICK another", "PART #talk :out", "JOIN #talk")
                    live += try await keeper.ask("KICK #talk another :enough")
                    _ = try await other.ask("JOIN #talk", "PRIVMSG #talk :two")
                    let said = try await other.ask("CHATHISTORY LATEST #talk * 2")
                    #expect(said.count == 4 && said[1].hasSuffix(" :one") && said[2].hasSuffix(" :two"))
                    _ = try await other.ask("QUIT :home")
                }
                live.append(try await keeper.wait(for: " QUIT "))
                let history = try await keeper.ask("CHATHISTORY LATEST #talk * 50").dropFirst().dropLast()
                let bodies = history.map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") }
                #expect(
                    bodies == [
                        "JOIN #talk", "MODE #talk +i-n", "MODE #talk -i", "TOPIC #talk :Tea", "PRIVMSG #talk :one", "JOIN #talk", "NICK another",
                        "PART #talk :out", "JOIN #talk", "KICK #talk another :enough", "JOIN #talk", "PRIVMSG #talk :two", "QUIT :Quit: home",
                    ])
                // By their ids clients know what they have seen already.
                let ids = history.compactMap { $0.firstMatch(of: /msgid=([a-z2-7]+)/)?.1 }
                #expect(Set(ids).count == 13)
                for command in ["KICK", "QUIT"] {
                    let seen = try #require(live.first { $0.contains(" \(command) ") }?.firstMatch(of: /msgid=([a-z2-7]+)/)?.1)
                    #expect(ids.contains(seen))
                }
                #expect(try await keeper.ask("CHATHISTORY BEFORE #talk msgid=\(ids[6]) 1")[1].hasSuffix(" JOIN #talk"))
                #expect(try await keeper.ask("REDACT #talk \(ids[0])").mention(" UNKNOWN_MSGID "))
                _ = try await keeper.ask("CAP REQ extended-join")
                #expect(try await keeper.ask("CHATHISTORY LATEST #talk * 50")[1].hasSuffix(" JOIN #talk * :keeper"))
            }
        }
    }
}
