internal import SingerWire

internal import struct Foundation.Data

/// "This name is mine." Signed by the root key; lies under the name.
public struct NameClaim: Hashable, Sendable {
    public let name: Username
    public let account: AccountKey
    public let created: Milliseconds
    public let envelope: Envelope

    public init(name: Username, root: RootKey, created: Milliseconds) {
        var wire = WireNameClaim()
        wire.version = 1
        wire.name = name.text
        wire.account = root.publicKey.data
        wire.createdMs = UInt64(created)
        self.name = name
        self.created = created
        account = root.publicKey
        envelope = Envelope(.nameClaim, payload: wire.encoded, seq: UInt64(created), by: root)
    }

    public init(reading envelope: Envelope) throws(Refusal) {
        guard envelope.kind == .nameClaim else { throw .misplaced }
        let wire = try WireNameClaim(decoding: envelope.payload)
        guard wire.version == 1, let name = Username(wire.name), let account = AccountKey(wire.account),
            let created = Milliseconds(wire: wire.createdMs)
        else { throw .malformed }
        guard account.erased == envelope.key else { throw .wrongSigner }
        self.name = name
        self.account = account
        self.created = created
        self.envelope = envelope
    }

    /// Of two claims made in the same moment, the one that its owner may keep.
    public func precedes(_ other: NameClaim) -> Bool { (created, account) < (other.created, other.account) }

    /// One value id for all claims of a name: a storing node has one place for them, and keeps the first.
    public var placed: PlacedRecord { PlacedRecord(place: .name(name), valueID: 1, envelope: envelope) }
}

/// What the network knows of an account, as one of its devices says it.
public struct AccountRecord: Hashable, Sendable {
    public var certificate: Certificate
    public var node: NodeKey
    public var endpoints: [Endpoint]
    /// The account is online until then; 0 when it has logged out.
    public var onlineUntil: Milliseconds
    public var seen: Milliseconds
    public var followers: Int
    public var following: Int
    public var posts: Int
    /// The sequence number of the latest entry of this device; 0 if there is none.
    public var head: UInt64
    public var lastPost: EntryID?
    /// The latest entries of this device that fit in `Limits.tailBytesMax`, oldest first.
    public var tail: [Entry]

    public init(
        certificate: Certificate, node: NodeKey, endpoints: [Endpoint], onlineUntil: Milliseconds, seen: Milliseconds,
        followers: Int, following: Int, posts: Int, head: UInt64, lastPost: EntryID?, tail: [Entry]
    ) {
        self.certificate = certificate
        self.node = node
        self.endpoints = endpoints
        self.onlineUntil = onlineUntil
        self.seen = seen
        self.followers = followers
        self.following = following
        self.posts = posts
        self.head = head
        self.lastPost = lastPost
        self.tail = tail
    }

    /// Seals the record; its version is the time of writing, so that it grows across restarts.
    public func sealed(by device: DeviceSecret) -> Envelope {
        precondition(device.publicKey == certificate.device, "the record of another device")
        var wire = WireAccountRecord()
        wire.version = 1
        wire.certificate = certificate.wire
        wire.node = node.data
        wire.endpoints = endpoints.map(\.wire)
        wire.onlineUntilMs = UInt64(onlineUntil)
        wire.seenMs = UInt64(seen)
        wire.followers = UInt64(followers)
        wire.following = UInt64(following)
        wire.posts = UInt64(posts)
        wire.head = head
        if let lastPost { wire.lastPost = lastPost.data }
        wire.tail = tail.map(\.wire)
        return Envelope(.account, payload: wire.encoded, seq: UInt64(seen), by: device)
    }

    /// Reads a record and verifies all that it carries: the certificate, and every entry of the tail.
    public init(reading envelope: Envelope) throws(Refusal) {
        try self.init(envelope, verifies: true)
    }

    /// Reads a record that was read before it was stored here.
    public init(trusting envelope: Envelope) throws(Refusal) {
        try self.init(envelope, verifies: false)
    }

    private init(_ envelope: Envelope, verifies: Bool) throws(Refusal) {
        guard envelope.kind == .account else { throw .misplaced }
        let wire = try WireAccountRecord(decoding: envelope.payload)
        let certificate =
            try verifies ? Certificate(verifying: wire.certificate) : Certificate(trusting: wire.certificate.payload, signature: wire.certificate.signature)
        guard certificate.device.erased == envelope.key else { throw .wrongSigner }
        guard wire.version == 1, let node = NodeKey(wire.node), let onlineUntil = Milliseconds(wire: wire.onlineUntilMs),
            let seen = Milliseconds(wire: wire.seenMs)
        else { throw .malformed }
        guard wire.endpoints.count <= Limits.endpointsMax, wire.head <= Limits.sequenceMax, wire.followers <= 1 << 40,
            wire.following <= 1 << 40, wire.posts <= 1 << 48, UInt64(seen) == envelope.seq,
            onlineUntil <= seen + Limits.onlineLease
        else { throw .outOfBounds }
        var tail: [Entry] = []
        for entry in wire.tail { tail.append(try Entry(entry, certificate: certificate, verifies: verifies)) }
        self.init(
            certificate: certificate, node: node, endpoints: wire.endpoints.compactMap { Endpoint($0) }, onlineUntil: onlineUntil,
            seen: seen, followers: Int(wire.followers), following: Int(wire.following), posts: Int(wire.posts), head: wire.head,
            lastPost: EntryID(wire.lastPost), tail: tail)
    }

    public static func place(_ account: AccountKey, _ envelope: Envelope) -> PlacedRecord {
        PlacedRecord(place: .account(account), valueID: PlacedRecord.valueID(of: envelope.key), envelope: envelope)
    }

