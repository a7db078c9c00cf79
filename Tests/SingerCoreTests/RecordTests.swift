import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

/// One record of each kind, all of them concerning alice.
struct Records {
    var alice = TestAuthor("alice")
    var bob = TestAuthor("bob")
    let node: NodeSecret
    let endpoints: [Endpoint]
    let account: AccountRecord
    let placed: [RecordKind: PlacedRecord]

    init() throws {
        node = try #require(NodeSecret(secret: Array(repeating: 7, count: 32)))
        endpoints = [try #require(Endpoint(host: "192.0.2.1", port: 4_000)), try #require(Endpoint(host: "2001:db8::1", port: 65_535))]
        let log = alice.posts(3)
        account = AccountRecord(
            certificate: alice.certificate, node: node.publicKey, endpoints: endpoints, onlineUntil: TestAuthor.start + Limits.onlineLease,
            seen: TestAuthor.start, followers: 3, following: 2, posts: 3, head: 3, lastPost: log[2].id, tail: log)
        placed = [
            .nameClaim: alice.claim.placed, .account: AccountRecord.place(alice.account, account.sealed(by: alice.device)),
            .news: EntryRecord.news(log[0], by: alice.device),
            .followerEdge: try #require(EntryRecord.followerEdge(bob.follow(alice), by: bob.device)),
            .provider: ProviderRecord.placed(alice.account, endpoints: endpoints, now: TestAuthor.start, by: node),
            .sealedIdentity: try #require(RoamingPlace(of: alice.name, passphrase: "correct-horse-battery", workLog2: 4))
                .record(of: RoamingIdentity(root: alice.root, name: alice.name, claimed: TestAuthor.start), now: TestAuthor.start),
        ]
    }
}

@Suite struct RecordTests {
    @Test func `records read back equal`() throws {
        let records = try Records()
        func again(_ kind: RecordKind) throws -> Envelope { try Envelope(kind, verifying: try #require(records.placed[kind]).envelope.encoded) }
        for (kind, placed) in records.placed { #expect(try again(kind) == placed.envelope) }
        #expect(try NameClaim(reading: again(.nameClaim)) == records.alice.claim)
        #expect(try AccountRecord(reading: again(.account)) == records.account)
        #expect(try EntryRecord.entry(in: again(.news)) == records.account.tail[0])
        let provider = try ProviderRecord(reading: again(.provider))
        #expect(provider.account == records.alice.account)
        #expect(provider.node == records.node.publicKey)
        #expect(provider.endpoints == records.endpoints)
        #expect(provider.until == TestAuthor.start + RecordKind.provider.lifetime)
        guard case .follow(let who)? = try EntryRecord.entry(in: again(.followerEdge)).content else {
            Issue.record("an edge is a follow")
            return
        }
        #expect(who == records.alice.followee)
    }

    @Test(arguments: RecordKind.allCases) func `a record belongs at its place and nowhere else`(kind: RecordKind) throws {
        let records = try Records()
        let placed = try #require(records.placed[kind])
        #expect(placed.envelope.belongs(at: placed.place))
        // What is sealed is opaque to the nodes that store it: they cannot tell.
        guard kind != .sealedIdentity else { return }
        let (alice, bob) = (records.alice, records.bob)
        let elsewhere: [DirectoryKey] =
            [alice, bob].flatMap {
                [.name($0.name), .account($0.account), .news($0.account), .followers($0.account, shard: 0), .providers($0.account)]
            } + [.sealedIdentity(Data(count: 32))]
        for place in elsewhere where place != placed.place { #expect(!placed.envelope.belongs(at: place), "\(place)") }
    }

    @Test func `a follower edge belongs in any shard, and only follows and unfollows are edges`() throws {
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        for shards in [1, 2, 7, 64] as [UInt32] {
            let edge = try #require(EntryRecord.followerEdge(bob.unfollow(alice), shards: shards, by: bob.device))
            #expect(EntryRecord.shard(of: bob.account, of: shards) < shards)
            #expect(edge.place == .followers(alice.account, shard: EntryRecord.shard(of: bob.account, of: shards)))
            #expect(edge.envelope.belongs(at: edge.place))
        }
        let post = alice.post("x")
        for entry in [post, alice.like(post), alice.unlike(post), alice.delete(post), alice.profile("bio", "x"), post.withoutBody] {
            #expect(EntryRecord.followerEdge(entry, by: alice.device) == nil)
            let envelope = Envelope(.followerEdge, payload: entry.encoded, seq: 1, by: alice.device)
            #expect(!envelope.belongs(at: .followers(alice.account, shard: 0)))
        }
    }

    @Test func `a record signed by somebody else is refused`() throws {
        let records = try Records()
        let mallory = TestAuthor("mallory")
        func signed<Role>(_ kind: RecordKind, _ key: SigningKey<Role>) throws -> Envelope {
            let own = try #require(records.placed[kind]).envelope
            return Envelope(kind, payload: own.payload, seq: own.seq, by: key)
        }
        #expect(throws: Refusal.wrongSigner) { try NameClaim(reading: signed(.nameClaim, mallory.root)) }
        #expect(throws: Refusal.wrongSigner) { try AccountRecord(reading: signed(.account, mallory.device)) }
        #expect(throws: Refusal.wrongSigner) { try AccountRecord(reading: signed(.account, records.alice.root)) }
        #expect(throws: Refusal.wrongSigner) { try EntryRecord.entry(in: signed(.news, mallory.device)) }
        #expect(throws: Refusal.wrongSigner) { try EntryRecord.entry(in: signed(.followerEdge, mallory.device)) }
        #expect(throws: Refusal.wrongSigner) { try ProviderRecord(reading: signed(.provider, mallory.root)) }
        for kind in RecordKind.allCases where kind != .sealedIdentity {
            let placed = try #require(records.placed[kind])
            #expect(try !signed(kind, mallory.device).belongs(at: placed.place))
        }
    }

    @Test func `a record of one kind is not read as another`() throws {
        let records = try Records()
        for (kind, placed) in records.placed {
            if kind != .nameClaim { #expect(throws: Refusal.misplaced) { try NameClaim(reading: placed.envelope) } }
            if kind != .account { #expect(throws: Refusal.misplaced) { try AccountRecord(reading: placed.envelope) } }
            if kind != .provider { #expect(throws: Refusal.misplaced) { try ProviderRecord(reading: placed.envelope) } }
            if kind != .news && kind != .followerEdge { #expect(throws: Refusal.misplaced) { try EntryRecord.entry(in: placed.envelope) } }
        }
    }

    @Test(arguments: RecordKind.allCases) func `a record that was changed is refused`(kind: RecordKind) throws {
        let envelope = try #require(Records().placed[kind]).envelope
        let bytes = envelope.encoded
        // All that surrounds the payload, and samples of the payload, which is signed as one.
        for index in bytes.indices where index < 8 || index > bytes.count - 110 || index % 29 == 0 {
            var flipped = bytes
            flipped[index] ^= 0x10
            if let other = try? Envelope(kind, verifying: flipped) { #expect(other == envelope, "byte \(index)") }
        }
        var raised = envelope.wire
        raised.seq += 1
        #expect(throws: Refusal.badSignature) { try Envelope(kind, verifying: raised) }
    }

    @Test func `an oversize record is refused`() {
        let alice = TestAuthor("alice")
        let fits = Envelope(.sealedIdentity, payload: Data(count: Limits.recordBytesMax), seq: 1, by: alice.root)
        #expect((try? Envelope(.sealedIdentity, verifying: fits.encoded)) == fits)
        let large = Envelope(.sealedIdentity, payload: Data(count: Limits.recordBytesMax + 1), seq: 1, by: alice.root)
        #expect(throws: Refusal.tooLarge) { try Envelope(.sealedIdentity, verifying: large.encoded) }
        #expect(throws: Refusal.tooLarge) { try Envelope(.sealedIdentity, verifying: Data(count: 2 * Limits.recordBytesMax + 1)) }
    }

    @Test func `a record takes the place of an older one of the same signer and kind`() {
        let alice = TestAuthor("alice")
        func record(_ seq: UInt64, _ kind: RecordKind = .account, _ text: String = "", by key: RootKey? = nil) -> Envelope {
            Envelope(kind, payload: Data(text.utf8), seq: seq, by: key ?? alice.root)
        }
        #expect(record(2).replaces(record(1)))
        #expect(record(1).replaces(record(1)))
        #expect(!record(1).replaces(record(2)))
        #expect(!record(1, .account, "other").replaces(record(1)))
        #expect(!record(2, .news).replaces(record(1)))
        #expect(!record(2, by: TestAuthor("mallory").root).replaces(record(1)))
        #expect(record(.max).replaces(record(.max - 1)))
    }
}
