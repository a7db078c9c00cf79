internal import Crypto
internal import CryptoExtras

public import struct Foundation.Data

/// Secrets at rest: sealed with ChaCha20-Poly1305 under a key that scrypt (RFC 7914) makes from a passphrase.
public struct SealedSecret: Hashable, Sendable {
    public let salt: Data
    /// scrypt's N is 2 to the power of this; r = 8, p = 1.
    public let workLog2: Int
    /// Nonce, ciphertext and tag.
    public let box: Data

    /// 128 MiB and about a third of a second.
    public static let workLog2Default = 17

    public init(salt: Data, workLog2: Int, box: Data) {
        self.salt = salt
        self.workLog2 = workLog2
        self.box = box
    }

    /// Seals `secret`. Slow on purpose: keep it off whatever others wait for.
    public init(sealing secret: Data, passphrase: String, workLog2: Int = workLog2Default) {
        let salt = Data((0..<16).map { _ in UInt8.random(in: 0...255) })
        do {
            let key = try Self.key(passphrase, salt: salt, workLog2: workLog2)
            self.init(salt: salt, workLog2: workLog2, box: try ChaChaPoly.seal(secret, using: key).combined)
        } catch {
            preconditionFailure("sealing failed: \(error)")
        }
    }

    /// The secret, or `nil` for a wrong passphrase or a damaged box. As slow as sealing.
    public func open(passphrase: String) -> Data? {
        guard let key = try? Self.key(passphrase, salt: salt, workLog2: workLog2),
            let box = try? ChaChaPoly.SealedBox(combined: box)
        else { return nil }
        return try? ChaChaPoly.open(box, using: key)
    }

    /// Spends the time that opening a box would, for a name that has none: an answer must not tell the two apart.
    public static func spendTime(passphrase: String, workLog2: Int = workLog2Default) {
        _ = try? key(passphrase, salt: Data(count: 16), workLog2: workLog2)
    }

    /// Most that a box may ask for: 4 GiB. Beyond it lies a damaged row, not a secret.
    private static let workLog2Max = 22

    private struct Unusable: Error {}

    private static func key(_ passphrase: String, salt: Data, workLog2: Int) throws -> SymmetricKey {
        // CryptoExtras traps on an empty passphrase or salt, and on factors that overflow.
        guard !passphrase.isEmpty, !salt.isEmpty, (1...workLog2Max).contains(workLog2) else { throw Unusable() }
        return try KDF.Scrypt.deriveKey(
            from: Data(passphrase.normalised.utf8), salt: salt, outputByteCount: 32, rounds: 1 << workLog2, blockSize: 8, parallelism: 1)
    }
}

/// The keys of one account on this peer.
public struct Keys: Sendable {
    public let root: RootKey
    public let device: DeviceSecret

    public init(root: RootKey, device: DeviceSecret) {
        self.root = root
        self.device = device
    }

    /// Both secrets, for sealing: 64 bytes.
    public var secret: Data { root.secret + device.secret }

    public init?(secret: Data) {
        guard secret.count == 64, let root = RootKey(secret: secret.prefix(32)), let device = DeviceSecret(secret: secret.suffix(32)) else {
            return nil
        }
        self.init(root: root, device: device)
    }
}
