import SingerCore
import SingerTesting
import Testing

import struct Foundation.Data

@Suite struct RoamingTests {
    let alice = TestAuthor("Alice")

    private func place(_ name: String = "alice", _ passphrase: String = "correct-horse-battery") throws -> RoamingPlace {
        let name = try #require(Username(name))
        return try #require(RoamingPlace(of: name, passphrase: passphrase, workLog2: 4))
    }

    private func record(_ place: RoamingPlace, now: Milliseconds = TestAuthor.start) -> PlacedRecord {
        place.record(of: RoamingIdentity(root: alice.root, name: alice.name, claimed: TestAuthor.start), now: now)
    }

    @Test func `name and passphrase lead to the key, however they are typed`() throws {
        let sealed = record(try place("alice", "caf\u{e9}-correct-horse"))
        let same = try place("ALICE", "cafe\u{301}-correct-horse")
        #expect(same.place == sealed.place)
        let found = try #require(same.open(sealed.envelope))
        #expect(found.root.secret == alice.root.secret)
        #expect(found.name.text == "Alice")
        #expect(found.claim == alice.claim)
        #expect(sealed.envelope.belongs(at: sealed.place))
    }

    @Test func `another name or passphrase leads elsewhere, and opens nothing`() throws {
        let sealed = record(try place())
        for other in [try place("alicia"), try place("alice", "correct-horse-batterz")] {
            #expect(other.place != sealed.place)
            #expect(other.open(sealed.envelope) == nil)
        }
        #expect(RoamingPlace(of: alice.name, passphrase: "", workLog2: 4) == nil)
    }

    @Test func `a key in the envelope of another is not taken`() throws {
        let place = try place()
        let stolen = Envelope(.sealedIdentity, payload: record(place).envelope.payload, seq: 9, by: RootKey())
        #expect(place.open(stolen) == nil)
    }

    @Test func `a withdrawal takes the place of the key, and opens nothing`() throws {
        let place = try place()
        let sealed = record(place)
        let withdrawal = RoamingPlace.withdrawal(from: sealed.place, by: alice.root, now: TestAuthor.start + 1)
        #expect(withdrawal.place == sealed.place && withdrawal.valueID == sealed.valueID)
        #expect(withdrawal.envelope.replaces(sealed.envelope))
        #expect(place.open(withdrawal.envelope) == nil)
        #expect(withdrawal.envelope.belongs(at: withdrawal.place))
    }

    @Test func `storing nodes take nothing larger than a sealed key`() {
        let large = Envelope(.sealedIdentity, payload: Data(count: 1_000), seq: 1, by: alice.root)
        #expect(!large.belongs(at: .sealedIdentity(Data(count: 32))))
    }
}

@Suite struct GeneratedPassphraseTests {
    @Test func `six words of a thousand and twenty-four, all of them different and plain`() {
        var generator = Generator(seed: 1)
        let passphrase = GeneratedPassphrase.make(using: &generator)
        #expect(passphrase.split(separator: "-").count == 6)
        #expect(passphrase.count >= Limits.passphraseCharactersStrong)
        #expect(passphrase != GeneratedPassphrase.make(using: &generator))
        #expect(GeneratedPassphrase.make() != GeneratedPassphrase.make())
        let plain = (0..<5_000).flatMap { _ in GeneratedPassphrase.make(using: &generator).split(separator: "-") }
        #expect(Set(plain).count == 1_024)
        #expect(plain.allSatisfy { (3...9).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isLowercase } })
    }
}
