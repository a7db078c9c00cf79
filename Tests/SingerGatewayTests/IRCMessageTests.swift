import NIOCore
import Testing

@testable import SingerGateway

@Suite struct IRCMessageTests {
    @Test(
        arguments: [
            ("foo bar baz asdf", nil, "foo", ["bar", "baz", "asdf"]),
            (":coolguy foo bar baz :asdf quux", "coolguy", "foo", ["bar", "baz", "asdf quux"]),
            ("foo bar baz :", nil, "foo", ["bar", "baz", ""]),
            ("foo bar baz ::asdf", nil, "foo", ["bar", "baz", ":asdf"]),
            (":coolguy foo bar baz :  asdf quux ", "coolguy", "foo", ["bar", "baz", "  asdf quux "]),
            (":coolguy!ag@net\u{3}5w\u{3}ork.admin PRIVMSG foo :bar baz", "coolguy!ag@net\u{3}5w\u{3}ork.admin", "PRIVMSG", ["foo", "bar baz"]),
            ("  ping   abc  ", nil, "ping", ["abc"]),
            ("@a=b;c :src  CMD   x  y   :z  ", "src", "CMD", ["x", "y", "z  "]),
            ("@a  :src CMD", "src", "CMD", []),
            ("CMD", nil, "CMD", []),
            ("CMD :", nil, "CMD", [""]),
            ("CMD a b ", nil, "CMD", ["a", "b"]),
            ("CMD a :b :c", nil, "CMD", ["a", "b :c"]),
            ("CMD a:b c:", nil, "CMD", ["a:b", "c:"]),
            (":  CMD x", "", "CMD", ["x"]),
            ("005 a \u{2}b\u{2}", nil, "005", ["a", "\u{2}b\u{2}"]),
            (":src CMD \ta", "src", "CMD", ["\ta"]),
            (":src JOIN #chan", "src", "JOIN", ["#chan"]),
            ("USER :a\u{0301} b", nil, "USER", ["a\u{0301} b"]),
            ("a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", nil, "a", (1...14).map(String.init) + ["15 16"]),
        ] as [(String, String?, String, [String])])
    func `a line is source, command and parameters`(line: String, source: String?, command: String, parameters: [String]) throws {
        let message = try IRCMessage(parsing: line)
        #expect(message.source == source)
        #expect(message.command == command)
        #expect(message.parameters == parameters)
    }

