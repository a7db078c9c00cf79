import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

/// Entries with valid signatures that break a rule: what a hostile device can make.
@Suite struct HostileEntryTests {
    let mallory = TestAuthor("mallory")
    let body: Data

    init() {
        var body = WirePostBody()
        body.text = "hello"
        self.body = body.encoded
    }

    @Test func `a forged entry that breaks no rule is taken`() throws {
        #expect(try Entry(verifying: mallory.forge(body: body)).header.seq == 1)
    }

    static let brokenHeaders: [BrokenRule<WireHeader>] = [
        .init("version", .malformed) { $0.version = 2 },
        .init("short account", .malformed) { $0.account.removeLast() },
        .init("another account", .wrongSigner) { $0.account = TestAuthor("alice").account.data },
        .init("another device", .wrongSigner) { $0.device = TestAuthor("alice").device.publicKey.data },
        .init("seq 0", .outOfBounds) { $0.seq = 0 },
        .init("seq too high", .outOfBounds) { $0.seq = Limits.sequenceMax + 1 },
        .init("highest seq", .outOfBounds) { $0.seq = .max },
        .init("first with previous", .malformed) { $0.previous = Data(count: 32) },
        .init("second without previous", .malformed) { $0.seq = 2 },
        .init("short previous", .malformed) {
            $0.seq = 2
            $0.previous = Data(count: 31)
        },
        .init("year 10,000", .malformed) { $0.createdMs = UInt64(Limits.timeMax) + 1 },
        .init("end of time", .malformed) { $0.createdMs = .max },
        .init("no kind", .malformed) { $0.kind = .unspecified },
        .init("a kind beyond one byte", .malformed) { $0.kind = .UNRECOGNIZED(256) },
        .init("a kind below zero", .malformed) { $0.kind = .UNRECOGNIZED(-1) },
        .init("no body hash", .malformed) { $0.bodyHash = Data() },
        .init("another body hash", .bodyMismatch) { $0.bodyHash = Data(count: 32) },
        .init("another length", .bodyMismatch) { $0.bodyBytes += 1 },
        .init("huge length", .outOfBounds) { $0.bodyBytes = UInt32(Limits.bodyBytesMax) + 1 },
        .init("another kind", .malformed) { $0.kind = .follow },
    ]

    @Test(arguments: brokenHeaders) func `a header that breaks a rule is refused`(rule: BrokenRule<WireHeader>) {
        #expect(throws: rule.refusal) { try Entry(verifying: mallory.forge(body: body, editing: rule.edit)) }
    }

    @Test func `an oversize header, body or certificate is refused`() throws {
        var wire = mallory.forge(body: body)
        wire.entry.header += Data(count: Limits.headerBytesMax)
        #expect(throws: Refusal.tooLarge) { try Entry(verifying: wire) }
        wire = mallory.forge(body: body)
        wire.certificate.payload += Data(count: Limits.certificateBytesMax)
        #expect(throws: Refusal.tooLarge) { try Entry(verifying: wire) }
        #expect(throws: Refusal.outOfBounds) { try Entry(verifying: mallory.forge(body: Data(count: Limits.bodyBytesMax + 1))) }
    }

    static let brokenPosts: [BrokenRule<WirePostBody>] = [
        .init("empty text", .outOfBounds) { $0.text = "" },
        .init("control character", .outOfBounds) { $0.text = "\u{1B}[2J" },
        .init("not normalised", .outOfBounds) { $0.text = "e\u{301}" },
        .init("too long", .outOfBounds) { $0.text = String(repeating: "x", count: 2_001) },
        .init("empty reply", .malformed) { $0.replyTo = WireReference() },
        .init("empty forward", .malformed) { $0.forward = WireSignedEntry() },
    ]

    @Test(arguments: brokenPosts) func `a post that breaks a rule is refused`(rule: BrokenRule<WirePostBody>) throws {
        var body = try WirePostBody(decoding: body)
        rule.edit(&body)
        #expect(throws: rule.refusal) { try Entry(verifying: mallory.forge(body: body.encoded)) }
    }

    @Test func `a forward carries a whole post, and nothing but a post`() throws {
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        let post = alice.post("original")
        let forward = bob.forward(post)
        func forwarding(_ wire: WireSignedEntry, _ edit: (inout WirePostBody) -> Void = { _ in }) -> WireSignedEntry {
            var body = WirePostBody()
            body.forward = wire
            edit(&body)
            return mallory.forge(body: body.encoded)
        }
        guard case .post(let read)? = try Entry(verifying: forwarding(post.signedWire)).content else {
            Issue.record("a forward is a post")
            return
        }
        #expect(read.forward == post)
        #expect(throws: Refusal.malformed, "a forward of a forward") { try Entry(verifying: forwarding(forward.signedWire)) }
        #expect(throws: Refusal.malformed, "a forward of a follow") { try Entry(verifying: forwarding(alice.follow(bob).signedWire)) }
        #expect(throws: Refusal.malformed, "an original without its body") { try Entry(verifying: forwarding(post.withoutBody.signedWire)) }
        #expect(throws: Refusal.malformed, "a forward that is a reply") {
            try Entry(verifying: forwarding(post.signedWire) { $0.replyTo.entry = Data(count: 32) })
        }
        var altered = post.signedWire
        altered.entry.signature[3] ^= 1
        #expect(throws: Refusal.badSignature, "an original with a bad signature") { try Entry(verifying: forwarding(altered)) }
        var words = WirePostBody()
        words.text = "what alice never said"
        altered = post.signedWire
        altered.entry.body = words.encoded
        #expect(throws: Refusal.bodyMismatch, "an original with another text") { try Entry(verifying: forwarding(altered)) }
    }

    @Test func `forwards nested as deep as they fit are refused without harm`() throws {
        var wire = mallory.forge(body: body)
        while true {
            var next = WirePostBody()
            next.forward = wire
            let bytes = next.encoded
            guard bytes.count <= Limits.bodyBytesMax else { break }
            wire = mallory.forge(body: bytes)
        }
        #expect(throws: Refusal.malformed) { try Entry(verifying: wire) }
    }

    @Test func `bodies of the other kinds are read as strictly`() throws {
        var follow = WireFollowBody()
        follow.account = mallory.account.data
        follow.name = "home"
        #expect(throws: Refusal.malformed) { try Entry(verifying: mallory.forge(.follow, body: follow.encoded)) }
        follow.name = "alice"
        follow.account.removeLast()
        #expect(throws: Refusal.malformed) { try Entry(verifying: mallory.forge(.unfollow, body: follow.encoded)) }
        var profile = WireProfileBody()
        profile.field = "bio"
        profile.text = String(repeating: "x", count: Limits.profileTextBytesMax + 1)
        #expect(throws: Refusal.outOfBounds) { try Entry(verifying: mallory.forge(.profile, body: profile.encoded)) }
        for kind in [WireKind.like, .unlike, .delete] {
            #expect(throws: Refusal.malformed) { try Entry(verifying: mallory.forge(kind, body: WireTargetBody().encoded)) }
        }
    }
}
