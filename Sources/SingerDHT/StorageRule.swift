import SingerCore

/// What a storing node asks of a record, and a reader too: storing nodes are not trusted.
enum StorageRule {
    static func allows(_ envelope: Envelope, at place: DirectoryKey, valueID: UInt64) -> Bool {
        allows(envelope, under: valueID) && envelope.belongs(at: place)
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
}
