import SingerCore
import Testing

@testable import SingerGateway

@Suite struct RequestTests {
    private func request(_ line: String) throws -> Request { try #require(try Request(line)) }

    @Test func `the rest of the line is the last argument`() throws {
        var post = try request("  POST \t I made   a post!  ")
        #expect(post.verb == "POST")
        #expect(post.arguments.text == "I made   a post!")
        post = try request("/fwd m2wd5")
        #expect(post.verb == "fwd")
        #expect(post.arguments.text == "m2wd5")
    }

    @Test func `blank lines are nothing`() throws {
        for line in ["", " ", "\t  "] { #expect(try Request(line) == nil) }
    }

    @Test func `a tag comes before the command`() throws {
        let tagged = try request("#42 POST #swift is nice")
        #expect(tagged.tag == "42")
        #expect(tagged.verb == "POST")
        #expect(tagged.arguments.text == "#swift is nice")
        #expect(try request("#a /ping").verb == "ping")
        #expect(try request("#alone").verb == "")
        let longest = String(repeating: "t", count: Request.tagBytesMax)
        #expect(try request("#\(longest) PING").tag == longest)
        for line in ["# PING", "#\(longest)t PING", "#a\u{1B}b PING"] {
            #expect { try Request(line) } throws: { ($0 as? Failure)?.code == .badParameter }
        }
    }

    @Test func `a combining mark after a space does not glue words together`() throws {
        #expect(try request("POST \u{301}x").verb == "POST")
        #expect(try request("#4 \u{301}").verb == "\u{301}")
    }

    @Test func `quotation marks hold words together where they are asked for`() {
        var arguments = Arguments(#""old one" new "one""#)
        #expect(arguments.quotedWord() == "old one")
        #expect(arguments.rest == #"new "one""#)
        for (line, word) in [(#""open new"#, #""open"#), (#""a"b c"#, #""a"b"#), ("plain x", "plain"), (#""" x"#, "")] {
            var arguments = Arguments(line)
            #expect(arguments.quotedWord() == word)
        }
    }

    @Test func `a range is a count, BEFORE an id, or both`() throws {
        func page(_ words: String) throws -> (count: Int, before: String?) { try ReadingCommands.page(Arguments(words)) }
        #expect(try page("") == (Limits.rowsDefault, nil))
        #expect(try page("200") == (Limits.rowsMax, nil))
        #expect(try page("before m2wd5") == (Limits.rowsDefault, "m2wd5"))
        #expect(try page("5 BEFORE m2wd5") == (5, "m2wd5"))
        for wrong in ["0", "201", "-1", "x", "99999999999999999999", "5 AFTER x", "BEFORE a b", "5 6"] {
            #expect { try page(wrong) } throws: { ($0 as? Failure)?.code == .badParameter }
        }
        #expect { try page("5 BEFORE") } throws: { ($0 as? Failure)?.code == .needMoreParameters }
        #expect(try ArchiveCommands.page(Arguments("5 AFTER 7")) == (5, 7))
        #expect { try ArchiveCommands.page(Arguments("5 AFTER x")) } throws: { ($0 as? Failure)?.code == .badParameter }
        #expect { try ArchiveCommands.page(Arguments("AFTER")) } throws: { ($0 as? Failure)?.code == .needMoreParameters }
    }

    @Test func `a text of several lines ends at the dot`() throws {
        var block = TextBlock(.post, tag: "1")
        #expect(try block.take(.line("one")) == nil)
        #expect(try block.take(.line("")) == nil)
        #expect(try block.take(.line("..")) == nil)
        #expect(try block.take(.line("..two")) == nil)
        #expect(try block.take(.line(".three")) == nil)
        #expect(try block.take(.line(".")) == "one\n\n.\n.two\nthree")
    }

    @Test func `what is wrong with a text is told once, after the dot`() throws {
        let full = String(repeating: "x", count: Limits.textBytesMax)
        let wrong: [([LineDecoder.Item], ErrorCode)] = [
            ([.line(full), .line(full), .line(full)], .tooLong),
            ([LineDecoder.Item](repeating: .line("x"), count: Limits.multilineLinesMax + 1), .tooLong),
            ([.tooLong, .line("rest")], .tooLong),
            ([.line("a"), .invalidUTF8, .tooLong], .invalidUTF8),
        ]
        for (items, code) in wrong {
            var block = TextBlock(.reply(to: "m2wd5"), tag: nil)
            for item in items { #expect(try block.take(item) == nil) }
            #expect { try block.take(.line(".")) } throws: { ($0 as? Failure)?.code == code }
        }
    }
}
