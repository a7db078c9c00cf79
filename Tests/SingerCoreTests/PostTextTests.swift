import Testing

@testable import SingerCore

@Suite struct PostTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("e\u{301}", "\u{e9}"), ("a\tb", "a b"), ("a\r\nb\rc\nd", "a\nb\nc\nd"), ("  \n a b \n\t ", "a b"),
        ("\u{212B}", "\u{C5}"), ("q\u{323}\u{307}", "q\u{323}\u{307}"), ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ("\u{1100}\u{1161}", "\u{AC00}"), ("👩‍👩‍👧", "👩‍👩‍👧"), ("\u{A0}x\u{3000}", "x"), ("a\r\n\r\nb", "a\n\nb"), ("\u{FB01}", "\u{FB01}"),
        ("hello \u{301} ", "hello \u{301}"), ("1 \u{FE0F}\u{20E3}", "1 \u{FE0F}\u{20E3}"),
    ])
    func `typed text is normalised and trimmed`(typed: String, expected: String) throws {
        let text = try PostText(typed: typed)
        // By bytes: strings compare equal whatever their normalisation.
        #expect(Array(text.string.utf8) == Array(expected.utf8))
        #expect(text.isNormalised)
        #expect(try PostText(typed: text.string) == text)
    }

    @Test(arguments: ["", " \n\t", "\u{A0}\u{3000}", "\u{200B}", "\u{AD}", "\u{FEFF} \u{200D}", "\u{FE0F}"])
    func `a text that nobody could see is none`(typed: String) { #expect(throws: PostText.Objection.empty) { try PostText(typed: typed) } }

    @Test func `the limit is 2,000 bytes after normalisation`() throws {
        #expect(try PostText(typed: String(repeating: "x", count: 2_000)).string.utf8.count == 2_000)
        #expect(throws: PostText.Objection.tooLong(bytes: 2_001, max: 2_000)) { try PostText(typed: String(repeating: "x", count: 2_001)) }
        #expect(throws: PostText.Objection.tooLong(bytes: 2_002, max: 2_000)) { try PostText(typed: String(repeating: "é", count: 1_001)) }
        // 3,000 bytes as typed, 2,000 when composed; blanks around it do not count.
        #expect(try PostText(typed: "  " + String(repeating: "e\u{301}", count: 1_000) + "\n").string.utf8.count == 2_000)
        #expect(throws: PostText.Objection.tooLong(bytes: 6, max: 5)) { try PostText(typed: "123456", bytesMax: 5) }
    }

    @Test(arguments: [0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9B, 0x9F] as [UInt32])
    func `a control character is refused, and named`(value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        #expect(throws: PostText.Objection.controlCharacter(value)) { try PostText(typed: "a\(Character(scalar))b") }
        #expect(throws: PostText.Objection.controlCharacter(value)) { try PostText(canonical: "a\(Character(scalar))b") }
    }

    @Test func `canonical text takes newlines, but neither tabs nor carriage returns`() throws {
        #expect(try PostText(canonical: "a\nb").string == "a\nb")
        #expect(throws: PostText.Objection.controlCharacter(9)) { try PostText(canonical: "a\tb") }
        #expect(throws: PostText.Objection.controlCharacter(13)) { try PostText(canonical: "a\r\nb") }
        #expect(try PostText(canonical: "").string == "")
    }

    @Test(arguments: ["", " ", "\n\n", "\t \r\n", "\u{3000}"])
    func `blank text is refused`(typed: String) {
        #expect(throws: PostText.Objection.empty) { try PostText(typed: typed) }
    }

    @Test func `text from outside must be normalised already`() throws {
        #expect(try PostText(received: "\u{e9}").string == "é")
        #expect(throws: Refusal.outOfBounds) { try PostText(received: "e\u{301}") }
        #expect(throws: Refusal.outOfBounds) { try PostText(received: "a\u{1B}[2J") }
        #expect(throws: Refusal.outOfBounds) { try PostText(received: String(repeating: "x", count: 2_001)) }
    }

    @Test func `mentions are names after an at sign, folded, each once, in order`() throws {
        let text = try PostText(typed: "@Bob, hi @alice! @BOB (@carl_1) mail@dave.org @1x @home @andré @@eve @f-g. @")
        #expect(text.mentions == ["bob", "alice", "carl_1", "eve", "f-g"])
        #expect(try PostText(typed: "@" + String(repeating: "a", count: 25)).mentions == [])
        #expect(try PostText(typed: "é@bob 1@bob _@bob").mentions == ["bob"])
    }

    @Test func `hashtags are words after a hash, folded, each once, in order`() throws {
        let text = try PostText(typed: "#Swift and #swift, #Café #日本語 c#7 (#a_b) # #1")
        #expect(text.hashtags == ["swift", "café", "日本語", "a_b", "1"])
    }
}

@Suite struct TerminalTests {
    static let dangerous: [ClosedRange<UInt32>] = [0x00...0x09, 0x0B...0x1F, 0x7F...0x9F, 0x2028...0x2029, 0x202A...0x202E, 0x2066...0x2069]

    @Test(arguments: dangerous) func `nothing that drives a terminal comes through`(range: ClosedRange<UInt32>) throws {
        for value in range {
            let scalar = try #require(Unicode.Scalar(value))
            #expect("a\(Character(scalar))b".withoutTerminalControls.unicodeScalars.map(\.value) == [0x61, 0xFFFD, 0x62], "\(value)")
        }
    }

    @Test func `newlines and all other text come through`() {
        for text in ["a\nb", "é e\u{301} 日本語 👩‍👩‍👧 \u{A0}\u{200D}", "שלום"] {
            #expect(Array(text.withoutTerminalControls.utf8) == Array(text.utf8))
        }
    }

    @Test func `a carriage return does not hide in a line end`() {
        #expect("a\r\nb".withoutTerminalControls == "a\u{FFFD}\nb")
        #expect("\u{1B}[31mred".withoutTerminalControls == "\u{FFFD}[31mred")
        // C1 inside a grapheme cluster.
        #expect("e\u{301}\u{9B}".withoutTerminalControls.unicodeScalars.allSatisfy { $0.value != 0x9B })
    }
}
