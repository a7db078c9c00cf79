public import struct Foundation.Data

/// 32 bytes with a role: a public key or a hash. Ordered as its bytes are.
///
/// Four words in place, not an array: tables of these are large and compared often.
public struct Bytes32<Role>: Hashable, Comparable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// `nil` unless there are exactly 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var bigEndian: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bigEndian) { $0.copyBytes(from: bytes) }
        words = Self.swapped(bigEndian)
    }

    public var bytes: [UInt8] { withUnsafeBytes(of: Self.swapped(words)) { Array($0) } }
    public var data: Data { withUnsafeBytes(of: Self.swapped(words)) { Data($0) } }

    /// Lends the bytes for as long as `body` runs.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: Self.swapped(words), body)
    }

    /// How many of the first bits of two values are the same.
    func bitsShared(with other: Self) -> Int {
        if words.0 != other.words.0 { return (words.0 ^ other.words.0).leadingZeroBitCount }
        if words.1 != other.words.1 { return 64 + (words.1 ^ other.words.1).leadingZeroBitCount }
        if words.2 != other.words.2 { return 128 + (words.2 ^ other.words.2).leadingZeroBitCount }
        return 192 + (words.3 ^ other.words.3).leadingZeroBitCount
    }

    /// From the order of the bytes to that of the machine, and back.
    private static func swapped(_ words: (UInt64, UInt64, UInt64, UInt64)) -> (UInt64, UInt64, UInt64, UInt64) {
        (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }

    /// The first eight bytes, for choices that must be the same in every run (`hashValue` is not).
    public var leadingWord: UInt64 { words.0 }

    public static func == (a: Self, b: Self) -> Bool { a.words == b.words }
    public static func < (a: Self, b: Self) -> Bool { a.words < b.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.3)
    }
}

extension Bytes32: CustomStringConvertible {
    /// Lowercase hexadecimal.
    public var description: String { Hex.encode(bytes) }
}

public enum AccountRole {}
public enum DeviceRole {}
public enum NodeRole {}
public enum EntryRole {}

/// The Ed25519 root public key of an account. It *is* the account; names only point at it.
public typealias AccountKey = Bytes32<AccountRole>
/// The Ed25519 public key of one data directory of an account.
public typealias DeviceKey = Bytes32<DeviceRole>
/// The Ed25519 public key of a peer, also the key of its TLS certificate.
public typealias NodeKey = Bytes32<NodeRole>
/// The SHA-256 of an entry's header.
public typealias EntryID = Bytes32<EntryRole>
