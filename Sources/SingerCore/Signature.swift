internal import Crypto

public import struct Foundation.Data

/// What a signature is for. The context is signed together with the bytes, so that no signature made for one purpose
/// can be passed off as one made for another.
public enum SignatureContext: String, CaseIterable, Sendable {
    case certificate = "singer certificate 1\n"
    case entry = "singer entry 1\n"
    case nameClaim = "singer name 1\n"
    case accountRecord = "singer account 1\n"
    case news = "singer news 1\n"
    case followerEdge = "singer follower 1\n"
    case provider = "singer provider 1\n"
    case sealedIdentity = "singer identity 1\n"
    case revocation = "singer revocation 1\n"

    func message(_ bytes: Data) -> Data { Data(rawValue.utf8) + bytes }
}

/// An Ed25519 key pair (RFC 8032) with a role.
public struct SigningKey<Role>: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Makes a new key.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// Takes 32 secret bytes that `secret` gave before; `nil` for anything else.
    public init?(secret: some Collection<UInt8>) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(secret)) else { return nil }
        self.key = key
    }

    public var secret: Data { key.rawRepresentation }

    public var publicKey: Bytes32<Role> {
        guard let bytes = Bytes32<Role>(key.publicKey.rawRepresentation) else {
            preconditionFailure("an Ed25519 public key has 32 bytes")
        }
        return bytes
    }

    public func sign(_ bytes: Data, as context: SignatureContext) -> Data {
        do {
            let message = context.message(bytes)
            let signature = try key.signature(for: message)
            GoodSignatures.insert(publicKey.mark(signature, message))
            return signature
        } catch {
            preconditionFailure("Ed25519 signing cannot fail: \(error)")
        }
    }
}

public typealias RootKey = SigningKey<AccountRole>
public typealias DeviceSecret = SigningKey<DeviceRole>
public typealias NodeSecret = SigningKey<NodeRole>

extension Bytes32 {
    /// Whether `signature` was made over these bytes, in this context, by the owner of this public key.
    public func verifies(_ signature: Data, over bytes: Data, as context: SignatureContext) -> Bool {
        guard signature.count == 64 else { return false }
        let message = context.message(bytes)
        let mark = mark(signature, message)
        if GoodSignatures.contains(mark) { return true }
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: data), key.isValidSignature(signature, for: message) else { return false }
        GoodSignatures.insert(mark)
        return true
    }

    /// Of a signature of 64 bytes.
    fileprivate func mark(_ signature: Data, _ message: Data) -> GoodSignatures.Mark {
        var hash = SHA256()
        withBytes { hash.update(bufferPointer: $0) }
        hash.update(data: signature)
        hash.update(data: message)
        guard let mark = hash.finalize().withUnsafeBytes({ GoodSignatures.Mark($0) }) else { preconditionFailure("SHA-256 has 32 bytes") }
        return mark
    }

    /// The SHA-256 of `bytes`.
    public static func sha256(_ bytes: Data) -> Self {
        guard let hash = SHA256.hash(data: bytes).withUnsafeBytes({ Self($0) }) else { preconditionFailure("SHA-256 has 32 bytes") }
        return hash
    }
}

/// The SHA-256 of a public key, as people compare it.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    private let hash: [UInt8]

    public init(_ account: AccountKey) { hash = EntryID.sha256(account.data).bytes }

    /// `9f3c-21aa-07de-55b1`: the first 64 bits.
    public var description: String {
        let hex = Hex.encode(hash.prefix(8))
        return stride(from: 0, to: 16, by: 4).map { String(hex.dropFirst($0).prefix(4)) }.joined(separator: "-")
    }

    /// `9f3c21aa`: the first 32 bits, for the host in an IRC prefix.
    public var short: String { Hex.encode(hash.prefix(4)) }

    /// `k7q2…`: base32, for telling apart two keys under one name.
    public var mark: String { Base32.encode(hash) }
}
