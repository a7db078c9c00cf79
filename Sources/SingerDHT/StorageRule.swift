import SingerCore

import struct Foundation.Data

/// What a storing node asks of a record, and a reader too: storing nodes are not trusted.
enum StorageRule {
    /// What a reader asks, who knows which place it asked for.
    static func allows(_ envelope: Envelope, at place: DirectoryKey, valueID: UInt64) -> Bool {
        allows(envelope, under: valueID) && envelope.belongs(at: place)
    }

    /// What a storing node asks, to whom a place is no more than 20 bytes.
    static func allows(_ envelope: Envelope, at key: Data, valueID: UInt64) -> Bool {
        allows(envelope, under: valueID) && lies(envelope, at: key)
    }

    /// Signatures that have to be verified for a record of this size, at most: an account record carries a tail of entries.
    static func verifications(bytes: Int) -> Int { 1 + bytes / 256 }

    /// The value id has to be the signer's where every signer has one of its own: else anybody could sit on the id of another,
    /// and storing nodes would then refuse the real owner.
    private static func allows(_ envelope: Envelope, under valueID: UInt64) -> Bool {
        switch envelope.kind {
        case .nameClaim: valueID == 1
        case .account, .followerEdge, .provider: valueID == PlacedRecord.valueID(of: envelope.key)
        // One genuine piece of news under a thousand ids would leave no room for the next.
        case .news: valueID == EntryRecord.valueID(in: envelope)
        // It lies where only its owner knows.
        case .sealedIdentity: valueID != 0
        }
    }

    /// `Envelope.belongs`, for a place that cannot be told from its hash.
    private static func lies(_ envelope: Envelope, at key: Data) -> Bool {
        switch envelope.kind {
        case .nameClaim:
            guard let claim = try? NameClaim(reading: envelope) else { return false }
            return DirectoryKey.name(claim.name).bytes == key
        case .account:
            guard let record = try? AccountRecord(reading: envelope) else { return false }
            return DirectoryKey.account(record.certificate.account).bytes == key
        case .news:
            guard let entry = try? EntryRecord.entry(in: envelope) else { return false }
            return DirectoryKey.news(entry.header.account).bytes == key
        case .followerEdge:
            guard let entry = try? EntryRecord.entry(in: envelope) else { return false }
            switch entry.content {
            case .follow(let who), .unfollow(let who):
                return (0..<64).contains { DirectoryKey.followers(who.account, shard: $0).bytes == key }
            case .post, .profile, .like, .unlike, .delete, nil: return false
            }
        case .provider:
            guard let provider = try? ProviderRecord(reading: envelope) else { return false }
            return DirectoryKey.providers(provider.account).bytes == key
        case .sealedIdentity:
            return key.count == 20
        }
    }
}
