import Foundation
import SingerCore
import SingerNode
import Testing

@testable import SingerGateway

@Suite struct JSONDialectTests {
    private let zeros = String(repeating: "a", count: 52)

    private func end(_ reply: Reply, tag: String? = nil) -> String { Dialect.json.lines(of: reply, tag: tag).last ?? "" }

    @Test func `a post has all its keys, in their order`() {
        let key = Fingerprint(Fixture.diogo.account)
        let post = Fixture.post("Hello", replyTo: Fixture.id("k7f3q"))
        #expect(
            Fixture.json(.post(post)) == """
                {"row":"post","post":{"id":"m2wd5","hash":"\(zeros)","author":"diogo","key":"\(key)","time":"2022-12-11T10:56:05.123Z",\
                "text":"Hello","reply_to":"\(zeros)","forward":null,"likes":3,"deleted":false}}
                """)
        let original = Fixture.original("I made a post!")
        let forward = Fixture.post("", by: Fixture.tiago, forward: original)
        #expect(
            Dialect.json.line(of: .post(forward, in: [.home])) == """
                {"event":"post","post":{"id":"m2wd5","hash":"\(zeros)","author":"tiago","key":"\(Fingerprint(Fixture.tiago.account))",\
                "time":"2022-12-11T10:56:05.123Z","text":"","reply_to":null,"forward":{"id":"k7f3q","hash":"\(original.id.hash.text)",\
                "author":"andre","key":"\(Fingerprint(Fixture.andre.account))","time":"2022-12-11T10:56:05.123Z","text":"I made a post!",\
                "reply_to":null,"forward":null,"likes":0,"deleted":false},"likes":3,"deleted":false}}
                """)
    }

    @Test func `replies end with ok or error, and carry the tag in every line`() {
        #expect(end(Reply(.posted(Fixture.id("k7f3q")))) == #"{"ok":"posted","id":"k7f3q","hash":"\#(zeros)"}"#)
        #expect(end(Reply(failure: Failure(.noSuchUser, "x"))) == #"{"error":"NO_SUCH_USER","text":"x"}"#)
        #expect(end(Reply(.listed(2, .posts))) == #"{"ok":"posts","count":2}"#)
        let key = Fingerprint(Fixture.tiago.account)
        #expect(
            Dialect.json.lines(of: Reply(.listed(1, .followers), rows: [.user(Fixture.tiago)]), tag: "42") == [
                #"{"row":"user","user":"tiago","key":"\#(key)","tag":"42"}"#, #"{"ok":"followers","count":1,"tag":"42"}"#,
            ])
        #expect(end(Reply(failure: .needLogin), tag: "a\"b").hasSuffix(#","tag":"a\"b"}"#))
    }

    @Test func `pushes are events`() {
        let pushes: [(Push, String)] = [
            (.follow(Fixture.tiago), #"{"event":"follow","user":"tiago"}"#), (.unfollow(Fixture.tiago), #"{"event":"unfollow","user":"tiago"}"#),
            (.online(Fixture.tiago), #"{"event":"online","user":"tiago"}"#), (.offline(Fixture.tiago), #"{"event":"offline","user":"tiago"}"#),
            (.deleted(Fixture.id("k7f3q"), by: Fixture.andre, in: [.home]), #"{"event":"deleted","id":"k7f3q","hash":"\#(zeros)"}"#),
            (.like(Fixture.tiago, Fixture.id("k7f3q")), #"{"event":"like","user":"tiago","id":"k7f3q","hash":"\#(zeros)"}"#),
            (.notice("x"), #"{"event":"notice","text":"x"}"#),
        ]
        for (push, line) in pushes { #expect(Dialect.json.line(of: push) == line) }
    }

    @Test func `a device has the same members, whatever is known of it`() {
        #expect(
            Fixture.json(.device(Fixture.device(isThis: true)))
                == #"{"row":"device","device":"1f3a9c07","key":"\#(String(repeating: "1f", count: 32))","certified":"2022-12-11T10:56:05.123Z","this":true,"entries":1,"last_seen":null,"revoked":null}"#
        )
        let gone = Fixture.json(.device(Fixture.device(lastSeen: Fixture.time + 1, revoked: Fixture.time + 2)))
        #expect(gone.hasSuffix(#""this":false,"entries":1,"last_seen":"2022-12-11T10:56:05.124Z","revoked":"2022-12-11T10:56:05.125Z"}"#))
        #expect(end(Reply(.revoked(Fixture.device()))) == #"{"ok":"revoked","device":"1f3a9c07","this":false}"#)
    }

    @Test func `fields have values of their kinds`() {
        let rows = PeopleCommands.rows(of: Fixture.whois(.lastSeen(Fixture.time))).map(Fixture.json)
        #expect(rows[0] == #"{"row":"field","field":"name","value":"diogo"}"#)
        #expect(rows[3] == #"{"row":"field","field":"online","value":false,"last_seen":"2022-12-11T10:56:05.123Z"}"#)
        #expect(rows[4] == #"{"row":"field","field":"followers","value":2}"#)
        #expect(rows[6] == #"{"row":"field","field":"last","value":"m2wd5","hash":"\#(zeros)"}"#)
        #expect(Fixture.json(.field("x", .none)) == #"{"row":"field","field":"x","value":null}"#)
        #expect(Fixture.json(.field("x", .users([Fixture.andre]))) == #"{"row":"field","field":"x","value":["andre"]}"#)
        #expect(Fixture.json(.field("x", .span(.seconds(61)))) == #"{"row":"field","field":"x","value":61}"#)
    }

    @Test func `any text survives the encoding, on one line of printable characters`() throws {
        var nasty = "\"\\/ é ♺ 😀 \u{2028}\u{2029}\u{202E}\u{FEFF}"
        for value in 0..<0xA0 { if let scalar = Unicode.Scalar(value) { nasty.unicodeScalars.append(scalar) } }
        let line = Dialect.json.line(of: .notice(nasty))
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x2028 })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect((object["text"] as? String)?.unicodeScalars.elementsEqual(nasty.unicodeScalars) == true)
    }

    @Test func `moments are exact`() {
        #expect(Timestamp.utc(0) == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp.utc(-1) == "1969-12-31T23:59:59.999Z")
        #expect(Timestamp.utc(951_782_400_000) == "2000-02-29T00:00:00.000Z")
        #expect(Timestamp.utc(4_107_542_399_001) == "2100-02-28T23:59:59.001Z")
        #expect(Timestamp.utc(Limits.timeMax) == "9999-12-31T23:59:59.999Z")
        for extreme in [Milliseconds.min, .max] { #expect(!Timestamp.utc(extreme).isEmpty && !Timestamp.local(extreme).isEmpty) }
    }
}