    @Test func `tags are parted, and what is escaped in them is given back`() throws {
        let message = try IRCMessage(parsing: #"@a=b\\and\nk;c=72\s45;d=gh\:764;e;f=;+g=x\b\ :quux ab cd"#)
        #expect(message.tag("a")?.value == "b\\and\nk")
        #expect(message.tag("c")?.value == "72 45")
        #expect(message.tag("d")?.value == "gh;764")
        #expect(message.tag("e") == .init("e", nil))
        #expect(message.tag("f")?.value == "")
        #expect(message.clientTags == [.init("+g", "xb")])
        #expect(message.source == "quux")
        for (text, value) in [#"@k=\\\\ x"#: #"\\"#, #"@k=\:\s\r\n x"#: "; \r\n", "@k=a=b=c x": "a=b=c", #"@k=\q x"#: "q", #"@k=a\ x"#: "a"] {
            #expect(try IRCMessage(parsing: text).tag("k")?.value == value)
        }
        #expect(try IRCMessage(parsing: "@;;k;=v;example.com/k=1 x").tags == [.init("k", nil), .init("example.com/k", "1")])
        #expect(try IRCMessage(parsing: "@a=1;a=2 x").tag("a")?.value == "2")
        #expect(IRCMessage.escape("a; b\\\r\n") == #"a\:\sb\\\r\n"#)
    }

    @Test(arguments: ["", "   ", ":src", "@tag", "@tag :src", "@a=b   "])
    func `what has no command is none`(line: String) {
        #expect(throws: IRCMessage.Objection.empty) { try IRCMessage(parsing: line) }
    }

    @Test func `tags and the rest of the line have their limits`() throws {
        let tags = "@+a=" + String(repeating: "x", count: IRCMessage.clientTagsBytesMax - 5)
        let rest = "PRIVMSG a " + String(repeating: "y", count: 500)
        #expect(try IRCMessage(parsing: tags + " " + rest).parameters.count == 2)
        #expect(throws: IRCMessage.Objection.tooLong) { try IRCMessage(parsing: tags + "x " + rest) }
        #expect(throws: IRCMessage.Objection.tooLong) { try IRCMessage(parsing: tags + " " + rest + "y") }
    }

    @Test func `nothing in a line can begin another one`() throws {
        #expect(try IRCMessage(parsing: "PRIVMSG a :b\rQUIT\u{0}").parameters == ["a", "bQUIT"])
    }

    @Test func `a line is cut at 512 bytes, between characters, its tags left out of account`() {
        var message = IRCOutgoing("PONG", ["s"], source: "s", text: String(repeating: "é", count: 400))
        message.time = 0
        let line = message.line(for: [.serverTime])
        let body = line.drop { $0 != " " }.dropFirst()
        #expect(line.hasPrefix("@time=1970-01-01T00:00:00.000Z :s PONG s :é"))
        #expect(body.utf8.count == 511 || body.utf8.count == 512)
        #expect(body.hasSuffix("é\r\n"))
        #expect(message.line(for: []).hasPrefix(":s PONG "))
    }

    @Test func `tags go only to those who asked for them`() {
        var message = IRCOutgoing("PRIVMSG", ["#a"], source: "x", text: "hi")
        message.time = 1
        message.messageID = "id"
        message.account = "acc"
        message.isBot = true
        message.clientTags = [.init("+a", "b c")]
        #expect(message.line(for: []) == ":x PRIVMSG #a :hi\r\n")
        #expect(message.line(for: [.accountTag]) == "@account=acc :x PRIVMSG #a :hi\r\n")
        #expect(message.line(for: [.messageTags]) == "@msgid=id;bot;+a=b\\sc :x PRIVMSG #a :hi\r\n")
    }

    @Test func `a mask matches whatever its stars stand for`() {
        for (text, mask) in [("coolNick", "coolni*"), ("abc", "*"), ("abc", "a?c"), ("#chan1", "*an1"), ("aab", "*ab"), ("", "*")] {
            #expect(IRCName.matches(text, mask: mask))
        }
        for (text, mask) in [("abc", "ab"), ("abc", "?"), ("abc", "*d"), ("", "?")] { #expect(!IRCName.matches(text, mask: mask)) }
        #expect(!IRCName.matches(String(repeating: "a", count: 200), mask: String(repeating: "*a", count: 100) + "b"))
    }

    @Test func `a long text is split at words, and nothing of it is lost`() {
        let text = (1...200).map { "word\($0)" }.joined(separator: " ")
        let pieces = PostLines.split(text, bytesMax: 100)
        #expect(pieces.joined() == text)
        #expect(pieces.allSatisfy { $0.utf8.count <= 100 })
        #expect(pieces.dropLast().allSatisfy { $0.hasSuffix(" ") })
        for odd in [String(repeating: "é", count: 300), String(repeating: "👨‍👩‍👧", count: 50), "", "a", String(repeating: " ", count: 300)] {
            let pieces = PostLines.split(odd, bytesMax: 101)
            #expect(pieces.joined() == odd)
            #expect(pieces.allSatisfy { $0.utf8.count <= 101 })
        }
        let lines = PostLines.lines("one\n\n" + String(repeating: "x", count: 150), bytesMax: 100)
        #expect(lines.map(\.isContinued) == [false, false, false, true])
    }

    @Test func `timestamps are read as they are written`() {
        for time: Int64 in [0, 1_670_756_165_123, 951_782_400_000, 4_102_444_799_999] { #expect(Timestamp.parse(Timestamp.utc(time)) == time) }
        #expect(Timestamp.parse("2019-01-04T14:33:26Z") == 1_546_612_406_000)
        for wrong in ["*", "", "not-a-timestamp", "2019-13-04T14:33:26.123Z", "2019-01-04T14:33:26.Z", "2019-01-04 14:33:26.123Z", "2019-01-04T14:33:26.1x3Z"] {
            #expect(Timestamp.parse(wrong) == nil)
        }
    }

    @Test(arguments: [("fw", "FORWARD"), ("re", "REPLY"), ("forw", "FORWARD"), ("LIKE", "LIKE"), ("ti", "TIMELINE"), ("follow", "FOLLOW"), ("sea", "SEARCH")])
    func `a command may be abbreviated after a dot`(typed: String, verb: String) throws {
        #expect(try IRCServer.abbreviated(typed) == verb)
    }

    @Test(arguments: ["", "un", "xyz", "p", "forwrd"])
    func `what is no command, or more than one, is an error`(typed: String) {
        #expect(throws: Failure.self) { try IRCServer.abbreviated(typed) }
    }

    @Test func `clients on TLS are told to stay there, and old clients get one line of capabilities`() {
        #expect(IRCCapabilities.list(version: 302, isSecure: true).first == "sts=duration=2592000")
        #expect(!IRCCapabilities.list(version: 302, isSecure: false).contains { $0.hasPrefix("sts") })
        let old = IRCCapabilities.list(version: 301, isSecure: true)
        #expect(!old.contains { $0.contains("=") || $0.hasPrefix("sts") })
        let line = IRCOutgoing("CAP", ["*", "LS"], source: String(repeating: "s", count: 63), text: old.joined(separator: " "))
        #expect(line.isWhole)
    }
}
