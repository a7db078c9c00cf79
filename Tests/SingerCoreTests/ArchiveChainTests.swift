import Foundation
import SingerTesting
import Testing

@testable import SingerCore

/// What makes an archive whole.
@Suite struct ArchiveChainTests {
    @Test func `logs in order are taken, with gaps that are filled later, and nothing twice`() throws {
        var andre = TestAuthor("andre")
        var laptop = TestAuthor("andre", device: "laptop")
        let entries = (1...5).map { andre.post("post \($0)") }
        let other = laptop.post("elsewhere")
        var chain = ArchiveChain(account: andre.account)
        for entry in [entries[0], entries[1], entries[4], other] { try chain.take(entry) }
        #expect(chain.level(of: andre.device.publicKey) == 2)
        #expect(chain.level(of: laptop.device.publicKey) == 1)
        #expect(chain.holds(entries[4].header) && !chain.holds(entries[2].header))
        #expect(throws: ArchiveChain.Objection.outOfOrder(2)) { try chain.take(entries[1]) }
        #expect(throws: ArchiveChain.Objection.outOfOrder(5)) { try chain.take(entries[4]) }
        try chain.take(entries[2])
        try chain.take(entries[3])
        #expect(chain.level(of: andre.device.publicKey) == 5)
        #expect(chain.entries == 6)
    }

    @Test func `an entry that does not follow, or is another's, is an objection`() throws {
        var andre = TestAuthor("andre")
        var fork = andre
        let first = andre.post("one")
        let otherFirst = fork.post("another one")
        let second = fork.post("two")
        var chain = ArchiveChain(account: andre.account)
        try chain.take(first)
        #expect(throws: ArchiveChain.Objection.outOfOrder(1)) { try chain.take(otherFirst) }
        #expect(throws: ArchiveChain.Objection.brokenChain(2)) { try chain.take(second) }
        var diogo = TestAuthor("diogo")
        let foreign = diogo.post("hello")
        #expect(throws: ArchiveChain.Objection.otherAccount) { try chain.take(foreign) }
    }

    @Test func `a sealed secret goes through text`() throws {
        let sealed = SealedSecret(sealing: Data(repeating: 7, count: 32), passphrase: "correct-horse", workLog2: 4)
        #expect(sealed.text.hasPrefix("$scrypt$ln=4,r=8,p=1$"))
        let read = try #require(SealedSecret(text: sealed.text))
        #expect(read == sealed)
        #expect(read.open(passphrase: "correct-horse") == Data(repeating: 7, count: 32))
    }

    @Test(arguments: [
        "", "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=22,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$scrypt$ln=0,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "$scrypt$ln=17,r=9,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$argon2$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "$scrypt$ln=17,r=8,p=1$$AAAA", "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAA",
        "$scrypt$ln=17,r=8,p=1$A!AAAAAAAAAAAAAAAAAAAA$AAAA",
    ])
    func `text that is no sealed secret, or asks for too much memory, is refused`(text: String) {
        #expect(SealedSecret(text: text) == nil)
    }
}
