import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

@Suite struct TamperingTests {
    let entry: Entry

    init() {
        var alice = TestAuthor("alice")
        _ = alice.post("first")
        entry = alice.post("what alice said")
    }

    /// The copies of `bytes` in which one byte differs.
    private static func flips(_ bytes: Data) -> [Data] {
        bytes.indices.map { index in
            var copy = bytes
            copy[index] ^= index % 2 == 0 ? 0x01 : 0x80
            return copy
        }
    }

    private func refusals(_ bytes: Data, _ put: (inout WireSignedEntry, Data) -> Void) -> Set<Refusal?> {
        var found: Set<Refusal?> = []
        for flipped in Self.flips(bytes) {
            var wire = entry.signedWire
            put(&wire, flipped)
            do {
                _ = try Entry(verifying: wire)
                found.insert(nil)
            } catch {
                found.insert(error)
            }
        }
        return found
    }

    @Test func `a signature that was good is good for the same bytes, key and purpose only`() {
        let (key, other) = (DeviceSecret(), DeviceSecret())
        let bytes = Data("what was signed".utf8)
        let signature = key.sign(bytes, as: .entry)
        // Twice: what was found good once is remembered.
        for _ in 0..<2 {
            #expect(key.publicKey.verifies(signature, over: bytes, as: .entry))
            #expect(!key.publicKey.verifies(signature, over: bytes, as: .news))
            #expect(!other.publicKey.verifies(signature, over: bytes, as: .entry))
            for flipped in Self.flips(bytes) { #expect(!key.publicKey.verifies(signature, over: flipped, as: .entry)) }
            for flipped in Self.flips(signature) { #expect(!key.publicKey.verifies(flipped, over: bytes, as: .entry)) }
            #expect(!key.publicKey.verifies(signature.dropLast(), over: bytes + signature.suffix(1), as: .entry))
        }
    }

    @Test func `a changed header is refused`() {
        let found = refusals(entry.headerBytes) { $0.entry.header = $1 }
        #expect(found == [.malformed, .wrongSigner, .badSignature] || found == [.malformed, .wrongSigner, .badSignature, .outOfBounds])
    }

    @Test func `a changed signature is refused`() {
        #expect(refusals(entry.signature) { $0.entry.signature = $1 } == [.badSignature])
        var short = entry.signedWire
        short.entry.signature = entry.signature.dropLast()
        #expect(throws: Refusal.badSignature) { try Entry(verifying: short) }
    }

    @Test func `a changed body is refused`() throws {
        #expect(refusals(try #require(entry.body)) { $0.entry.body = $1 } == [.bodyMismatch])
        var longer = entry.signedWire
        longer.entry.body += Data([0])
        #expect(throws: Refusal.bodyMismatch) { try Entry(verifying: longer) }
        longer.entry.body = Data()
        #expect(throws: Refusal.bodyMismatch) { try Entry(verifying: longer) }
    }

    @Test func `a changed certificate is refused`() {
        #expect(refusals(entry.certificate.payload) { $0.certificate.payload = $1 } == [.malformed, .badSignature])
        #expect(refusals(entry.certificate.signature) { $0.certificate.signature = $1 } == [.badSignature])
    }

    @Test func `no byte of an encoded entry can be changed so that it says something else`() {
        var refused = 0
        for flipped in Self.flips(entry.encoded) {
            guard let other = try? Entry(encoded: flipped) else {
                refused += 1
                continue
            }
            // A field that is no longer recognised may take the body away, never put another in its place.
            #expect(other.id == entry.id)
            #expect(other.certificate.account == entry.certificate.account)
            #expect(other.body == nil || other == entry)
        }
        #expect(refused > entry.encoded.count * 9 / 10)
    }

    @Test func `an entry with the certificate of another is refused`() throws {
        let mallory = TestAuthor("mallory")
        var wire = entry.signedWire
        wire.certificate = mallory.certificate.wire
        #expect(throws: Refusal.wrongSigner) { try Entry(verifying: wire) }
        // The device of one account, certified by another: the header still names whose it is.
        wire.certificate = Certificate(device: entry.header.device, name: mallory.name, root: mallory.root, now: 1).wire
        #expect(throws: Refusal.wrongSigner) { try Entry(verifying: wire) }
        // A second device of the same account.
        wire.certificate = TestAuthor("alice", device: "2").certificate.wire
        #expect(throws: Refusal.wrongSigner) { try Entry(verifying: wire) }
    }

    @Test(arguments: SignatureContext.allCases) func `a signature of one context is not valid in another`(context: SignatureContext) {
        let key = RootKey()
        let bytes = Data("the same bytes".utf8)
        let signature = key.sign(bytes, as: context)
        for other in SignatureContext.allCases {
            #expect(key.publicKey.verifies(signature, over: bytes, as: other) == (other == context))
        }
        #expect(!key.publicKey.verifies(signature, over: bytes + [0], as: context))
        #expect(!RootKey().publicKey.verifies(signature, over: bytes, as: context))
    }

    @Test func `no context begins another`() {
        for a in SignatureContext.allCases {
            for b in SignatureContext.allCases where a != b { #expect(!a.rawValue.hasPrefix(b.rawValue)) }
        }
    }

    @Test func `an envelope of one kind does not verify as another`() {
        let envelope = TestAuthor("alice").claim.envelope
        for kind in RecordKind.allCases where kind != .nameClaim {
            #expect(throws: Refusal.badSignature) { try Envelope(kind, verifying: envelope.encoded) }
        }
    }
}

extension TestAuthor {
    var claim: NameClaim { NameClaim(name: name, root: root, created: TestAuthor.start) }
}
