public import SingerWire

public import struct Foundation.Data

/// The kinds of record that the DHT holds, as `docs/protocol.md` lists them.
public enum RecordKind: UInt16, Sendable, CaseIterable {
    case nameClaim = 0x5301
    case account = 0x5302
    case news = 0x5303
    case followerEdge = 0x5304
    case provider = 0x5305
    case sealedIdentity = 0x5306

    /// How long a storing node keeps a record that nobody puts again.
    public var lifetime: Milliseconds {
        let day: Milliseconds = 24 * 60 * 60 * 1_000
        switch self {
        case .nameClaim, .sealedIdentity: return 30 * day
        case .account, .followerEdge: return 7 * day
        case .news, .provider: return 10 * 60 * 1_000
        }
    }

    public var context: SignatureContext {
        switch self {
        case .nameClaim: .nameClaim
        case .account: .accountRecord
        case .news: .news
        case .followerEdge: .followerEdge
        case .provider: .provider
        case .sealedIdentity: .sealedIdentity
        }
    }
}

/// A signed value with a version: what a DHT node stores without knowing more of it than this.
///
/// A value of this type has been verified. What it says has to be read with the type of its kind, which checks that it
/// lies where it belongs.
public struct Envelope: Hashable, Sendable {
    public let kind: RecordKind
    public let payload: Data
    /// Who signed: a root, device or node key, by kind.
    public let key: Bytes32<Never>
    public let seq: UInt64
    public let signature: Data

    public init<Role>(_ kind: RecordKind, payload: Data, seq: UInt64, by key: SigningKey<Role>) {
        self.kind = kind
        self.payload = payload
        self.key = key.publicKey.erased
        self.seq = seq
        signature = key.sign(Self.message(payload, seq), as: kind.context)
    }

    /// Reads and verifies an envelope that came from the DHT or a peer.
    public init(_ kind: RecordKind, verifying wire: WireEnvelope) throws(Refusal) {
        try self.init(kind, wire, verifies: true)
    }

    private init(_ kind: RecordKind, _ wire: WireEnvelope, verifies: Bool) throws(Refusal) {
        guard wire.payload.count <= Limits.recordBytesMax else { throw .tooLarge }
        guard let key = Bytes32<Never>(wire.key) else { throw .malformed }
        guard !verifies || key.verifies(wire.signature, over: Self.message(wire.payload, wire.seq), as: kind.context) else { throw .badSignature }
        self.kind = kind
        payload = wire.payload
        self.key = key
        seq = wire.seq
        signature = wire.signature
    }

    public init(_ kind: RecordKind, verifying bytes: Data) throws(Refusal) {
        guard bytes.count <= 2 * Limits.recordBytesMax else { throw .tooLarge }
        try self.init(kind, verifying: WireEnvelope(decoding: bytes))
    }

    /// Reads an envelope that was made here, or verified before it came to lie here.
    public init(_ kind: RecordKind, trusting bytes: Data) throws(Refusal) {
        try self.init(kind, WireEnvelope(decoding: bytes), verifies: false)
    }

    public var wire: WireEnvelope {
        var wire = WireEnvelope()
        wire.payload = payload
        wire.key = key.data
        wire.seq = seq
        wire.signature = signature
        return wire
    }

    public var encoded: Data { wire.encoded }

    private static func message(_ payload: Data, _ seq: UInt64) -> Data {
        withUnsafeBytes(of: seq.bigEndian) { Data($0) } + payload
    }

    /// Whether a storing node lets `self` take the place of `old`, under the same key and value id: the same signer, and newer.
    public func replaces(_ old: Envelope) -> Bool {
        kind == old.kind && key == old.key && (seq > old.seq || self == old)
    }
}

extension Bytes32 {
    /// The same bytes without a role.
    public var erased: Bytes32<Never> { converted() }

    /// The same bytes in another role.
    public func converted<Other>() -> Bytes32<Other> {
        guard let other = Bytes32<Other>(bytes) else { preconditionFailure("32 bytes stay 32 bytes") }
        return other
    }
}

/// A place in the DHT: 160 bits, as Kademlia in OpenDHT has them.
public struct DirectoryKey: Hashable, Sendable, CustomStringConvertible {
    /// 20 bytes.
    public let bytes: Data

    private init(_ domain: String, _ parts: Data...) {
        var message = Data("singer \(domain)\n".utf8)
        for part in parts { message += part }
        bytes = Data(EntryID.sha256(message).bytes.prefix(20))
    }

    /// A place that is known by its 20 bytes only; `nil` for any other number of them.
    public init?(_ bytes: Data) {
        guard bytes.count == 20 else { return nil }
        self.bytes = bytes
    }

    public static func name(_ name: Username) -> Self { Self("name", Data(name.folded.utf8)) }
    public static func account(_ account: AccountKey) -> Self { Self("account", account.data) }
    public static func news(_ account: AccountKey) -> Self { Self("news", account.data) }
    public static func followers(_ account: AccountKey, shard: UInt32) -> Self {
        Self("followers", account.data, withUnsafeBytes(of: shard.bigEndian) { Data($0) })
    }
    public static func providers(_ account: AccountKey) -> Self { Self("providers", account.data) }
    public static func sealedIdentity(_ place: Data) -> Self { Self("identity", place) }

    public var description: String { Hex.encode(bytes) }
}

/// Where a record lies, and the record.
public struct PlacedRecord: Hashable, Sendable {
    public let place: DirectoryKey
    /// Values under one place are told apart by this; an edit keeps it.
    public let valueID: UInt64
    public let envelope: Envelope

    public init(place: DirectoryKey, valueID: UInt64, envelope: Envelope) {
        self.place = place
        self.valueID = valueID
        self.envelope = envelope
    }

    /// The value id that belongs to a key, an entry, or whatever hash tells the values apart. Never zero, which OpenDHT reads as "none".
    public static func valueID<Role>(of hash: Bytes32<Role>) -> UInt64 { max(1, hash.leadingWord) }
}

/// Where a peer can be dialled.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int

    /// `nil` for an empty or overlong host, or a port outside 1–65535.
    public init?(host: String, port: Int) {
        guard (1...255).contains(host.utf8.count), (1...65_535).contains(port),
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        self.host = host
        self.port = port
    }

    public init?(_ wire: WireEndpoint) { self.init(host: wire.host, port: Int(wire.port)) }

    public var wire: WireEndpoint {
        var wire = WireEndpoint()
        wire.host = host
        wire.port = UInt32(port)
        return wire
    }

    public var description: String { HostPort.text(host, port) }
}
