import SingerCore
import Testing

@Suite struct UsernameTests {
    @Test(arguments: ["a", "Andre", "a1", "z_-9", String(repeating: "x", count: 24)])
    func `a name is a letter, then letters, digits, underscores or hyphens`(text: String) throws {
        let name = try #require(Username(text))
        #expect(name.text == text)
        #expect(name.folded == text.lowercased())
    }

    @Test(arguments: [
        "", "1a", "_a", "-a", "a b", "a.b", "a~b", "@a", "a\n", "a\0", String(repeating: "x", count: 25), "é", "andré", "а", "ａ", "a\u{301}", "K\u{212A}", "ſ",
    ])
    func `anything else is refused, non-ASCII letters among it`(text: String) {
        #expect(Username(text) == nil)
    }

    @Test(arguments: Array(Username.reserved))
    func `a reserved name is refused in any case`(text: String) {
        #expect(Username(text) == nil)
        #expect(Username(text.uppercased()) == nil)
        #expect(Username(text + "1") != nil)
    }

    @Test func `two names are the same when they differ in case only`() throws {
        let names = try ["Andre", "ANDRE", "andre", "Andrea"].map { try #require(Username($0)) }
        #expect(names[0] == names[1])
        #expect(names[0] != names[3])
        #expect(Set(names).count == 2)
        #expect(names[1].description == "ANDRE")
    }

    @Test func `a reference is a name, or a name with a mark`() throws {
        let plain = try #require(UserReference("alice"))
        #expect(plain.name.text == "alice")
        #expect(plain.mark == nil)
        let marked = try #require(UserReference("Alice~K7Q2"))
        #expect(marked.name.folded == "alice")
        #expect(marked.mark == "k7q2")
        #expect(UserReference("@alice") == plain)
        #expect(UserReference("@Alice~k7q2") == marked)
        #expect(UserReference("alice~" + String(repeating: "a", count: 52)) != nil)
    }

    @Test(arguments: [
        "", "@", "@@alice", "~k7q2", "alice~", "alice~k7q", "alice~k7q1", "alice~k7q2~k7q2", "alice~k7 q2", "al ice~k7q2", "home~k7q2",
        "alice~" + String(repeating: "a", count: 53), "alice~k7qé",
    ])
    func `a reference with a mark that no key has is refused`(text: String) {
        #expect(UserReference(text) == nil)
    }
}