    /// The latest of `entries` (oldest first) that fit in the tail.
    public static func tail(of entries: [Entry]) -> [Entry] {
        var bytes = 0
        return entries.reversed().prefix { entry in
            bytes += entry.wireBytes
            return bytes <= Limits.tailBytesMax
        }.reversed()
    }
}

/// One entry, whole, on its own in the DHT: as news, or as the edge of a follow.
public enum EntryRecord {
    /// News of an account, heard by those who listen.
    public static func news(_ entry: Entry, by device: DeviceSecret) -> PlacedRecord {
        placed(.news, at: .news(entry.header.account), id: entry.id, entry, by: device)
    }

    /// "I follow this account", or "I no longer do", under the account that is followed.
    ///
    /// - Returns: `nil` for any other entry.
    public static func followerEdge(_ entry: Entry, shards: UInt32 = 1, by device: DeviceSecret) -> PlacedRecord? {
        let followee: Followee
        switch entry.content {
        case .follow(let who), .unfollow(let who): followee = who
        case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: return nil
        }
        let place = DirectoryKey.followers(followee.account, shard: shard(of: entry.header.account, of: shards))
        return placed(.followerEdge, at: place, id: entry.header.device, entry, by: device)
    }

    /// How many shards the followers of an account are spread over: twice as many whenever there would be over
    /// `Limits.edgesPerShard` in one.
    public static func shards(followers: Int) -> UInt32 {
        var shards: UInt32 = 1
        while shards < Limits.followerShardsMax, followers >= Limits.edgesPerShard * Int(shards) { shards *= 2 }
        return shards
    }

    public static func shard(of follower: AccountKey, of shards: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: PlacedRecord.valueID(of: follower)) % max(1, shards)
    }

    /// Reads the entry of a news or follower record and verifies it.
    public static func entry(in envelope: Envelope) throws(Refusal) -> Entry {
        guard envelope.kind == .news || envelope.kind == .followerEdge else { throw .misplaced }
        let entry = try Entry(verifying: WireSignedEntry(decoding: envelope.payload))
        guard entry.header.device.erased == envelope.key else { throw .wrongSigner }
        return entry
    }

    /// The value id under which a record of news has to lie: that of its entry. Nothing is verified.
    public static func valueID(in envelope: Envelope) -> UInt64? {
        (try? WireSignedEntry(decoding: envelope.payload)).map { PlacedRecord.valueID(of: EntryID.sha256($0.entry.header)) }
    }

    private static func placed<Role>(_ kind: RecordKind, at place: DirectoryKey, id: Bytes32<Role>, _ entry: Entry, by device: DeviceSecret) -> PlacedRecord {
        let envelope = Envelope(kind, payload: entry.signedWire.encoded, seq: UInt64(entry.header.created), by: device)
        return PlacedRecord(place: place, valueID: PlacedRecord.valueID(of: id), envelope: envelope)
    }
}

/// "I am online and hold this feed": signed by the key of a peer.
public struct ProviderRecord: Hashable, Sendable {
    public let account: AccountKey
    public let node: NodeKey
    public let endpoints: [Endpoint]
    public let until: Milliseconds

    public static func placed(_ account: AccountKey, endpoints: [Endpoint], now: Milliseconds, by node: NodeSecret) -> PlacedRecord {
        var wire = WireProviderRecord()
        wire.version = 1
        wire.account = account.data
        wire.node = node.publicKey.data
        wire.endpoints = endpoints.map(\.wire)
        wire.untilMs = UInt64(now + RecordKind.provider.lifetime)
        return PlacedRecord(
            place: .providers(account), valueID: PlacedRecord.valueID(of: node.publicKey),
            envelope: Envelope(.provider, payload: wire.encoded, seq: UInt64(now), by: node))
    }

    public init(reading envelope: Envelope) throws(Refusal) {
        guard envelope.kind == .provider else { throw .misplaced }
        let wire = try WireProviderRecord(decoding: envelope.payload)
        guard wire.version == 1, let account = AccountKey(wire.account), let node = NodeKey(wire.node),
            let until = Milliseconds(wire: wire.untilMs)
        else { throw .malformed }
        guard node.erased == envelope.key else { throw .wrongSigner }
        guard wire.endpoints.count <= Limits.endpointsMax else { throw .outOfBounds }
        self.account = account
        self.node = node
        endpoints = wire.endpoints.compactMap { Endpoint($0) }
        self.until = until
    }
}

extension Envelope {
    /// Whether a record may lie at this place: what a storing node asks before it takes one.
    public func belongs(at place: DirectoryKey) -> Bool {
        switch kind {
        case .nameClaim:
            guard let claim = try? NameClaim(reading: self) else { return false }
            return place == .name(claim.name)
        case .account:
            guard let record = try? AccountRecord(reading: self) else { return false }
            return place == .account(record.certificate.account)
        case .news:
            guard let entry = try? EntryRecord.entry(in: self) else { return false }
            return place == .news(entry.header.account)
        case .followerEdge:
            guard let entry = try? EntryRecord.entry(in: self) else { return false }
            switch entry.content {
            case .follow(let who), .unfollow(let who):
                // Any shard: how many there are is the business of who writes.
                return (0..<Limits.followerShardsMax).contains { place == .followers(who.account, shard: $0) }
            case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: return false
            }
        case .provider:
            guard let provider = try? ProviderRecord(reading: self) else { return false }
            return place == .providers(provider.account)
        case .sealedIdentity:
            return RoamingPlace.mayBe(self)
        }
    }
}
