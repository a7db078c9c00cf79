import SingerTesting
import Testing

@testable import SingerClient

struct LineTests {
    @Test func `lines come out as they went in, however they were cut`() throws {
        let text = "OK\r\n  row ⏎ 漢字\n\n* push\nrest"
        var generator = Generator(seed: 7)
        for _ in 0..<200 {
            var buffer = LineBuffer()
            var lines: [String] = []
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = Int.random(in: 1...bytes.count, using: &generator)
                buffer.feed(bytes.prefix(count))
                bytes = bytes.dropFirst(count)
                while let line = try buffer.next() { lines.append(line) }
            }
            #expect(lines == ["OK", "  row ⏎ 漢字", "", "* push"])
            #expect(buffer.rest == "rest")
        }
    }

    @Test func `a line without an end is refused before it fills the memory`() {
        var buffer = LineBuffer()
        let chunk = [UInt8](repeating: 120, count: 1 << 16)
        #expect(throws: LineBuffer.TooLong.self) {
            for _ in 0..<32 {
                buffer.feed(chunk)
                _ = try buffer.next()
            }
        }
    }

    @Test(arguments: [
        ("  row", ReplyLine.row), (#"{"row":"post"}"#, .row), ("OK", .done), ("OK posted k7f3q", .done), (#"{"ok":"posted"}"#, .done),
        ("ERR NEED_LOGIN x", .failed), (#"{"error":"X"}"#, .failed), ("* like a b", .pushed), (#"{"event":"post"}"#, .pushed),
        ("NOTICE * :*** Singer", .pushed), ("OKAY", .foreign), ("HTTP/1.1 400", .foreign), ("", .foreign), (":irc", .foreign),
    ])
    func `a line of a peer is known by how it begins`(line: String, kind: ReplyLine) { #expect(ReplyLine(line) == kind) }

    @Test func `a typed line is tag, verb and rest`() throws {
        let line = try #require(TypedLine("  #42  /reply k7f3q  so it is "))
        #expect(line.tag == "#42" && line.verb == "REPLY" && line.rest == "k7f3q  so it is")
        #expect(TypedLine(" \t ") == nil)
        #expect(TypedLine("POST")?.opensText == true)
        #expect(TypedLine("POST x")?.opensText == false)
        #expect(TypedLine("reply k7f3q")?.opensText == true)
        #expect(TypedLine("IMPORT")?.opensText == true)
        #expect(TypedLine("IMPORT abc")?.opensText == false)
        #expect(TypedLine("post -")?.opening == "POST")
        #expect(TypedLine("#1 reply k7f3q -")?.opening == "#1 REPLY k7f3q")
    }

    @Test(arguments: [
        "LOGIN a b", "/login a b", "#4 Register a b", "PASSWD a b", "LOGN a b", "REGISTR a b", "PASSWRD a b", "PASS x", "ADOPT c s p", "IDENTITY p",
    ])
    func `what may hold a passphrase is secret`(line: String) { #expect(TypedLine(line)?.isSecret == true) }

    @Test(arguments: ["POST a b", "LIKE k7f3q", "FORWARD m2wd5", "PING", "STATUS", "WHOIS andre", "PEERS", "PROFILE bio x", "LOGOUT", "EXPORT", "IMPORT"])
    func `commands that hold none are not`(line: String) {
        #expect(TypedLine(line)?.isSecret == false)
    }

    @Test func `POST alone takes the lines up to the dot`() {
        var reader = ScriptReader()
        #expect(reader.take("PING") == .line("PING"))
        #expect(reader.take("") == nil)
        #expect(reader.take("POST") == nil)
        #expect(reader.isInsideText)
        #expect(reader.take("DELETE x") == nil)
        #expect(reader.take("..") == nil)
        #expect(reader.take(".") == .text(opening: "POST", lines: ["DELETE x", ".."]))
        #expect(!reader.isInsideText)
    }

    @Test func `a whole text gets its dots doubled`() {
        #expect(ScriptStep.text(opening: "POST", whole: "a\r\n.b\n\nc\n\n").lines == ["POST", "a", "..b", "", "c", "."])
    }

    @Test func `pasted lines go where the line they were pasted into goes`() {
        #expect(PastedText("one line") == nil)
        #expect(PastedText("a\nb")?.opening == "POST")
        #expect(PastedText("post a\nb")?.text == "a\nb")
        #expect(PastedText("REPLY k7f3q a\nb")?.opening == "REPLY k7f3q")
        #expect(PastedText("REPLY k7f3q a\nb")?.text == "a\nb")
        #expect(PastedText("LOGOUT\nb")?.text == "LOGOUT\nb")
        #expect(PastedText.lines(of: "TIMELINE 2") == nil)
        #expect(PastedText.lines(of: "TIMELINE 2\n") == ["TIMELINE 2"])
        #expect(PastedText.lines(of: "a\r\n\n.\n") == ["a", "", "."])
    }

    @Test func `attempts come at growing intervals, up to a bound`() {
        var generator = Generator(seed: 1)
        var backoff = Backoff()
        let waits = (0..<12).map { _ in backoff.next(using: &generator) }
        #expect(waits[0] <= Backoff.first)
        #expect(waits.allSatisfy { $0 <= Backoff.longest && $0 > .zero })
        #expect(waits[11] >= Backoff.longest / 2)
        backoff.reset()
        #expect(backoff.next(using: &generator) <= Backoff.first)
    }
}
