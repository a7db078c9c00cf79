public import SingerWire

public import struct Foundation.Data

/// "This device no longer speaks for this account": signed by the root key.
///
/// It counts whoever brings it, and is never taken back. Of several for one device the one that leaves least of it counts. What the device wrote up to `lastSeq` stays; all that comes behind is
/// void, however it is dated, and wherever it is already.
public struct Revocation: Hashable, Sendable {
    public let account: AccountKey
    public let device: DeviceKey
    /// The last entry that counts; 0 if none does.
    public let lastSeq: UInt64
    public let created: Milliseconds
    /// The exact bytes that were signed.
    public let payload: Data
    public let signature: Data

    /// Revokes a device.
    public init(of device: DeviceKey, lastSeq: UInt64, root: RootKey, now: Milliseconds) {
        var wire = WireRevocation()
        wire.version = 1
        wire.account = root.publicKey.data
        wire.device = device.data
        wire.lastSeq = lastSeq
        wire.createdMs = UInt64(now)
        account = root.publicKey
        self.device = device
        self.lastSeq = lastSeq
        created = now
        payload = wire.encoded
        signature = root.sign(payload, as: .revocation)
    }

    /// Reads and verifies a revocation that somebody sent.
    public init(verifying wire: WireSignedRevocation) throws(Refusal) {
        guard wire.payload.count <= Limits.revocationBytesMax else { throw .tooLarge }
        let fields = try WireRevocation(decoding: wire.payload)
        guard fields.version == 1, let account = AccountKey(fields.account), let device = DeviceKey(fields.device),
            let created = Milliseconds(wire: fields.createdMs)
        else { throw .malformed }
        guard fields.lastSeq <= Limits.sequenceMax else { throw .outOfBounds }
        guard account.verifies(wire.signature, over: wire.payload, as: .revocation) else { throw .badSignature }
        self.account = account
        self.device = device
        lastSeq = fields.lastSeq
        self.created = created
        payload = wire.payload
        signature = wire.signature
    }

    public var wire: WireSignedRevocation {
        var wire = WireSignedRevocation()
        wire.payload = payload
        wire.signature = signature
        return wire
    }

    /// Whether an entry of a device of which only what stands up to `lastSeq` counts is void.
    ///
    /// Revocations themselves always count: it is the root key that speaks in them, and two devices that revoke each other must come
    /// out the same at every peer.
    public static func voids(_ header: Entry.Header, after lastSeq: UInt64) -> Bool { header.kind != .revoke && header.seq > lastSeq }
}
