import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

/// Whatever bytes come in, no decoder traps; and what is taken is what was signed.
@Suite struct FuzzTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func `random bytes into every decoder are refused`(seed: UInt64) {
        var random = Generator(seed: seed)
        for _ in 0..<1_000 {
            let bytes = random.bytes(random.below(200))
            #expect(!decode(bytes), "seed \(seed): \(Hex.encode(bytes))")
        }
    }

    @Test(arguments: [4, 5, 6] as [UInt64]) func `mutated entries say what was signed, or nothing`(seed: UInt64) {
        var random = Generator(seed: seed)
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        let post = alice.post("hello")
        let entries = [post, bob.forward(post, comment: "look"), bob.follow(alice), bob.like(post), bob.profile("bio", "x")]
        let ids = Set(entries.map(\.id))
        for _ in 0..<700 {
            let bytes = random.mutated(entries[random.below(entries.count)].encoded)
            if let entry = try? Entry(encoded: bytes) { #expect(ids.contains(entry.id), "seed \(seed): \(Hex.encode(bytes))") }
            _ = decode(bytes)
        }
    }

    /// The signature is made after the mutation, so that the readers behind it are reached.
    @Test(arguments: [7, 8, 9] as [UInt64]) func `signed nonsense does no harm`(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let records = try Records()
        let bodies: [(WireKind, Data)] = try [
            records.account.tail[0], records.bob.fork().posting, records.bob.fork().revoking,
            try EntryRecord.entry(in: try #require(records.placed[.followerEdge]).envelope),
        ].map { (WireKind(rawValue: $0.header.kind.rawValue) ?? .post, try #require($0.body)) }
        for _ in 0..<300 {
            for (kind, placed) in records.placed {
                let envelope = Envelope(kind, payload: random.mutated(placed.envelope.payload), seq: placed.envelope.seq, by: records.alice.device)
                read(envelope, at: placed.place)
            }
            let (kind, body) = bodies[random.below(bodies.count)]
            _ = try? Entry(verifying: records.alice.forge(kind, body: random.mutated(body)))
            for kind in Entry.Kind.allCases { _ = try? Entry.Content(decoding: random.mutated(body), kind: kind) }
        }
    }

    @Test(arguments: [10, 11] as [UInt64]) func `mutated headers under a valid signature do no harm`(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let mallory = TestAuthor("mallory")
        var plain = mallory.fork()
        let entry = plain.post("hello")
        for _ in 0..<700 {
            var wire = entry.signedWire
            wire.entry.header = random.mutated(entry.headerBytes)
            wire.entry.signature = mallory.device.sign(wire.entry.header, as: .entry)
            guard let taken = try? Entry(verifying: wire) else { continue }
            #expect((1...Limits.sequenceMax).contains(taken.header.seq), "seed \(seed)")
            #expect((0...Limits.timeMax).contains(taken.header.created), "seed \(seed)")
            #expect(taken.header.account == mallory.account, "seed \(seed)")
        }
    }

    @Test(arguments: [12, 13] as [UInt64]) func `random text into every parser does no harm`(seed: UInt64) {
        var random = Generator(seed: seed)
        let alphabet: [Unicode.Scalar] = [
            "a", "@", "#", "~", "\r", "\n", "\t", "\u{301}", "\u{202E}", "\u{1F469}", "\u{200D}", "7", "-", "\u{0}", "\u{AC00}", " ",
        ]
        for _ in 0..<2_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<random.below(20) { scalars.append(alphabet[random.below(alphabet.count)]) }
            let text = String(scalars)
            if let typed = try? PostText(typed: text) {
                #expect((try? PostText(typed: typed.string)) == typed, "seed \(seed): \(text.debugDescription)")
                #expect(typed.mentions.allSatisfy { Username($0)?.folded == $0 })
                #expect(!typed.hashtags.contains(""))
            }
            if let reference = UserReference(text) { #expect(reference.name.text.utf8.count <= 24) }
            if let prefix = EntryIDPrefix(text) { #expect(prefix.lowest <= prefix.highest) }
            #expect(!text.withoutTerminalControls.unicodeScalars.contains("\u{202E}"))
        }
    }

    /// Whether any decoder takes the bytes.
    private func decode(_ bytes: Data) -> Bool {
        var isTaken = (try? Entry(encoded: bytes)) != nil
        isTaken = isTaken || (try? Certificate(trusting: bytes, signature: Data())) != nil
        if let wire = try? WireSignedCertificate(decoding: bytes) { isTaken = isTaken || (try? Certificate(verifying: wire)) != nil }
        for kind in RecordKind.allCases {
            if let envelope = try? Envelope(kind, verifying: bytes) {
                isTaken = true
                read(envelope, at: .sealedIdentity(bytes))
            }
        }
        _ = try? WireFrame(decoding: bytes)
        _ = Keys(secret: bytes)
        return isTaken
    }

    private func read(_ envelope: Envelope, at place: DirectoryKey) {
        _ = envelope.belongs(at: place)
        _ = try? NameClaim(reading: envelope)
        _ = try? AccountRecord(reading: envelope)
        _ = try? EntryRecord.entry(in: envelope)
        _ = try? ProviderRecord(reading: envelope)
    }
}

extension TestAuthor {
    /// A forward of an own post.
    fileprivate var posting: Entry {
        var copy = self
        let original = copy.post("original")
        return copy.forward(original, comment: "a comment")
    }

    fileprivate var revoking: Entry {
        var copy = self
        return copy.revoke(self, after: 1)
    }
}
