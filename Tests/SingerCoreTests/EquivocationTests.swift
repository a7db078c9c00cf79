import SingerCore
import SingerTesting
import SingerWire
import Testing

@Suite struct EquivocationTests {
    /// An author who writes one entry, and then two that come after it.
    private func fork() -> (first: Entry, left: Entry, right: Entry, next: Entry) {
        var author = TestAuthor("mallory")
        let first = author.post("one")
        var other = author.fork()
        let (left, right) = (author.post("left"), other.post("right"))
        return (first, left, right, author.post("next"))
    }

    @Test func `two entries in one place are proof`() throws {
        let (_, left, right, _) = fork()
        let proof = try #require(Equivocation(left, right))
        #expect(proof.seq == 2)
        let read = try Equivocation(verifying: WireEquivocation(decoding: proof.wire.encoded))
        #expect(read == proof)
    }

    @Test func `an entry that does not follow the one before is proof`() throws {
        let (_, _, right, next) = fork()
        #expect(try Equivocation(verifying: #require(Equivocation(right, next)).wire).seq == 3)
        #expect(try Equivocation(verifying: #require(Equivocation(next, right)).wire).seq == 3)
    }

    @Test func `entries that go together prove nothing`() {
        let (first, left, _, next) = fork()
        #expect(Equivocation(first, first) == nil)
        #expect(Equivocation(first, left) == nil)
        #expect(Equivocation(first, next) == nil)
        #expect(Equivocation(left, next) == nil)
    }

    @Test func `a proof is refused when a signature or the certificate is another's`() throws {
        let (_, left, right, _) = fork()
        let proof = try #require(Equivocation(left, right)).wire
        var forged = proof
        forged.second.signature = forged.first.signature
        #expect(throws: Refusal.badSignature) { try Equivocation(verifying: forged) }
        var foreign = proof
        foreign.certificate = TestAuthor("alice").certificate.wire
        #expect(throws: Refusal.wrongSigner) { try Equivocation(verifying: foreign) }
        var same = proof
        same.second = same.first
        #expect(throws: Refusal.malformed) { try Equivocation(verifying: same) }
    }
}
