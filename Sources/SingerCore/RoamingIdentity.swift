internal import Crypto
internal import CryptoExtras
internal import SingerWire

internal import struct Foundation.Data

/// What a fresh machine needs to become another device of an account.
public struct RoamingIdentity: Sendable {
    public let root: RootKey
    /// As its owner writes it.
    public let name: Username
    /// When the name was claimed: the claim is made again from this, to the bit.
    public let claimed: Milliseconds

    public init(root: RootKey, name: Username, claimed: Milliseconds) {
        self.root = root
        self.name = name
        self.claimed = claimed
    }

    public var claim: NameClaim { NameClaim(name: name, root: root, created: claimed) }
}

/// The place in the DHT of an account's sealed root key, and the key to it: both only name and passphrase together can derive.
///
/// One scrypt (RFC 7914, N = 2^17, r = 8, p = 1) of the passphrase, salted with the name, is split by HKDF-SHA256 (RFC 5869).
/// There is no random salt, since there is nowhere to look it up: the name keeps one table from serving for everybody.
public struct RoamingPlace: Sendable {
    public let place: DirectoryKey
    private let key: SymmetricKey

    /// Of the one record at such a place.
    public static let valueID: UInt64 = 1

    /// Slow on purpose. `nil` for an empty passphrase.
    public init?(of name: Username, passphrase: String, workLog2: Int = SealedSecret.workLog2Default) {
        // The same passphrase may be typed in composed characters on one machine, and in decomposed ones on another.
        let typed = Data(passphrase.normalised.utf8)
        guard !typed.isEmpty else { return nil }
        let salt = Data("singer roaming 1\n\(name.folded)".utf8)
        guard let secret = try? KDF.Scrypt.deriveKey(from: typed, salt: salt, outputByteCount: 32, rounds: 1 << workLog2, blockSize: 8, parallelism: 1)
        else { return nil }
        func part(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("singer roaming \(purpose)".utf8), outputByteCount: 32)
        }
        place = .sealedIdentity(part("place").withUnsafeBytes { Data($0) })
        key = part("seal")
    }

    /// - Parameter now: the version of the record.
    public func record(of identity: RoamingIdentity, now: Milliseconds) -> PlacedRecord {
        var inner = WireIdentity()
        inner.root = identity.root.secret
        inner.name = identity.name.text
        inner.claimedMs = UInt64(identity.claimed)
        do {
            return Self.record(sealed: try ChaChaPoly.seal(inner.encoded, using: key).combined, at: place, by: identity.root, now: now)
        } catch {
            preconditionFailure("sealing failed: \(error)")
        }
    }

    /// What takes the place of an identity when its passphrase is no longer good.
    public static func withdrawal(from place: DirectoryKey, by root: RootKey, now: Milliseconds) -> PlacedRecord {
        record(sealed: Data(), at: place, by: root, now: now)
    }

    private static func record(sealed: Data, at place: DirectoryKey, by root: RootKey, now: Milliseconds) -> PlacedRecord {
        var wire = WireSealedIdentity()
        wire.version = 1
        wire.sealed = sealed
        return PlacedRecord(place: place, valueID: valueID, envelope: Envelope(.sealedIdentity, payload: wire.encoded, seq: UInt64(now), by: root))
    }

    /// The identity in a record of this place; `nil` for whatever else lies there.
    public func open(_ envelope: Envelope) -> RoamingIdentity? {
        guard let wire = try? WireSealedIdentity(decoding: envelope.payload), let box = try? ChaChaPoly.SealedBox(combined: wire.sealed),
            let inner = try? ChaChaPoly.open(box, using: key), let identity = try? WireIdentity(decoding: inner),
            let root = RootKey(secret: identity.root), root.publicKey.erased == envelope.key, let name = Username(identity.name),
            let claimed = Milliseconds(wire: identity.claimedMs)
        else { return nil }
        return RoamingIdentity(root: root, name: name, claimed: claimed)
    }

    /// Whether a record may be what it says; only who has the passphrase knows.
    static func mayBe(_ envelope: Envelope) -> Bool {
        guard let wire = try? WireSealedIdentity(decoding: envelope.payload) else { return false }
        return wire.version == 1 && wire.sealed.count <= Limits.sealedIdentityBytesMax
    }
}
