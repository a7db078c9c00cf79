import SingerCore
import Testing

import struct Foundation.Data

@Suite struct VaultTests {
    /// scrypt's N in tests: its strength is not what is tested.
    static let work = 4

    @Test func `a sealed secret opens with its passphrase only`() {
        let secret = Data("sixty-four bytes, or as many as one likes".utf8)
        let sealed = SealedSecret(sealing: secret, passphrase: "correct horse", workLog2: Self.work)
        #expect(sealed.open(passphrase: "correct horse") == secret)
        for wrong in ["correct hors", "Correct horse", "correct horse ", "x"] { #expect(sealed.open(passphrase: wrong) == nil) }
    }

    @Test func `a passphrase is the same however its letters are composed`() {
        let sealed = SealedSecret(sealing: Data(count: 64), passphrase: "p\u{e4}ssw\u{f6}rd", workLog2: Self.work)
        #expect(sealed.open(passphrase: "pa\u{308}sswo\u{308}rd") == Data(count: 64))
        #expect(sealed.open(passphrase: "passw\u{f6}rd") == nil)
    }

    @Test func `an empty passphrase opens nothing, and does no harm`() {
        let sealed = SealedSecret(sealing: Data(count: 64), passphrase: "correct horse", workLog2: Self.work)
        #expect(sealed.open(passphrase: "") == nil)
        SealedSecret.spendTime(passphrase: "", workLog2: Self.work)
    }

    @Test func `a damaged box does not open`() {
        let sealed = SealedSecret(sealing: Data(count: 64), passphrase: "correct horse", workLog2: Self.work)
        for index in sealed.box.indices {
            var box = sealed.box
            box[index] ^= 1
            #expect(SealedSecret(salt: sealed.salt, workLog2: Self.work, box: box).open(passphrase: "correct horse") == nil)
        }
        for box in [Data(), Data(count: 5), sealed.box.dropLast()] {
            #expect(SealedSecret(salt: sealed.salt, workLog2: Self.work, box: box).open(passphrase: "correct horse") == nil)
        }
    }

    @Test(arguments: [-1, 0, 3, 5, 62, 63, 64, 1_000]) func `a damaged work factor opens nothing, and does no harm`(work: Int) {
        let sealed = SealedSecret(sealing: Data(count: 64), passphrase: "correct horse", workLog2: Self.work)
        #expect(SealedSecret(salt: sealed.salt, workLog2: work, box: sealed.box).open(passphrase: "correct horse") == nil)
    }

    @Test func `a damaged salt opens nothing, and does no harm`() {
        let sealed = SealedSecret(sealing: Data(count: 64), passphrase: "correct horse", workLog2: Self.work)
        for salt in [Data(), Data(count: 16), sealed.salt.dropLast()] {
            #expect(SealedSecret(salt: salt, workLog2: Self.work, box: sealed.box).open(passphrase: "correct horse") == nil)
        }
    }

    @Test func `the same secret is sealed differently each time`() {
        let seals = (0..<4).map { _ in SealedSecret(sealing: Data(count: 64), passphrase: "correct horse", workLog2: Self.work) }
        #expect(Set(seals.map(\.salt)).count == 4)
        #expect(Set(seals.map(\.box)).count == 4)
    }

    @Test func `keys come back from their secret`() throws {
        let keys = Keys(root: RootKey(), device: DeviceSecret())
        #expect(keys.secret.count == 64)
        // A slice whose indices do not begin at zero.
        let again = try #require(Keys(secret: (Data([9]) + keys.secret).dropFirst()))
        #expect(again.root.publicKey == keys.root.publicKey)
        #expect(again.device.publicKey == keys.device.publicKey)
        #expect(Keys(secret: keys.secret.dropLast()) == nil)
        #expect(RootKey(secret: Data(count: 31)) == nil)
    }
}
