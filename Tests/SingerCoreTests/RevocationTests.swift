import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

@Suite struct RevocationTests {
    var laptop = TestAuthor("alice")
    var phone = TestAuthor("alice", device: "phone")
    let mallory = TestAuthor("mallory")

    private func body(_ revocation: Revocation) -> Data {
        var body = WireRevokeBody()
        body.revocation = revocation.wire
        return body.encoded
    }

    @Test func `a revocation reads back equal, and is the root key's word alone`() throws {
        let revocation = Revocation(of: phone.certificate.device, lastSeq: 7, root: laptop.root, now: TestAuthor.start)
        #expect(try Revocation(verifying: revocation.wire) == revocation)
        #expect(revocation.payload.count <= Limits.revocationBytesMax)
        for signature in [
            mallory.root.sign(revocation.payload, as: .revocation), phone.device.sign(revocation.payload, as: .revocation),
            laptop.root.sign(revocation.payload, as: .certificate), Data(count: 64), Data(),
        ] {
            var wire = revocation.wire
            wire.signature = signature
            #expect(throws: Refusal.badSignature) { try Revocation(verifying: wire) }
        }
    }

    @Test func `what is outside the limits is refused, signed or not`() throws {
        func signed(_ edit: (inout WireRevocation) -> Void) throws -> WireSignedRevocation {
            var fields = try WireRevocation(decoding: Revocation(of: phone.certificate.device, lastSeq: 7, root: laptop.root, now: 1).payload)
            edit(&fields)
            var wire = WireSignedRevocation()
            wire.payload = fields.encoded
            wire.signature = laptop.root.sign(wire.payload, as: .revocation)
            return wire
        }
        #expect(throws: Refusal.malformed) { try Revocation(verifying: signed { $0.version = 2 }) }
        #expect(throws: Refusal.malformed) { try Revocation(verifying: signed { $0.device = Data(count: 31) }) }
        #expect(throws: Refusal.malformed) { try Revocation(verifying: signed { $0.createdMs = .max }) }
        #expect(throws: Refusal.outOfBounds) { try Revocation(verifying: signed { $0.lastSeq = Limits.sequenceMax + 1 }) }
        #expect(throws: Refusal.tooLarge) { try Revocation(verifying: signed { $0.account = Data(count: 200) }) }
        #expect(try Revocation(verifying: signed { $0.lastSeq = 0 }).lastSeq == 0)
    }

    @Test mutating func `nobody revokes a device of somebody else`() throws {
        let revocation = Revocation(of: phone.certificate.device, lastSeq: 0, root: laptop.root, now: TestAuthor.start)
        #expect(throws: Refusal.wrongSigner) { try Entry(verifying: mallory.forge(.revoke, body: body(revocation))) }
        #expect(try Entry(verifying: laptop.forge(.revoke, body: body(revocation))).content == .revoke(revocation))
        #expect(throws: Refusal.malformed) { try Entry(verifying: laptop.forge(.revoke, body: Data())) }
    }

    @Test mutating func `entries behind the last one that counts are void, but for revocations`() throws {
        let first = phone.post("first")
        let second = phone.post("second")
        let third = phone.revoke(laptop, after: 0)
        #expect([first, second, third].map { Revocation.voids($0.header, after: 1) } == [false, true, false])
        #expect([first, second, third].map { Revocation.voids($0.header, after: 0) } == [true, true, false])
        #expect([first, second, third].map { Revocation.voids($0.header, after: 2) } == [false, false, false])
    }

    @Test func `a device is shown by as much of its key as tells it from the others`() throws {
        func key(_ bytes: [UInt8]) throws -> DeviceKey { try #require(DeviceKey(bytes + [UInt8](repeating: 0, count: 32 - bytes.count))) }
        let one = try key([0x1f, 0x3a, 0x9c, 0x07, 0x55])
        let near = try key([0x1f, 0x3a, 0x9c, 0x07, 0x56])
        let far = try key([0x20])
        #expect(one.shown(among: [one, far]) == "1f3a9c07")
        #expect(one.shown(among: [one, near, far]) == "1f3a9c0755")
        #expect(one.matches(typed: "1F3a") && one.matches(typed: "1f3a9c0755") && !one.matches(typed: "1f3") && !one.matches(typed: "1f3b"))
        #expect(!one.matches(typed: ""))
    }
}
