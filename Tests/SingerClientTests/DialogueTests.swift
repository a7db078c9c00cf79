import Testing

@testable import SingerClient

struct StatusLineTests {
    private let start = ContinuousClock.now

    @Test func `an answer may take a second before it is spoken of`() {
        let status = StatusLine()
        let wait = StatusLine.Wait(what: "FOLLOW", since: start)
        #expect(status.text(nil, now: start).isEmpty)
        #expect(status.deadline(nil, now: start) == nil)
        #expect(status.text(wait, now: start + .milliseconds(999)).isEmpty)
        #expect(status.deadline(wait, now: start + .milliseconds(10)) == start + .seconds(1))
        #expect(status.text(wait, now: start + .milliseconds(2_500)) == "· FOLLOW: no answer yet, 2 s")
        #expect(status.deadline(wait, now: start + .milliseconds(2_500)) == start + .seconds(3))
    }

    @Test func `posts are counted when many come at once, until they pause`() {
        var status = StatusLine()
        for number in 0..<312 { status.arrived(at: start + .milliseconds(number)) }
        let last = start + .milliseconds(311)
        #expect(status.text(nil, now: last) == "· 312 posts so far…")
        #expect(status.deadline(nil, now: last) == last + .seconds(1))
        #expect(status.text(nil, now: last + .seconds(1)).isEmpty)
        #expect(status.deadline(nil, now: last + .seconds(1)) == nil)
        status.arrived(at: last + .seconds(2))
        #expect(status.text(nil, now: last + .seconds(2)).isEmpty)
    }
}

struct PassphraseChangeTests {
    @Test(arguments: [
        ("old new", "old", "new"), (#""old one" new one"#, "old one", "new one"), (#""old new"#, #""old"#, "new"), (#""a"b c"#, #""a"b"#, "c"),
        (#"" a" b"#, " a", "b"), ("a \t b ", "a", "b "),
    ])
    func `a line is cut as the peer cuts it`(rest: String, old: String, new: String) {
        #expect(PassphraseChange(rest) == PassphraseChange(old: old, new: new))
    }

    @Test(arguments: ["", "one", #""one two""#, "  "]) func `one passphrase is no change`(rest: String) { #expect(PassphraseChange(rest) == nil) }

    @Test(arguments: ["old", "old one", #"o"ld"#, #""old"#, #"ol"d""#, #""o"ld"#, " old ", "o'ld", "漢字 é"])
    func `an old passphrase is written so that the peer reads it`(old: String) throws {
        let change = PassphraseChange(old: old, new: "a new one")
        let command = try #require(change.command)
        #expect(PassphraseChange(command.dropFirst("PASSWD ".count)) == change)
    }

    @Test(arguments: [#"o"ld one"#, #""old""#]) func `what no line can say is not sent as something else`(old: String) {
        #expect(PassphraseChange(old: old, new: "new").command == nil)
    }
}
