import Foundation
import Testing

@testable import SingerGateway

/// Views beside &home, and what happens in them.
@Suite(.timeLimit(.minutes(1))) struct IRCViewTests {
    @Test(arguments: ["", "echo-message "]) func `a post is shown in every other view of its own session`(echo: String) async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", echo + "message-tags")
                _ = try await andre.ask("REGISTER andre correct-horse", "JOIN &@andre,&#swift,&#rust,&mentions")
                let said = try await andre.ask("PRIVMSG &home :I like #swift, @andre")
                let shown = said.filter { $0.contains(" PRIVMSG ") }.compactMap { $0.split(separator: " PRIVMSG ").last?.split(separator: " ").first }
                #expect(Set(shown) == Set((echo.isEmpty ? [] : ["&home"]) + ["&#swift", "&@andre"]))
                #expect(shown.count == (echo.isEmpty ? 2 : 3))
                // A reply typed in a thread stands in the thread, and is a post like any other.
                let id = try #require(said.joined().firstMatch(of: /msgid=([a-z2-7]{52})/)?.1)
                _ = try await andre.ask("JOIN &thread-\(id.prefix(8))")
                let replied = try await andre.ask("PRIVMSG &thread-\(id.prefix(8)) :so do I")
                #expect(replied.filter { $0.contains(" PRIVMSG &thread-") }.count == (echo.isEmpty ? 0 : 1))
                for view in ["&home", "&@andre"] { #expect(replied.filter { $0.contains(" PRIVMSG \(view) :so do I") }.count == 1) }
                // What was not typed anywhere is shown everywhere, once.
                let posted = try await andre.ask("POST by command #rust")
                for view in ["&home", "&@andre", "&#rust"] { #expect(posted.filter { $0.contains(" PRIVMSG \(view) :by command") }.count == 1) }
            }
        }
    }

    @Test func `posts that are sent in a row are told in their order, and each is answered`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (diogo) async throws in
                try await diogo.register("diogo", "")
                _ = try await diogo.ask("REGISTER diogo correct-horse")
                try await gateway.connect { (andre) async throws in
                    try await gateway.connect { (bia) async throws in
                        // The same posts, in two ways.
                        try await andre.register("andre", "message-tags draft/message-redaction")
                        _ = try await andre.ask("REGISTER andre correct-horse", "FOLLOW diogo")
                        try await bia.register("bia", "")
                        _ = try await bia.ask("REGISTER bia correct-horse", "FOLLOW diogo", "SET ids off")
                        let said = try await diogo.ask(
                            "PRIVMSG &home :one", "PRIVMSG &HOME two", "PRIVMSG &home : ", "PRIVMSG &home :three", "PRIVMSG &home :.whois diogo",
                            "PRIVMSG &home :four")
                        let told = said.compactMap { $0.firstMatch(of: #/ TOPIC &home :(\w+)| (404) diogo &/#).map { $0.1 ?? $0.2 ?? "" } }
                        #expect(told == ["one", "two", "404", "three", "four"])
                        for text in ["one", "two", "three", "four"] {
                            #expect(try await andre.wait(for: " PRIVMSG &home :").contains(" PRIVMSG &home :\(text)"))
                        }
                        for text in ["one", "two"] { #expect(try await bia.wait(for: " PRIVMSG &home :").hasSuffix(" PRIVMSG &home :\(text)\r\n")) }
                        let id = try #require(said.joined().firstMatch(of: #/ TOPIC &home :two \[([a-z2-7]+)\]/#)?.1)
                        _ = try await diogo.ask("DELETE \(id)")
                        #expect(try await andre.wait(for: " REDACT ").contains(" REDACT &home \(id)"))
                        #expect(try await bia.wait(for: " was deleted").contains(" NOTICE &home :\(id) was deleted"))
                    }
                }
            }
        }
    }

    @Test(arguments: ["&home", "&mentions"]) func `who opens a view before the timeline was shown is told what is new all the same`(view: String) async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (diogo) async throws in
                try await diogo.register("diogo", "")
                _ = try await diogo.ask("REGISTER diogo correct-horse")
                _ = try await gateway.converse("REGISTER andre correct-horse\nFOLLOW diogo\n")
                try await gateway.connect { (andre) async throws in
                    // Logged in once it is registered, it is shown the timeline a little later.
                    try await andre.register("guest", "sasl")
                    let secret = Data("\0andre\0correct-horse".utf8).base64EncodedString()
                    _ = try await andre.ask("AUTHENTICATE PLAIN", "AUTHENTICATE \(secret)", "JOIN \(view)")
                    _ = try await diogo.ask("PRIVMSG &home :hello @andre")
                    #expect(try await andre.wait(for: "hello @andre").contains(" PRIVMSG \(view) :"))
                }
            }
        }
    }

    @Test(arguments: ["*", "AAAA"]) func `who fails to log in again has the timeline of the account as before`(end: String) async throws {
        try await withGateway { (gateway) async throws in
            _ = try await gateway.converse("REGISTER andre correct-horse\nPOST here I am\n")
            let secret = Data("\0andre\0correct-horse".utf8).base64EncodedString()
            try await gateway.connect { (again) async throws in
                try await gateway.connect { (once) async throws in
                    // Logged in once they are registered, they are shown the timeline a little later: first this one, if it had not begun again.
                    try await again.register("guest1", "sasl")
                    try await once.register("guest2", "sasl")
                    _ = try await again.ask("AUTHENTICATE PLAIN", "AUTHENTICATE \(secret)", "AUTHENTICATE PLAIN")
                    _ = try await once.ask("AUTHENTICATE PLAIN", "AUTHENTICATE \(secret)")
                    _ = try await once.wait(for: "here I am")
                    #expect(try await again.ask("AUTHENTICATE \(end)").contains { $0.contains(end == "*" ? " 906 " : " 904 ") })
                    _ = try await again.wait(for: "here I am")
                }
            }
        }
    }

    @Test func `what stood in a view when it was opened is not new in it`() async throws {
        try await withGateway { (gateway) async throws in
            _ = try await gateway.converse("REGISTER diogo correct-horse\nPOST old one #tag\nPOST old two #tag\n")
            try await gateway.connect { (andre) async throws in
                _ = try await andre.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse")
                _ = try await gateway.converse("LOGIN diogo correct-horse\nPOST old three #tag\n")
                #expect(try await andre.ask("JOIN &#tag").count { $0.contains(" PRIVMSG &#tag :old ") } == 3)
                _ = try await gateway.converse("LOGIN diogo correct-horse\nPOST new one #tag\n")
                var told: [String] = []
                while told.last?.contains(" PRIVMSG &#tag :new one ") != true { told.append(try await andre.line()) }
                #expect(!told.mention(" PRIVMSG &#tag :old "), "\(told)")
            }
        }
    }

    @Test func `a text after /quote has its colons and spaces`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await andre.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse")
                _ = try await andre.ask("POST smile :) ok", "POST :as  IRC has it", "PROFILE bio I am :andre", "PROFILE site :x.example")
                let posts = try await gateway.converse("LOGIN andre correct-horse\nTIMELINE 2\nPROFILE\n")
                for text in ["<andre> smile :) ok [", "<andre> as  IRC has it [", "bio I am :andre", "site x.example"] {
                    #expect(posts.contains(text), "\(posts)")
                }
                // Many libraries put a colon before the last parameter, also where it is the only one.
                #expect(try await andre.ask("PROFILE :site y.example").mention("profile site set"))
                _ = try await gateway.converse("REGISTER diogo correct-horse\n")
                #expect(try await andre.ask("FOLLOW :diogo").mention("following diogo"))
                #expect(try await andre.ask("LOGOUT", "LOGIN :andre correct-horse").mention(" 900 "))
            }
        }
    }

    @Test func `the topic of the timeline is the last post that stands`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                _ = try await andre.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse", "POST first")
                _ = try await andre.ask("POST last")
                let shown = try await gateway.converse("LOGIN andre correct-horse\nTIMELINE 1\n")
                let id = try #require(shown.firstMatch(of: /last \[([a-z2-7]+)\]/)?.1)
                try await gateway.connect { (other) async throws in
                    _ = try await other.ask("NICK o", "USER o 0 * :o", "LOGIN andre correct-horse")
                    let told = try await andre.ask("DELETE \(id)")
                    #expect(told.mention(" TOPIC &home :first ["))
                    #expect(try await andre.ask("TOPIC &home").contains { $0.contains(" 332 ") && $0.contains(":first [") })
                    #expect(try await other.wait(for: " TOPIC &home ").contains(":first ["))
                    // Not one that nobody sees there.
                    let first = try #require(told.joined().firstMatch(of: /first \[([a-z2-7]+)\]/)?.1)
                    #expect(try await andre.ask("PRIVMSG &home :third").mention(" TOPIC &home :third ["))
                    #expect(try await other.wait(for: " TOPIC &home ").contains(":third ["))
                    #expect(try await !andre.ask("DELETE \(first)").mention(" TOPIC "))
                }
            }
        }
    }

    @Test func `a command that is typed in a conversation is not posted there`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", "echo-message message-tags")
                let said = try await andre.ask("REGISTER andre correct-horse", "PRIVMSG &home :hello")
                let id = try #require(said.joined().firstMatch(of: /hello \[([a-z2-7]+)\]/)?.1)
                let told = try await andre.ask("JOIN &thread-\(id)", "PRIVMSG &thread-\(id) :.whois andre", "PRIVMSG &thread-\(id) :.statsu")
                #expect(told.mention("name andre") && told.mention(" 421 "))
                #expect(try await gateway.converse("LOGIN andre correct-horse\nTHREAD \(id)\n").contains("OK 1 post\n"))
            }
        }
    }

    @Test func `a deleted post goes from every view that showed it`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (diogo) async throws in
                try await diogo.register("diogo", "message-tags draft/message-redaction echo-message")
                _ = try await diogo.ask("REGISTER diogo correct-horse", "JOIN &@diogo,&#swift")
                try await gateway.connect { (modern) async throws in
                    try await gateway.connect { (old) async throws in
                        // One who follows, and one who only looks on.
                        try await modern.register("andre", "message-tags draft/message-redaction")
                        _ = try await modern.ask("REGISTER andre correct-horse", "FOLLOW diogo", "JOIN &#swift,&#other")
                        _ = try await old.ask("NICK tiago", "USER t 0 * :t", "REGISTER tiago correct-horse", "JOIN &#swift,&@diogo")
                        let said = try await diogo.ask("PRIVMSG &home :I like #swift")
                        let hash = try #require(said.joined().firstMatch(of: /msgid=([a-z2-7]{52})/)?.1)
                        _ = try await modern.wait(for: " PRIVMSG &home :I like #swift")
                        _ = try await old.wait(for: " PRIVMSG &@diogo :I like #swift")
                        let gone = try await diogo.ask("REDACT &home \(hash) :a mistake")
                        #expect(gone.filter { $0.hasSuffix(" \(hash) :a mistake") }.count == 3)
                        for view in ["&#swift", "&home"] {
                            #expect(try await modern.wait(for: " REDACT ").hasSuffix(" REDACT \(view) \(hash)\r\n"))
                        }
                        for view in ["&#swift", "&@diogo"] {
                            #expect(try await old.wait(for: " NOTICE &").hasSuffix(" NOTICE \(view) :\(hash.prefix(5)) was deleted by its author\r\n"))
                        }
                        #expect(try await !old.ask().mention("NOTICE &home"))
                        #expect(try await !modern.ask().mention("REDACT"))
                    }
                }
            }
        }
    }

    @Test func `an action is a post that names its author, and other CTCP is none`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", "echo-message")
                _ = try await andre.ask("REGISTER andre correct-horse")
                #expect(try await andre.ask("PRIVMSG &home :\u{1}ACTION waves\u{1}").contains { $0.contains(" PRIVMSG &home :* andre waves [") })
                #expect(try await andre.ask("PRIVMSG &home :\u{1}VERSION\u{1}").map { $0.contains(" 404 andre &home ") } == [true])
                #expect(try await andre.ask("PRIVMSG singer :timeline").filter { $0.contains(" <andre> ") }.count == 1)
            }
        }
    }

    @Test func `the past of those just followed comes in the order of time`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (diogo) async throws in
                try await gateway.connect { (tiago) async throws in
                    try await diogo.register("diogo")
                    _ = try await diogo.ask("REGISTER diogo correct-horse", "PRIVMSG &home :one")
                    try await tiago.register("tiago")
                    _ = try await tiago.ask("REGISTER tiago correct-horse", "PRIVMSG &home :two")
                    _ = try await diogo.ask("PRIVMSG &home :three")
                    _ = try await tiago.ask("PRIVMSG &home :four")
                }
            }
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre")
                try await andre.send("REGISTER andre correct-horse\r\nFOLLOW tiago\r\n")
                #expect(try await andre.wait(for: " PRIVMSG &home ").contains(" :two ["))
                #expect(try await andre.wait(for: " PRIVMSG &home ").contains(" :four ["))
                try await andre.send("FOLLOW diogo\r\n")
                #expect(try await andre.wait(for: " PRIVMSG &home ").contains(" :one ["))
                #expect(try await andre.wait(for: " PRIVMSG &home ").contains(" :three ["))
            }
        }
    }
}
