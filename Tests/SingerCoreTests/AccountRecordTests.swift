import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

@Suite struct AccountRecordTests {
    @Test func `the tail holds the latest entries that fit, oldest first`() throws {
        var alice = TestAuthor("alice")
        let log = (1...40).map { alice.post(String(repeating: "x", count: 50 * $0)) }
        let tail = AccountRecord.tail(of: log)
        #expect(!tail.isEmpty && tail.count < log.count)
        #expect(tail == Array(log.suffix(tail.count)))
        #expect(tail.map(\.wireBytes).reduce(0, +) <= Limits.tailBytesMax)
        #expect(log.suffix(tail.count + 1).map(\.wireBytes).reduce(0, +) > Limits.tailBytesMax)
        #expect(AccountRecord.tail(of: []) == [])
    }

    @Test func `even the largest entry has room in the tail`() {
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        let text = String(repeating: "x", count: Limits.textBytesMax)
        let forward = alice.forward(bob.post(text, replyTo: alice.post("x")), comment: text)
        #expect(AccountRecord.tail(of: [forward]) == [forward])
    }

    /// A few large entries, or many small ones, which have the most around them.
    @Test(arguments: [1, 100, 500, 1_000, 1_900]) func `no account record is too large for the DHT`(textBytes: Int) throws {
        let end = Limits.timeMax - Limits.onlineLease
        var alice = TestAuthor(String(repeating: "a", count: 24), clock: end - 1_000_000)
        let log = (0..<100).map { _ in alice.post(String(repeating: "x", count: textBytes)) }
        let host = String(repeating: "h", count: 255)
        let endpoints = try (0..<Limits.endpointsMax).map { _ in try #require(Endpoint(host: host, port: 65_535)) }
        let tail = AccountRecord.tail(of: log)
        let record = AccountRecord(
            certificate: alice.certificate, node: NodeSecret().publicKey, endpoints: endpoints, onlineUntil: end + Limits.onlineLease, seen: end,
            followers: 1 << 40, following: 1 << 40, posts: 1 << 48, head: Limits.sequenceMax, lastPost: tail.last?.id, tail: tail)
        let envelope = record.sealed(by: alice.device)
        #expect(envelope.payload.count <= Limits.recordBytesMax)
        #expect(try AccountRecord(reading: Envelope(.account, verifying: envelope.encoded)) == record)
        // What the tail is said to take is what it takes, or more.
        #expect(tail.map { $0.wire.encoded.count + 3 }.reduce(0, +) <= Limits.tailBytesMax)
    }

    static let broken: [BrokenRule<WireAccountRecord>] = [
        .init("version", .malformed) { $0.version = 2 },
        .init("node", .malformed) { $0.node = Data() },
        .init("too many endpoints", .outOfBounds) { $0.endpoints = Array(repeating: WireEndpoint(), count: Limits.endpointsMax + 1) },
        .init("followers", .outOfBounds) { $0.followers = .max },
        .init("following", .outOfBounds) { $0.following = .max },
        .init("posts", .outOfBounds) { $0.posts = .max },
        .init("head", .outOfBounds) { $0.head = .max },
        .init("seen is not the version", .outOfBounds) { $0.seenMs += 1 },
        .init("time", .malformed) { $0.onlineUntilMs = .max },
        .init("too long a lease", .outOfBounds) { $0.onlineUntilMs = $0.seenMs + UInt64(Limits.onlineLease) + 1 },
        .init("somebody else's certificate", .wrongSigner) { $0.certificate = TestAuthor("mallory").certificate.wire },
        .init("a tail of somebody else", .wrongSigner) { $0.tail = [AccountRecordTests.strayEntry] },
        .init("a tampered tail", .badSignature) { $0.tail[0].signature[0] ^= 1 },
    ]

    @Test(arguments: broken) func `an account record that breaks a rule is refused`(rule: BrokenRule<WireAccountRecord>) throws {
        let records = try Records()
        let envelope = records.account.sealed(by: records.alice.device)
        var wire = try WireAccountRecord(decoding: envelope.payload)
        rule.edit(&wire)
        let forged = Envelope(.account, payload: wire.encoded, seq: envelope.seq, by: records.alice.device)
        #expect(throws: rule.refusal) { try AccountRecord(reading: forged) }
    }

    static var strayEntry: WireEntry {
        var mallory = TestAuthor("mallory")
        return mallory.post("not yours").wire
    }

    @Test func `endpoints are bounded, and free of what drives a terminal`() {
        #expect(Endpoint(host: "", port: 1) == nil)
        #expect(Endpoint(host: "h", port: 0) == nil)
        #expect(Endpoint(host: "h", port: 65_536) == nil)
        #expect(Endpoint(host: "a b", port: 1) == nil)
        #expect(Endpoint(host: "\u{1B}[2J", port: 1) == nil)
        #expect(Endpoint(host: "exämple", port: 1) == nil)
        #expect(Endpoint(host: String(repeating: "h", count: 256), port: 1) == nil)
        #expect(Endpoint(host: "2001:db8::1", port: 1)?.description == "[2001:db8::1]:1")
        #expect(Endpoint(host: "localhost", port: 1)?.description == "localhost:1")
        var wire = WireEndpoint()
        wire.host = "h"
        wire.port = .max
        #expect(Endpoint(wire) == nil)
    }
}
