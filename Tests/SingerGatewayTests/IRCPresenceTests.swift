import SingerDHT
import Testing

@testable import SingerGateway

/// Who is online, as IRC clients ask for it: people at other peers, too.
@Suite(.timeLimit(.minutes(1))) struct IRCPresenceTests {
    @Test func `somebody followed at another peer comes, is there, and goes`() async throws {
        let network = InMemoryNetwork()
        try await withGateway(network: network) { (here) async throws in
            try await withGateway(network: network) { (there) async throws in
                try await there.connect { (diogo) async throws in
                    try await diogo.register("diogo")
                    _ = try await diogo.ask("REGISTER diogo correct-horse")
                    try await here.connect { (andre) async throws in
                        try await andre.register("andre", "away-notify")
                        _ = try await andre.ask("REGISTER andre correct-horse", "MONITOR + diogo,tiago")
                        #expect(try await andre.ask("ISON diogo", "MONITOR S").filter { $0.contains("diogo!") }.isEmpty)
                        try await andre.send("FOLLOW diogo\r\n")
                        #expect(try await andre.wait(for: " 730 ").contains(" 730 andre :diogo!diogo@"))
                        #expect(try await andre.ask("ISON tiago DIOGO singer").filter { $0.contains(" 303 ") } == [":singer.local 303 andre :diogo singer"])
                        let monitored = try await andre.ask("MONITOR S")
                        #expect(monitored.count == 2 && monitored[0].contains(" 730 andre :diogo!diogo@") && monitored[1].hasSuffix(" 731 andre :tiago"))
                        #expect(try await andre.ask("MONITOR L").first == ":singer.local 732 andre :diogo,tiago")
                        #expect(try await andre.ask("MONITOR C", "MONITOR + diogo").map { $0.contains(" 730 andre :diogo!diogo@") } == [true])
                        #expect(try await andre.ask("USERHOST diogo tiago")[0].wholeMatch(of: /:singer.local 302 andre :diogo=\+diogo@[0-9a-f]{8}\.key/) != nil)
                        #expect(
                            try await andre.ask("WHO &home").filter { $0.contains(" 352 ") }.map { $0.split(separator: " ")[7...8].joined(separator: " ") } == [
                                "andre H", "diogo H",
                            ])
                        #expect(try await andre.ask("PRIVMSG diogo :hi")[0].hasPrefix(":singer.local 401 andre diogo :Private words reach only"))
                        // A guest follows nobody, and knows only who is here.
                        try await here.connect { (guest) async throws in
                            try await guest.register("guest")
                            #expect(try await guest.ask("ISON diogo andre") == [":singer.local 303 guest :andre"])
                            #expect(try await guest.ask("MONITOR + diogo") == [":singer.local 731 guest :diogo"])
                        }
                        _ = try await diogo.ask("LOGOUT")
                        #expect(try await andre.wait(for: " AWAY ").hasSuffix(".key AWAY :offline\r\n"))
                        #expect(try await andre.wait(for: " 731 ") == ":singer.local 731 andre :diogo\r\n")
                        #expect(try await andre.ask("ISON diogo") == [":singer.local 303 andre :"])
                        #expect(try await andre.ask("USERHOST diogo") == [":singer.local 302 andre :"])
                        #expect(try await andre.ask("WHO diogo", "WHO &home").filter { $0.contains(" diogo G :0 ") }.count == 2)
                        #expect(try await andre.ask("WHOIS diogo").contains(":singer.local 301 andre diogo :offline"))
                    }
                }
            }
        }
    }

    @Test func `somebody followed who comes back to this peer as a guest first is said to be back, and + comes with the follow`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", "away-notify")
                _ = try await andre.ask("REGISTER andre correct-horse")
                try await gateway.connect { (diogo) async throws in
                    try await diogo.register("diogo")
                    _ = try await diogo.ask("REGISTER diogo correct-horse", "FOLLOW andre")
                    let told = try await andre.wait(for: "diogo follows you")
                    #expect(told.hasPrefix(":singer!"))
                    let said = try await andre.ask("INVITE diogo &home")
                    #expect(
                        said.filter { $0.contains(" JOIN ") || $0.contains(" MODE ") }.map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
                            "JOIN &home", "MODE &home +v diogo",
                        ])
                    _ = try await diogo.ask("QUIT")
                }
                #expect(try await andre.wait(for: " AWAY ").hasSuffix(".key AWAY :offline\r\n"))
                try await gateway.connect { (guest) async throws in
                    try await guest.register("guest")
                    _ = try await guest.ask("LOGIN diogo correct-horse")
                    #expect(try await andre.wait(for: " AWAY").hasSuffix(".key AWAY\r\n"))
                }
            }
        }
    }

    @Test func `who leaves this peer and is online by another session is not said to be gone`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (script) async throws in
                try await script.send("REGISTER diogo correct-horse\n")
                _ = try await script.wait(for: "OK ")
                try await gateway.connect { (andre) async throws in
                    try await andre.register("andre")
                    _ = try await andre.ask("REGISTER andre correct-horse", "FOLLOW diogo", "MONITOR + diogo")
                    #expect(try await andre.ask("MONITOR S")[0].contains(" 730 andre :diogo!diogo@"))
                    try await gateway.connect { (diogo) async throws in
                        _ = try await diogo.ask("PASS diogo:correct-horse", "NICK diogo", "USER d 0 * :d", "QUIT")
                    }
                    // He was there before, and is afterwards: nothing is told.
                    #expect(try await !andre.ask("ISON diogo").contains { $0.contains(" 730 ") || $0.contains(" 731 ") })
                    #expect(try await andre.ask("MONITOR S").contains { $0.contains(" 730 andre :diogo!diogo@") })
                    try await script.send("LOGOUT\n")
                    #expect(try await andre.wait(for: " 73") == ":singer.local 731 andre :diogo\r\n")
                }
            }
        }
    }
}
