import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

@Suite struct EntryTests {
    @Test func `entries of every kind read back equal`() throws {
        var alice = TestAuthor("alice")
        var bob = TestAuthor("Bob")
        let original = bob.post("original")
        let first = alice.post("hello")
        let entries = [
            first, alice.post("a reply", replyTo: original), alice.forward(original, comment: "look"), alice.forward(original), alice.follow(bob),
            alice.unfollow(bob), alice.profile("bio", "singer"), alice.profile("bio", ""), alice.like(original), alice.unlike(original), alice.delete(first),
            alice.revoke(alice, after: 3),
        ]
        let later = alice.write(.unknown(9, body: original.headerBytes))
        #expect(try Entry(encoded: later.encoded) == later)
        #expect(try Entry(encoded: later.withoutBody.encoded).content == nil)
        #expect(later.header.kind == .unknown(9))
        for entry in entries {
            #expect(try Entry(encoded: entry.encoded) == entry)
            #expect(try Entry(verifying: entry.wire, certificate: entry.certificate) == entry)
            #expect(try Entry(trusting: entry.headerBytes, signature: entry.signature, body: entry.body, certificate: entry.certificate) == entry)
            #expect(entry.content?.kind == entry.header.kind)
            #expect(entry.id == EntryID.sha256(entry.headerBytes))
            #expect(entry.headerBytes.count <= Limits.headerBytesMax)
            #expect(entry.certificate.payload.count <= Limits.certificateBytesMax)
        }
        #expect(Set(entries.map(\.header.kind)) == Set(Entry.Kind.allCases))
    }

    @Test func `a log is a chain`() throws {
        var alice = TestAuthor("alice")
        let log = alice.posts(5)
        #expect(log.map(\.header.seq) == [1, 2, 3, 4, 5])
        #expect(log[0].header.previous == nil)
        for (before, after) in zip(log, log.dropFirst()) {
            #expect(after.header.previous == before.id)
            #expect(Entry.follows(after.header, after: before.id, (before.header.seq, before.header.created)))
            #expect(!Entry.follows(after.header, after: after.id, (before.header.seq, before.header.created)))
            #expect(!Entry.follows(after.header, after: before.id, (before.header.seq + 1, before.header.created)))
            #expect(!Entry.follows(after.header, after: before.id, (before.header.seq, after.header.created + 1)))
        }
    }

    @Test func `time does not run backwards in a log, even when the clock does`() {
        var alice = TestAuthor("alice")
        let first = alice.post("now")
        let second = alice.post("earlier", at: 1)
        #expect(second.header.created == first.header.created)
        // The later of two words counts, so it must have a later date.
        #expect(alice.like(first, at: 1).header.created == first.header.created + 1)
        #expect(Entry.follows(second.header, after: first.id, (first.header.seq, first.header.created)))
    }

    @Test func `a post may come without its body, anything else may not`() throws {
        var alice = TestAuthor("alice")
        let post = alice.post("soon gone")
        let bare = post.withoutBody
        #expect(bare.id == post.id)
        #expect(bare.content == nil)
        #expect(try Entry(encoded: bare.encoded) == bare)
        for entry in [alice.follow(TestAuthor("bob")), alice.like(post), alice.delete(post), alice.profile("bio", "x")] {
            var wire = entry.signedWire
            wire.entry.clearBody()
            #expect(throws: Refusal.malformed) { try Entry(verifying: wire) }
        }
    }

    @Test func `a certificate reads back equal`() throws {
        let certificate = TestAuthor("Andre").certificate
        #expect(try Certificate(verifying: certificate.wire) == certificate)
        #expect(try Certificate(trusting: certificate.payload, signature: certificate.signature) == certificate)
        #expect(certificate.name.text == "Andre")
    }

    @Test func `the largest legal post that forwards the largest legal post fits a body`() throws {
        var alice = TestAuthor(String(repeating: "a", count: 24))
        var bob = TestAuthor(String(repeating: "b", count: 24), clock: Limits.timeMax - 10_000)
        let seed = alice.post("seed")
        let text = String(repeating: "é", count: Limits.textBytesMax / 2)
        let original = bob.post(text, replyTo: seed)
        let forward = alice.forward(original, comment: text)
        let body = try #require(forward.body)
        #expect(body.count <= Limits.bodyBytesMax)
        #expect(try Entry(encoded: forward.encoded) == forward)
        // Lengths and numbers of the largest kind take a few bytes more in headers and certificates.
        #expect(body.count + 32 <= Limits.bodyBytesMax)
        let news = EntryRecord.news(forward, by: alice.device)
        #expect(try EntryRecord.entry(in: Envelope(.news, verifying: news.envelope.encoded)) == forward)
    }

    @Test(arguments: ["", "UP", "a b", "a_b", "é", String(repeating: "x", count: 25)])
    func `a profile field has a name of lowercase letters, digits and hyphens`(field: String) throws {
        let text = PostText.of("x")
        if field == "UP" {
            #expect(ProfileField(field: field, text: text)?.field == "up")
        } else {
            #expect(ProfileField(field: field, text: text) == nil)
        }
        #expect(ProfileField(field: "bio", text: .of(String(repeating: "x", count: 500))) != nil)
        #expect(ProfileField(field: "bio", text: .of(String(repeating: "x", count: 501))) == nil)
    }
}
