public import SingerWire
public import SwiftProtobuf

public import struct Foundation.Data

/// "This device speaks for this account, whose owner goes by this name": signed by the root key.
public struct Certificate: Hashable, Sendable {
    public let account: AccountKey
    public let device: DeviceKey
    public let name: Username
    public let created: Milliseconds
    /// The exact bytes that were signed.
    public let payload: Data
    public let signature: Data

    /// Certifies a device.
    public init(device: DeviceKey, name: Username, root: RootKey, now: Milliseconds) {
        var wire = WireCertificate()
        wire.version = 1
        wire.account = root.publicKey.data
        wire.device = device.data
        wire.name = name.text
        wire.createdMs = UInt64(now)
        account = root.publicKey
        self.device = device
        self.name = name
        created = now
        payload = wire.encoded
        signature = root.sign(payload, as: .certificate)
    }

    /// Reads and verifies a certificate that somebody sent.
    public init(verifying wire: WireSignedCertificate) throws(Refusal) {
        try self.init(wire, verifies: true)
    }

    /// Reads a certificate that was verified before it was stored here.
    public init(trusting payload: Data, signature: Data) throws(Refusal) {
        var wire = WireSignedCertificate()
        wire.payload = payload
        wire.signature = signature
        try self.init(wire, verifies: false)
    }

    private init(_ wire: WireSignedCertificate, verifies: Bool) throws(Refusal) {
        guard wire.payload.count <= Limits.certificateBytesMax else { throw .tooLarge }
        let fields = try WireCertificate(decoding: wire.payload)
        guard fields.version == 1, let account = AccountKey(fields.account), let device = DeviceKey(fields.device),
            let name = Username(fields.name), let created = Milliseconds(wire: fields.createdMs)
        else { throw .malformed }
        guard !verifies || account.verifies(wire.signature, over: wire.payload, as: .certificate) else { throw .badSignature }
        self.account = account
        self.device = device
        self.name = name
        self.created = created
        payload = wire.payload
        signature = wire.signature
    }

    public var wire: WireSignedCertificate {
        var wire = WireSignedCertificate()
        wire.payload = payload
        wire.signature = signature
        return wire
    }
}

/// Why something that a peer, the DHT or the disk gave us is not taken.
public enum Refusal: Error, Hashable, Sendable {
    case malformed
    case tooLarge
    case badSignature
    /// The certificate is not that of the account or the device in question.
    case wrongSigner
    /// The hash in the header is not that of the body.
    case bodyMismatch
    /// A field is outside its limits.
    case outOfBounds
    /// It lies under a key where it does not belong.
    case misplaced
}

extension Refusal {
    /// What people are told of an entry: behind "entry 3", say.
    public var wordsOfEntry: String {
        switch self {
        case .badSignature: "was not signed as it is"
        case .bodyMismatch: "has not the body that was signed"
        case .wrongSigner: "was signed by another device than its certificate names"
        case .tooLarge, .outOfBounds: "is beyond the limits"
        case .malformed, .misplaced: "is no entry"
        }
    }
}

extension Message {
    /// The bytes of a message that is to be signed. Encoding can't fail: there are no required fields, no `Any`.
    public var encoded: Data {
        do {
            return try serializedBytes()
        } catch {
            preconditionFailure("cannot encode \(Self.protoMessageName): \(error)")
        }
    }

    /// Reads bytes that came from outside.
    public init(decoding bytes: Data) throws(Refusal) {
        do {
            var options = BinaryDecodingOptions()
            options.messageDepthLimit = 8
            try self.init(serializedBytes: bytes, options: options)
        } catch {
            throw .malformed
        }
    }
}

extension Milliseconds {
    /// A time from outside: `nil` unless it is printable.
    init?(wire: UInt64) {
        guard wire <= UInt64(Limits.timeMax) else { return nil }
        self = Int64(wire)
    }
}
