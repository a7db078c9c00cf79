import SingerCore
import Testing

@testable import SingerGateway

@Suite struct LineDecoderTests {
    /// What comes of reads, with the end of the input after them.
    private func items(_ reads: [[UInt8]]) -> [LineDecoder.Item] {
        var decoder = LineDecoder()
        var items: [LineDecoder.Item] = []
        for read in reads {
            decoder.feed(read)
            while let item = decoder.next() { items.append(item) }
        }
        if let item = decoder.finish() { items.append(item) }
        return items
    }

    private func items(_ text: String) -> [LineDecoder.Item] { items([Array(text.utf8)]) }

    @Test func `lines end in LF or CRLF, and the first one decides how replies end`() {
        #expect(items("a\nb\r\n\nc\n") == [.line("a"), .line("b"), .line(""), .line("c")])
        for (text, ending) in [("a\nb\r\n", LineDecoder.Ending.lf), ("a\r\nb\n", .crlf), ("\r\n", .crlf), ("\n", .lf)] {
            var decoder = LineDecoder()
            #expect(decoder.ending == nil)
            decoder.feed(text.utf8)
            while decoder.next() != nil {}
            #expect(decoder.ending == ending)
        }
    }

    @Test func `a line may come byte by byte`() {
        let text = "POST Olá ♺\r\nPING\n"
        #expect(items(text.utf8.map { [$0] }) == [.line("POST Olá ♺"), .line("PING")])
    }

    @Test func `a last line that may not be whole is dropped, and those before it are not`() {
        var decoder = LineDecoder()
        decoder.feed("PING a\nPING b\nPOST I will no".utf8)
        #expect(decoder.next() == .line("PING a"))
        decoder.dropUnfinished()
        #expect(decoder.next() == .line("PING b"))
        #expect(decoder.next() == nil)
        #expect(decoder.finish() == nil)
        #expect(decoder.isEmpty)
    }

    @Test func `a last line needs no ending`() {
        #expect(items("PING") == [.line("PING")])
        #expect(items("a\nPING\r") == [.line("a"), .line("PING")])
        #expect(items("a\n") == [.line("a")])
        #expect(items("") == [])
    }

    @Test func `a line at the limit is taken, one byte more drops it, and the next line is whole`() {
        let limit = String(repeating: "x", count: Limits.lineBytesMax)
        #expect(items(limit + "\nb\n") == [.line(limit), .line("b")])
        #expect(items(limit + "\r\nb\n") == [.line(limit), .line("b")])
        #expect(items(limit + "x\nb\n") == [.tooLong, .line("b")])
        #expect(items(limit + "x\r\nb\n") == [.tooLong, .line("b")])
        #expect(items(limit + "x") == [.tooLong])
    }

    @Test func `an endless line is told of once, and not kept`() {
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
        var decoder = LineDecoder()
        for _ in 0..<1_000 {
            decoder.feed(chunk)
            #expect(decoder.next() == nil)
        }
        decoder.feed("\nPING\n".utf8)
        #expect(decoder.next() == .tooLong)
        #expect(decoder.next() == .line("PING"))
        #expect(decoder.next() == nil)
        #expect(decoder.finish() == nil)
    }

    @Test func `an overlong line that ends with the input is told of once`() {
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
        #expect(items([chunk, chunk]) == [.tooLong])
    }

    @Test func `what is not UTF-8 drops its line only`() {
        #expect(items([[0xC3, 0x28, 10, 97, 10]]) == [.invalidUTF8, .line("a")])
        #expect(items([[0xED, 0xA0, 0x80, 10], [0xC0, 0x80, 13, 10], [0xF5, 0x80, 0x80, 0x80]]) == [.invalidUTF8, .invalidUTF8, .invalidUTF8])
    }

    @Test func `control characters stay in the line for others to judge`() {
        #expect(items("a\u{0}\u{1B}[2J\rb\n") == [.line("a\u{0}\u{1B}[2J\rb")])
    }

    @Test func `Telnet's sequences are dropped, also when they are split`() {
        let interrupt: [UInt8] = [0xFF, 0xF4, 0xFF, 0xFD, 0x06]
        let window: [UInt8] = [0xFF, 0xFA, 31, 0, 80, 0xFF, 0xFF, 0, 24, 0xFF, 0xF0]
        let bytes = interrupt + Array("PI".utf8) + window + Array("NG\r\n".utf8)
        #expect(items([bytes]) == [.line("PING")])
        #expect(items(bytes.map { [$0] }) == [.line("PING")])
        for split in bytes.indices { #expect(items([Array(bytes[..<split]), Array(bytes[split...])]) == [.line("PING")]) }
    }

    @Test func `a doubled IAC is a byte of data`() {
        #expect(items([[0xFF, 0xFF, 10]]) == [.invalidUTF8])
    }

    @Test func `a byte that is no command of Telnet's spoils its own line only`() {
        let bytes = Array("POST my name is ".utf8) + [0xFF] + Array("\nPING\n".utf8)
        #expect(items([bytes]) == [.invalidUTF8, .line("PING")])
        #expect(items(bytes.map { [$0] }) == [.invalidUTF8, .line("PING")])
    }

    @Test func `a subnegotiation without an end does not swallow the session`() {
        let endless: [UInt8] = [0xFF, 0xFA] + [UInt8](repeating: 1, count: TelnetFilter.parametersBytesMax + 1)
        #expect(items([endless + Array("PING\n".utf8)]) == [.line("PING")])
    }

    @Test(arguments: 0..<50) func `noise never traps, however it is cut`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let bytes = (0..<5_000).map { _ in random.next() % 3 == 0 ? [10, 13, 0xFF, 0xFA, 0xF0, 0][Int(random.next() % 6)] : UInt8(random.next() % 256) }
        var reads: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int(random.next() % 200) + 1)
            reads.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(items(reads) == items([bytes]), "seed \(seed)")
    }
}

/// Seeded, so that what fails can be tried again.
private struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
