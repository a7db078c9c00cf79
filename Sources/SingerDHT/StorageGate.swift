import SingerCore
import Synchronization

import struct Foundation.Data

/// Decides which values of others this node stores: those that verify, as many as there is time for.
///
/// Whoever is refused for want of time believes that the value was stored. It has been refused by one node of eight, and comes
/// again when its owner renews it.
final class StorageGate: Sendable {
    /// An Ed25519 verification takes a tenth of a millisecond: a quarter of one core at the most.
    static let verificationsPerSecondMax = 2_000

    private let bucket: Mutex<TokenBucket>

    init(now: ContinuousClock.Instant = .now) {
        let rate = Double(Self.verificationsPerSecondMax)
        bucket = Mutex(TokenBucket(perSecond: rate, burst: 2 * rate, now: now))
    }

    func accepts(
        _ kind: RecordKind, at key: Data, valueID: UInt64, _ bytes: Data, over old: Data?, local: Bool, now: ContinuousClock.Instant = .now
    ) -> Bool {
        guard bytes.count <= 2 * Limits.recordBytesMax else { return false }
        let envelope: Envelope
        if local {
            // It was signed here, or verified when it was read.
            guard let trusted = try? Envelope(kind, trusting: bytes) else { return false }
            envelope = trusted
        } else {
            let cost = StorageRule.verifications(bytes: bytes.count) + (old == nil ? 0 : 1)
            guard bucket.withLock({ $0.take(cost, now: now) }), let place = DirectoryKey(key), let verified = try? Envelope(kind, verifying: bytes),
                StorageRule.allows(verified, at: place, valueID: valueID)
            else { return false }
            envelope = verified
        }
        // What does not verify has no claim to its place.
        guard let old, let standing = try? Envelope(kind, verifying: old) else { return true }
        return envelope.replaces(standing)
    }
}
