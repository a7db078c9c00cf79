internal import SingerReplication

public import struct Foundation.Data

/// Random values that follow from a seed: print the seed when a test fails, and it fails again.
public struct Generator: RandomNumberGenerator, Sendable {
    public let seed: UInt64
    private var random: SplitMix64

    public init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(state: seed)
    }

    public mutating func next() -> UInt64 { random.next() }

    /// A number from 0 up to `bound`, exclusive.
    public mutating func below(_ bound: Int) -> Int { random.below(bound) }

    /// True once in `count` times.
    public mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    public mutating func bytes(_ count: Int) -> Data { Data((0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }) }

    /// The bytes with a few of them changed, removed, repeated or added.
    public mutating func mutated(_ bytes: Data) -> Data {
        var bytes = Array(bytes)
        for _ in 0...below(4) {
            let index = below(max(1, bytes.count))
            switch below(6) {
            case 0 where !bytes.isEmpty: bytes[index] ^= 1 << UInt8(below(8))
            case 1 where !bytes.isEmpty: bytes[index] = UInt8(truncatingIfNeeded: next())
            case 2 where !bytes.isEmpty: bytes.remove(at: index)
            case 3: bytes.insert(UInt8(truncatingIfNeeded: next()), at: min(index, bytes.count))
            case 4: bytes.removeLast(min(bytes.count, below(8)))
            default: bytes += bytes.suffix(below(16))
            }
        }
        return Data(bytes)
    }
}
