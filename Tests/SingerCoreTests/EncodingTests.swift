import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerCore

@Suite struct EncodingTests {
    /// RFC 4648, section 10, in our alphabet: lowercase, no padding.
    @Test(arguments: [
        ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi"),
    ])
    func `base32 is that of RFC 4648`(plain: String, encoded: String) {
        #expect(Base32.encode(plain.utf8) == encoded)
    }

    /// RFC 4648, section 10.
    @Test func `hexadecimal is that of RFC 4648 in lowercase`() {
        #expect(Hex.encode("foobar".utf8) == "666f6f626172")
        #expect(Hex.encode([0x00, 0x0F, 0xF0, 0xFF]) == "000ff0ff")
        #expect(Hex.encode([]) == "")
    }

    @Test func `base32 characters have their five-bit values, in either case`() {
        #expect(Base32.values(of: "az27") == [0, 25, 26, 31])
        #expect(Base32.values(of: "AZ27") == [0, 25, 26, 31])
        for bad in ["0", "1", "8", "9", "=", " ", "é", "@", "[", "`", "{"] { #expect(Base32.values(of: bad) == nil, "\(bad)") }
    }

    @Test func `32 bytes come back as they went in, and no other number is taken`() throws {
        let bytes = (0..<32).map { UInt8($0 * 7 + 3) }
        let value = try #require(EntryID(bytes))
        #expect(value.bytes == bytes)
        #expect(value.data == Data(bytes))
        #expect(EntryID(value.data.dropFirst(0)) == value)
        #expect(EntryID(bytes.dropLast()) == nil)
        #expect(EntryID(bytes + [0]) == nil)
        #expect(EntryID([UInt8]()) == nil)
    }

    @Test(arguments: 1...4) func `the order of 32 bytes is the order of their bytes`(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var values: [EntryID] = []
        for _ in 0..<100 {
            var bytes = random.bytes(32)
            // Neighbours that differ in one byte only.
            values.append(try #require(EntryID(bytes)))
            bytes[random.below(32)] &+= 1
            values.append(try #require(EntryID(bytes)))
        }
        let byBytes = values.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        #expect(values.sorted() == byBytes, "seed \(seed)")
        #expect(Set(values).count == Set(values.map(\.bytes)).count)
    }

    @Test func `a fingerprint is the hash of the key, in hexadecimal and base32`() throws {
        let fingerprint = Fingerprint(try #require(AccountKey(Array(repeating: 0, count: 32))))
        // SHA-256 of 32 zero bytes.
        #expect(fingerprint.description == "6668-7aad-f862-bd77")
        #expect(fingerprint.short == "66687aad")
        #expect(fingerprint.mark.count == 52)
        #expect(fingerprint.mark.hasPrefix("mzuhvlpymk6xo"))
    }
}

@Suite struct EntryIDPrefixTests {
    @Test(arguments: 1...8) func `a prefix holds exactly the ids that begin so`(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let id = try #require(EntryID(random.bytes(32)))
        #expect(id.text.count == 52)
        for characters in 4...52 {
            let prefix = try #require(EntryIDPrefix(id.prefix(characters)))
            #expect((prefix.lowest...prefix.highest).contains(id), "seed \(seed)")
            #expect(prefix.lowest.prefix(characters) == prefix.text)
            #expect(prefix.highest.prefix(characters) == prefix.text)
            // One step outside on either side is another prefix.
            if let below = neighbour(of: prefix.lowest, by: -1) { #expect(below.prefix(characters) != prefix.text) }
            if let above = neighbour(of: prefix.highest, by: 1) { #expect(above.prefix(characters) != prefix.text) }
        }
        let whole = try #require(EntryIDPrefix(id.text))
        #expect(whole.lowest == id)
        #expect(whole.highest == id)
    }

    @Test func `the lowest and the highest prefix reach the ends`() throws {
        #expect(try #require(EntryIDPrefix("aaaa")).lowest.bytes == Array(repeating: 0, count: 32))
        #expect(try #require(EntryIDPrefix("7777")).highest.bytes == Array(repeating: 255, count: 32))
        #expect(try #require(EntryIDPrefix("aaaa")).highest.bytes == [0, 0, 0x0F] + Array(repeating: 255, count: 29))
    }

    @Test func `the last character of a whole id counts with one bit only`() throws {
        let head = String(repeating: "a", count: 51)
        #expect(try #require(EntryIDPrefix(head + "a")).lowest.bytes.last == 0)
        #expect(try #require(EntryIDPrefix(head + "q")).lowest.bytes.last == 1)
    }

    @Test func `a prefix may be typed in capitals`() throws {
        #expect(EntryIDPrefix("K7F3Q") == EntryIDPrefix("k7f3q"))
        #expect(try #require(EntryIDPrefix("K7F3Q")).text == "k7f3q")
    }

    @Test(arguments: ["", "k7f", "k7f1", "k7f0", "k7f8", "k7 f", "k7f=", "kéfé", "k7f3~", String(repeating: "a", count: 53)])
    func `what cannot begin an id is refused`(typed: String) {
        #expect(EntryIDPrefix(typed) == nil)
    }

    private func neighbour(of id: EntryID, by step: Int) -> EntryID? {
        var bytes = id.bytes
        for index in bytes.indices.reversed() {
            bytes[index] = bytes[index] &+ UInt8(truncatingIfNeeded: step)
            if bytes[index] != (step > 0 ? 0 : 255) { return EntryID(bytes) }
        }
        return nil
    }
}
