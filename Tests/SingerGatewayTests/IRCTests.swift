import SingerCore
import SingerTesting
import Testing

@testable import SingerGateway

/// IRC clients against a whole node.
@Suite(.timeLimit(.minutes(1))) struct IRCTests {
    @Test(arguments: [
        "CAP LS 302|JOIN :|CAP REQ :multi-prefix extended-join setname invite-notify away-notify chghost account-notify server-time|CAP END|NICK dev|USER root root 127.0.0.1 :root|MODE dev +i",
        "CAP LS 302|NICK dev|USER root 0 * :root|CAP REQ :account-notify away-notify cap-notify chghost message-tags|CAP END",
        "CAP LS|NICK :dev|USER dev 0 * :dev|CAP REQ :chghost extended-join server-time|CAP END",
        "NICK dev|USER dev localhost 127.0.0.1 :dev",
        "CAP LS 302|NICK dev|USER sopel 0 * :Sopel: https://sopel.chat/|CAP REQ :echo-message|CAP REQ :multi-prefix|CAP REQ :sasl|CAP END",
        "CAP LS :302|NICK :dev|USER limnoria 0 * :Limnoria|CAP REQ :labeled-response batch message-tags|@label=eba16144 CAP :END",
        "CAP LS 302|NICK dev|CAP END|USER dev 0 * dev|CAP END",
        "PASS ignored|USER dev 0 * dev|NICK dev",
    ])
    func `clients register in the order they are used to`(lines: String) async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                try await client.send(lines.split(separator: "|").joined(separator: "\r\n") + "\r\nJOIN #talk\r\n")
                #expect(try await client.wait(for: " 001 ").contains("singer.local 001 dev :Welcome"))
                #expect(try await client.wait(for: " 376 ") != "")
                #expect(try await client.wait(for: " 353 ").hasSuffix(" #talk :@dev\r\n"))
                _ = try await client.ask()
                #expect(try await client.ask("CAP LIST").count == 1)
            }
        }
    }

    @Test func `who is there, and what this is`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                _ = try await client.ask("NICK dev", "USER dev 0 * :dev")
                #expect(try await client.ask("ISON nobody DEV singer") == [":singer.local 303 dev :dev singer"])
                #expect(try await client.ask("USERHOST dev nobody") == [":singer.local 302 dev :dev=+dev@guest.singer"])
                let motd = try await client.ask("MOTD")
                #expect(motd.first?.contains(" 375 dev ") == true && motd.last?.contains(" 376 dev ") == true)
                #expect(try await client.ask("VERSION")[0] == ":singer.local 351 dev singer-0.1.0. singer.local :a decentralized timeline")
                #expect(try await client.ask("VERSION elsewhere")[0].contains(" 402 dev elsewhere "))
                let info = try await client.ask("INFO")
                #expect(info.count >= 2 && info.dropLast().allSatisfy { $0.hasPrefix(":singer.local 371 dev :") })
                #expect(info.last?.hasPrefix(":singer.local 374 dev :") == true)
                let time = try #require(try await client.ask("TIME").first)
                #expect(time.wholeMatch(of: #/:singer.local 391 dev singer.local :\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/#) != nil)
                for query in ["MOTD", "INFO", "TIME"] {
                    #expect(try await client.ask("\(query) elsewhere").map { $0.contains(" 402 dev elsewhere ") } == [true])
                }
                _ = try await client.ask("JOIN #talk", "MODE dev +i")
                let users = try await client.ask("LUSERS")
                #expect(users.map { String($0.split(separator: " ")[1]) } == ["251", "252", "253", "254", "255", "265", "266"])
                #expect(users[0].hasSuffix(" :There are 0 users and 1 invisible on 1 servers") && users[3].contains(" 254 dev 1 :"))
                #expect(try await client.ask("ISON", "USERHOST").filter { $0.contains(" 461 ") }.count == 2)
                #expect(try await client.ask("ISON :dev nobody") == [":singer.local 303 dev :dev"])
                #expect(try await client.ask("AWAY :out", "USERHOST dev").last == ":singer.local 302 dev :dev=-dev@guest.singer")
                #expect(try await client.ask("NONSENSE")[0].contains(" 421 dev NONSENSE "))
                let supported = try await client.ask("VERSION").filter { $0.contains(" 005 ") }
                #expect(supported.allSatisfy { $0.split(separator: " ").prefix { !$0.hasPrefix(":are") }.count <= 3 + 13 })
            }
        }
    }

    @Test func `a client that closes its sending half gets every reply`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("NICK dev\r\nUSER dev 0 * :dev\r\nPING 1\r\nLUSERS\r\nPING 2")
            #expect(said.contains(" 001 dev "))
            #expect(said.hasSuffix(":singer.local PONG singer.local :2\r\n"))
            // Also what takes its time: the keys of an account are made meanwhile.
            let registered = try await gateway.converse("NICK dev\r\nUSER dev 0 * :dev\r\nREGISTER dev correct-horse\r\nPOST last words\r\nHELP")
            #expect(registered.contains(" 900 dev ") && registered.contains(" NOTICE dev :posted "))
            #expect(registered.split(separator: "\r\n").last?.contains(" 706 dev ") == true)
        }
    }

    @Test func `what a client says as soon as it is welcome comes before what another says after it`() async throws {
        try await withGateway { (gateway) async throws in
            let reader = try LineClient(port: gateway.port)
            reader.send("NICK reader\r\nUSER reader 0 * :reader\r")
            while try await reader.line()?.contains(" 376 ") == false {}
            for number in 0..<300 {
                let writer = try LineClient(port: gateway.port)
                writer.send("NICK w\(number)\r\nUSER w 0 * :w\r")
                while try await writer.line()?.contains(" 376 ") == false {}
                writer.send("PRIVMSG reader :\(number)\r")
                reader.send("PING after\r")
                #expect(try await reader.line()?.hasSuffix(" PRIVMSG reader :\(number)") == true)
                #expect(try await reader.line()?.contains(" PONG ") == true)
            }
        }
    }

    @Test func `TLS serves every dialect on its port, and tells IRC clients to stay with it`() async throws {
        let files = try TestCertificate()
        try await withGateway(GatewayConfiguration(tls: files.tls)) { (gateway) async throws in
            let said = try await gateway.converse("CAP LS 302\r\nCAP REQ sts\r\nNICK dev\r\nUSER dev 0 * :dev\r\nCAP END\r\nPING x\r\n", tls: true)
            #expect(said.contains(" CAP * LS ") && said.contains("sts=duration=2592000 "))
            #expect(said.contains(" CAP * NAK :sts") && said.contains(" 001 dev "))
            #expect(said.hasSuffix(" PONG singer.local :x\r\n"))
            #expect(try await gateway.converse("STATUS\n", tls: true).hasSuffix("\n"))
            #expect(try await gateway.converse("FORMAT json\nPING x\n", tls: true).contains("{"))
        }
        try await withGateway { (gateway) async throws in
            #expect(try await !gateway.converse("CAP LS 302\r\n").contains("sts"))
        }
    }

    @Test func `a line in the home view is a post, and followers see it with its time and id`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await andre.ask("CAP REQ :message-tags server-time echo-message batch account-tag", "NICK a", "USER a 0 * :a", "CAP END")
                let registered = try await andre.ask("REGISTER andre correct-horse")
                #expect(registered.contains { $0.hasSuffix(":a!a@guest.singer NICK andre") || $0.contains(" NICK andre") })
                #expect(registered.contains { $0.contains(" JOIN &home") })
                try await gateway.connect { (diogo) async throws in
                    _ = try await diogo.ask("NICK d", "USER d 0 * :d", "REGISTER diogo wrong-horse")
                    let followed = try await diogo.ask("INVITE andre &home")
                    #expect(followed.contains { $0.hasPrefix(":andre!andre@") && $0.hasSuffix(".key JOIN &home") })
                    let echo = try await andre.ask("PRIVMSG &home :Hello, world")
                    let post = try #require(echo.first { $0.contains(" PRIVMSG &home :Hello, world [") })
                    let hash = try #require(post.firstMatch(of: /msgid=([a-z2-7]{52})/)?.1)
                    #expect(post.contains("time=20") && post.contains("account=andre"))
                    let seen = try await diogo.wait(for: "Hello, world")
                    #expect(seen.hasPrefix(":andre!andre@") && seen.hasSuffix(" PRIVMSG &home :Hello, world [\(hash.prefix(5))]\r\n"))
                    // Commands after a dot, to the service, and by /quote.
                    #expect(try await diogo.ask("PRIVMSG &home :.like \(hash.prefix(5))").contains { $0.hasSuffix("NOTICE &home :liked \(hash.prefix(5))") })
                    #expect(try await diogo.ask("PRIVMSG singer :unlike \(hash.prefix(5))").contains { $0.contains("NOTICE diogo :unliked") })
                    #expect(try await diogo.ask("REPLY \(hash.prefix(5)) I agree").contains { $0.contains("NOTICE diogo :posted") })
                    #expect(try await diogo.ask("PRIVMSG &home :.nonsense")[0].hasPrefix(":singer.local FAIL NONSENSE UNKNOWN_COMMAND :"))
                    #expect(try await diogo.ask("SET ids off", "PRIVMSG &home :.timeline").count >= 2)
                    #expect(try await diogo.ask("KICK &home andre").contains { $0.contains(" KICK &home andre ") })
                    #expect(try await diogo.ask("PRIVMSG &home :.follow nobodyatall")[0].contains(" NO_SUCH_USER "))
                }
            }
        }
    }

    @Test func `guests can't post, and are told what to do`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                let said = try await client.ask("NICK dev", "USER dev 0 * :dev", "JOIN &home", "PRIVMSG &home :hi", "POST hi")
                #expect(said.filter { $0.contains(" NEED_LOGIN ") }.count == 3)
                #expect(try await client.ask("LOGIN nobody whatever1").contains { $0.contains(" 464 ") })
            }
        }
    }

    @Test func `views have their history`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                _ = try await client.ask(
                    "CAP REQ :message-tags server-time batch draft/chathistory draft/multiline", "NICK a", "USER a 0 * :a", "CAP END",
                    "REGISTER andre correct-horse", "PRIVMSG &home :one", "PRIVMSG &home :two #swift")
                let long = (1...120).map { "word\($0)" }.joined(separator: " ")
                _ = try await client.ask("POST \(long.prefix(480))", "SET ids off")
                let history = try await client.ask("CHATHISTORY LATEST &home * 10")
                #expect(history.filter { $0.contains(" PRIVMSG &home :") }.count >= 3)
                #expect(history.first?.contains(" chathistory &home") == true)
                let tagged = try await client.ask("JOIN &#swift", "CHATHISTORY LATEST &#swift * 10")
                #expect(tagged.filter { $0.contains(" PRIVMSG &#swift :two #swift") }.count == 1)
                #expect(try await client.ask("CHATHISTORY LATEST &#none * 10").count == 2)
                #expect(try await client.ask("CHATHISTORY BEFORE &home msgid=nonsense 10").count == 2)
                #expect(try await client.ask("PART &#swift")[0].contains(" PART &#swift"))
            }
        }
    }

    @Test func `a passphrase before registration gives the account's name, and sessions of an account share it`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                _ = try await first.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse", "JOIN #talk")
                try await gateway.connect { (second) async throws in
                    let said = try await second.ask("PASS andre:correct-horse", "NICK other", "USER x 0 * :x")
                    #expect(said.contains { $0.contains(" 001 andre :") })
                    #expect(said.contains { $0.hasSuffix(" JOIN #talk") } && said.contains { $0.hasSuffix(" JOIN &home") })
                    _ = try await first.ask("PRIVMSG &home :from the first", "PRIVMSG #talk :hello")
                    #expect(try await second.wait(for: " PRIVMSG #talk :hello").hasPrefix(":andre!andre@"))
                    // The post may come before or after: it goes by way of the store.
                    #expect(try await second.ask("NAMES #talk").contains { $0.hasSuffix(" = #talk :@andre") })
                }
                #expect(try await first.ask("ISON andre") == [":singer.local 303 andre :andre"])
                let wrong = try await gateway.converse("PASS andre:wrong-horse\r\nNICK x\r\nUSER x 0 * :x\r\n", halfClose: false)
                #expect(wrong.contains(" 464 ") && wrong.hasSuffix("ERROR :Password incorrect\r\n"))
            }
        }
    }

    @Test func `a client that logs in by SASL after NICK and USER has its timeline, and the nick that another session of it has`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                _ = try await first.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse")
                try await gateway.connect { (second) async throws in
                    // As WeeChat does it: the base64 is of \0andre\0correct-horse.
                    let said = try await second.ask(
                        "CAP LS 302", "NICK andre", "USER root 0 * :root", "NICK andre_", "CAP REQ :sasl server-time", "AUTHENTICATE PLAIN",
                        "AUTHENTICATE AGFuZHJlAGNvcnJlY3QtaG9yc2U=", "CAP END")
                    #expect(said.contains { $0.contains(" 433 ") && $0.contains(" andre :") })
                    #expect(said.contains { $0.contains(" 001 andre :") })
                    #expect(said.contains { $0.contains(" JOIN &home") })
                    #expect(said.contains { $0.contains(" 366 andre &home ") })
                }
            }
        }
    }

    @Test func `what is wrong with a command after a dot is said where it was typed`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (client) async throws in
                _ = try await client.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse")
                let unknown = try await client.ask("PRIVMSG &home :.nonsense")
                #expect(unknown.contains { $0.hasPrefix(":singer!singer@singer.local NOTICE &home :UNKNOWN_COMMAND ") })
                let missing = try await client.ask("PRIVMSG &home :.like zzzzz")
                #expect(missing.contains { $0.hasPrefix(":singer!singer@singer.local NOTICE &home :NO_SUCH_POST ") })
                let asked = try await client.ask("PRIVMSG singer :like zzzzz")
                #expect(asked.contains { $0.hasPrefix(":singer!singer@singer.local NOTICE andre :NO_SUCH_POST ") })
            }
        }
    }

    @Test func `a view that is opened shows its latest posts to a client without history, and WHOIS tells the profile of who is here`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await andre.ask(
                    "CAP REQ :server-time", "NICK a", "USER a 0 * :a", "CAP END", "REGISTER andre correct-horse", "PRIVMSG &home :one #swift",
                    "PRIVMSG &home :two")
                let tagged = try await andre.ask("JOIN &#swift")
                let posts = tagged.filter { $0.contains(" PRIVMSG &#swift :one #swift [") }
                #expect(posts.count == 1 && posts[0].hasPrefix("@time=20"))
                #expect(try await andre.ask("JOIN &@andre").filter { $0.contains(" PRIVMSG &@andre :") }.count == 2)
                #expect(try await andre.ask("WHOIS andre").contains { $0.contains(" 320 andre andre :key ") })
                // What is said in a conversation is shown in the timeline.
                let id = try #require(posts[0].firstMatch(of: /\[([a-z2-7]+)\]/)?.1)
                let answered = try await andre.ask("JOIN &thread-\(id)", "PRIVMSG &thread-\(id) :an answer")
                #expect(answered.filter { $0.contains(" PRIVMSG &home :an answer [") && $0.hasSuffix(">\(id)]") }.count == 1)
                try await gateway.connect { (guest) async throws in
                    let whois = try await guest.ask("NICK g", "USER g 0 * :g", "WHOIS andre")
                    #expect(whois.contains { $0.contains(" 311 g andre ") } && !whois.contains { $0.contains(" 320 ") })
                }
            }
        }
    }

    @Test func `a client that comes back and opens a view again is shown what is new in it`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                _ = try await first.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse", "PRIVMSG &home :one #swift", "JOIN &#swift")
                _ = try await first.ask("QUIT")
            }
            try await gateway.connect { (second) async throws in
                _ = try await second.ask("PASS andre:correct-horse", "NICK a", "USER a 0 * :a", "PRIVMSG &home :two #swift")
                func posts(_ lines: [String]) -> [Substring] { lines.compactMap { $0.firstMatch(of: /PRIVMSG &#swift :(\w+)/)?.1 } }
                #expect(try await posts(second.ask("JOIN &#swift")) == ["two"])
                #expect(try await posts(second.ask("PART &#swift", "JOIN &#swift")) == ["one", "two"])
            }
        }
    }

    @Test func `a client that does not read is cut, and costs others nothing`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (deaf) async throws in
                try await deaf.send("NICK deaf\r\nUSER x 0 * :x\r\nJOIN #flood\r\n")
                _ = try await deaf.wait(for: " 366 ")
                try await gateway.connect { (writer) async throws in
                    _ = try await writer.ask("NICK writer", "USER x 0 * :x", "JOIN #flood")
                    let lines = String(repeating: "PRIVMSG #flood :" + String(repeating: "x", count: 400) + "\r\n", count: 500)
                    var isCut = false
                    for _ in 0..<200 where !isCut {
                        try await writer.send(lines)
                        isCut = try await writer.ask().contains { $0.hasPrefix(":deaf!") && $0.hasSuffix(" QUIT :SendQ exceeded") }
                    }
                    #expect(isCut)
                }
            }
        }
    }

    @Test func `who may speak no more, having just spoken, is not heard`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (keeper) async throws in
                try await keeper.register("keeper")
                _ = try await keeper.ask("JOIN #talk")
                var heard: [String] = []
                try await gateway.connect { (other) async throws in
                    try await other.register("other")
                    _ = try await other.ask("JOIN #talk", "PRIVMSG #talk :one", "PRIVMSG #talk :two")
                    heard += try await keeper.ask("MODE #talk +m")
                    #expect(try await other.ask("PRIVMSG #talk :three").mention(" 404 "))
                    heard += try await keeper.ask("MODE #talk +v other")
                    _ = try await other.ask("PRIVMSG #talk :four", "PRIVMSG #talk :five")
                    heard += try await keeper.ask("KICK #talk other")
                    #expect(try await other.ask("PRIVMSG #talk :six").mention(" 404 "))
                    heard += try await keeper.ask("TOPIC #talk :Tea")
                }
                let words = heard.filter { $0.contains(" PRIVMSG #talk ") }.compactMap { $0.split(separator: ":").last }
                #expect(words == ["one", "two", "four", "five"])
            }
        }
    }
}
