import Testing

@testable import SingerGateway

/// What modern.ircdocs.horse and the IRCv3 specifications ask of a server, where nothing else tests it.
@Suite(.timeLimit(.minutes(1))) struct IRCStandardTests {
    @Test func `all that the user of an account does has its tags`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (watcher) async throws in
                try await watcher.register("watcher", "account-tag server-time message-tags away-notify setname chghost")
                _ = try await watcher.ask("JOIN #talk", "MODE #talk -t")
                try await gateway.connect { (robot) async throws in
                    try await robot.register("robot")
                    _ = try await robot.ask(
                        "REGISTER robot correct-horse", "MODE robot +B", "JOIN #talk", "PRIVMSG #talk :hi", "TOPIC #talk :x", "AWAY :out", "SETNAME :R",
                        "NICK droid", "PART #talk", "JOIN #talk", "QUIT")
                }
                let seen = try await watcher.ask()
                #expect(
                    seen.map { $0.split(separator: " ")[2] } == [
                        "JOIN", "PRIVMSG", "TOPIC", "AWAY", "SETNAME", "NICK", "PART", "JOIN", "AWAY", "QUIT",
                    ])
                for line in seen {
                    let tags = Set(line.dropFirst().prefix { $0 != " " }.split(separator: ";").compactMap { $0.split(separator: "=").first })
                    #expect(tags.isSuperset(of: ["time", "account", "bot"]), "\(line)")
                }
            }
        }
    }

    @Test func `clients without chghost see who changes hosts go and come`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (watcher) async throws in
                try await gateway.connect { (andre) async throws in
                    try await andre.register("andre")
                    _ = try await andre.ask("JOIN #talk")
                    try await watcher.register("watcher")
                    _ = try await watcher.ask("JOIN #talk")
                    _ = try await andre.ask("REGISTER andre correct-horse")
                    let seen = try await watcher.ask()
                    #expect(seen.count == 3 && seen[0] == ":andre!andre@guest.singer QUIT :Changing host")
                    #expect(seen[1].hasPrefix(":andre!andre@") && seen[1].hasSuffix(".key JOIN #talk"))
                    #expect(seen[2] == ":singer.local MODE #talk +o andre")
                }
            }
        }
    }

    @Test func `an account is made with a passphrase of several words, as others make one by protocol`() async throws {
        try await withGateway { (gateway) async throws in
            for (command, name, passphrase) in [
                ("REGISTER andre correct horse battery", "andre", "correct horse battery"), ("REGISTER tiago two words", "tiago", "two words"),
                ("REGISTER * * correct-horse", "nick2", "correct-horse"), ("REGISTER diogo d@example.org :two words", "diogo", "two words"),
            ] {
                try await gateway.connect { (client) async throws in
                    try await client.register("nick2", "")
                    _ = try await client.ask(command)
                }
                #expect(try await gateway.converse("LOGIN \(name) \(passphrase)\n").contains("OK logged in as \(name)"), "\(command)")
            }
        }
    }

    @Test func `registration ends what SASL has begun`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                let said = try await client.ask("CAP REQ sasl", "NICK dev", "USER dev 0 * :dev", "AUTHENTICATE PLAIN", "CAP END")
                let numerics = said.compactMap { $0.split(separator: " ").dropFirst().first }
                #expect(numerics.firstIndex(of: "906").map { $0 < numerics.firstIndex(of: "001") ?? 0 } == true)
                #expect(try await client.ask("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"])
            }
        }
    }

    @Test(arguments: ["no-implicit-names", "draft/no-implicit-names"]) func `names come only when asked for`(capability: String) async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.register("dev", capability)
                #expect(try await !client.ask("JOIN #talk").mention(" 353 "))
                #expect(try await client.ask("NAMES #talk").mention(" 353 "))
                #expect(
                    try await client.ask("NAMES #talk,#none").map { $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ") } == [
                        "353 dev =", "366 dev #talk", "366 dev #none",
                    ])
            }
        }
    }

    @Test func `what is typed can't move the parameters of a numeric`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                #expect(
                    try await client.ask("NICK :two words", "NICK ::dev").map { $0.prefix(26) } == [":singer.local 432 * two :E", ":singer.local 432 * dev :E"])
                try await client.register("dev")
                #expect(try await client.ask("PRIVMSG :a b c :") == [":singer.local 412 dev :No text to send"])
                #expect(try await client.ask("JOIN :#a b") == [":singer.local 403 dev #a :No such channel"])
            }
        }
    }

    @Test func `modes are answered with their numerics`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.register("dev")
                _ = try await client.ask("JOIN #talk")
                let modes = try await client.ask("MODE #talk")
                #expect(modes.count == 2 && modes[0] == ":singer.local 324 dev #talk :+nt" && modes[1].hasPrefix(":singer.local 329 dev #talk :1"))
                #expect(try await client.ask("MODE #talk +o nobody")[0].contains(" 401 dev nobody :"))
                #expect(try await client.ask("MODE #talk +o singer", "MODE #talk +z").map { $0.split(separator: " ")[1] } == ["401", "472"])
                #expect(try await client.ask("MODE #talk +k", "MODE #talk +k :a b", "MODE #talk +k a,b").allSatisfy { $0.contains(" 696 dev #talk k ") })
                _ = try await client.ask("REGISTER dev correct-horse", "JOIN &mentions")
                let view = try await client.ask("MODE &mentions", "TOPIC &mentions")
                #expect(view.map { $0.split(separator: " ")[1] } == ["324", "329", "332", "333"])
            }
        }
    }

    @Test func `commands of server operators are answered`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.register("dev")
                let said = try await client.ask("ADMIN", "ADMIN elsewhere", "STATS u", "STATS", "OPER a b", "OPER", "KILL dev :x", "WALLOPS :hi")
                #expect(said.map { $0.split(separator: " ")[1] } == ["423", "402", "219", "461", "491", "461", "481", "481"])
            }
        }
    }

    @Test func `INVITE alone lists the channels that one is invited to`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (host) async throws in
                try await host.register("host")
                try await gateway.connect { (guest) async throws in
                    try await guest.register("guest")
                    _ = try await host.ask("JOIN #talk", "INVITE guest #talk")
                    let said = try await guest.ask("INVITE", "JOIN #talk")
                    #expect(
                        said.prefix(3).map { $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ") } == [
                            "INVITE guest #talk", "336 guest :#talk", "337 guest :End",
                        ])
                    #expect(try await guest.ask("INVITE host").map { $0.contains(" 461 guest INVITE :") } == [true])
                }
            }
        }
    }
}
