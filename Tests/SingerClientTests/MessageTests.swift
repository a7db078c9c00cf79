import SingerTesting
import Testing

@testable import SingerClient

struct MessageTests {
    static let post =
        #"{"event":"post","post":{"id":"igpex","hash":"igpexcocm","author":"tiago","key":"b6dc","time":"2026-11-22T17:04:08.991Z","text":"a\n\"b\" \u00e9 \ud83d\ude00","reply_to":null,"forward":null,"likes":0,"deleted":false}}"#

    @Test func `a post is read with all that is shown of it`() throws {
        guard case .pushed(.post(let post))? = Message(Self.post) else { throw Unexpected() }
        #expect(post.author == "tiago" && post.text == "a\n\"b\" é 😀" && post.reference == "igpex" && !post.isDeleted)
    }

    @Test func `replies are read with their tags`() {
        #expect(Message(#"{"row":"user","user":"diogo","key":"x","tag":"c1"}"#) == .row(.user("diogo"), tag: "c1"))
        #expect(Message(#"{"error":"NO_SUCH_USER","text":"nobody","tag":"3"}"#) == .failed(code: "NO_SUCH_USER", text: "nobody", tag: "3"))
        guard case .done(let done, tag: nil)? = Message(#"{"ok":"posts","count":1}"#) else {
            Issue.record("not done")
            return
        }
        #expect(done.words == "1 post")
    }

    @Test(arguments: [
        (#"{"ok":"receipts","receipts":"on"}"#, "receipts on"), (#"{"ok":"profile set","field":"bio"}"#, "profile bio set"),
        (#"{"ok":"profile removed","field":"bio"}"#, "profile bio removed"), (#"{"ok":"revoked","device":"8185d883","this":false}"#, "revoked 8185d883"),
        (#"{"ok":"following","user":"diogo","key":"77d0"}"#, "following diogo"),
    ])
    func `what was done is said as in plain text`(line: String, words: String) {
        guard case .done(let done, tag: nil)? = Message(line) else {
            Issue.record("it is no reply")
            return
        }
        #expect(done.words == words)
    }

    @Test func `devices, peers and receipts are said as in plain text`() {
        func words(_ line: String) -> String? {
            switch Message(line) {
            case .row(.other(let words), tag: nil)?, .pushed(.other(let words))?: words
            default: nil
            }
        }
        #expect(words(#"{"event":"held","id":"hh2oi","hash":"x","peers":1}"#) == "[hh2oi] is held by 1 other peer")
        #expect(words(#"{"row":"peer","node":"d00d","host":"::1","dialled":true,"feeds":2}"#) == "::1 d00d dialled, 2 feeds")
        let device = words(#"{"row":"device","device":"8185d883","key":"81","certified":"x","this":true,"entries":1,"last_seen":null,"revoked":null}"#)
        #expect(device == "8185d883 since x, 1 entry, never seen, this one")
    }

    @Test(arguments: ["", "OK", "[1]", "{", #"{"ok":1}"#, #"{"a":"b"}"#, #"{"ok":"x"} y"#, String(repeating: "[", count: 100_000)])
    func `what is no message is none`(line: String) { #expect(Message(line) == nil) }

    @Test(arguments: [
        (#"" \u0041\/\\\t""#, JSONValue.string(" A/\\\t")),
        ("[1, -2.5e3,true,false,null]", .array([.number("1"), .number("-2.5e3"), .bool(true), .bool(false), .null])),
        (#""\ud83d""#, .string("\u{FFFD}")), ("{}", .object([])),
    ])
    func `JSON is read by the book`(text: String, value: JSONValue) { #expect(JSONValue(text) == value) }

    @Test(arguments: ["", "{,}", "[1,]", "tru", #""\x""#, "\"a\u{1}\"", "1 2", #""\u12""#, "'a'", "-", "nan"])
    func `what is not JSON is refused`(text: String) { #expect(JSONValue(text) == nil) }

    @Test func `garbage never traps`() {
        var generator = Generator(seed: 11)
        for _ in 0..<20_000 {
            var bytes = Array(Self.post.utf8)
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) { bytes[index] = UInt8.random(in: .min ... .max, using: &generator) } else { bytes.remove(at: index) }
            }
            var renderer = Renderer(palette: Palette(depth: .full), columns: 60, me: "andre")
            if case .pushed(let event)? = Message(String(decoding: bytes, as: UTF8.self)) { _ = renderer.lines(event) }
        }
    }

    @Test func `what was missed is shown once, oldest first`() {
        func post(_ number: Int) -> Post { Post(id: "id\(number)", hash: "hash\(number)", author: "a", time: "2026-11-22T10:00:0\(number).000Z", text: "") }
        var shown = ShownPosts()
        shown.meet(post(1).time)
        let isNew = [shown.note(post(2)), shown.note(post(2))]
        #expect(isNew == [true, false])
        shown.note(hash: "hash4")
        #expect(shown.missed([5, 4, 3, 2, 1, 0].map(post)) == [post(3), post(5)])
    }
}

struct Unexpected: Error {}
