import GRDB
import SingerCore
import SingerTesting
import Testing

@testable import SingerStore

@Suite struct RevocationTests {
    var laptop = TestAuthor("alice")
    var phone = TestAuthor("alice", device: "phone")
    var bob = TestAuthor("bob")
    var carol = TestAuthor("carol")

    /// All that a peer shows of these authors.
    private func state(of peer: TestStore) async throws -> [String] {
        let store = peer.store
        func texts(_ posts: [PostView]) -> [String] { posts.map { "\($0.author.name): \($0.text) \($0.forward?.text ?? "") \($0.likes) \($0.isDeleted)" } }
        var state: [String] = []
        for author in [laptop, bob, carol] {
            state += texts(try await store.feed(of: author.account, count: 200, before: nil))
            state += try await store.following(of: author.account).map { "\(author.name) follows \($0.name)" }
            state += try await store.profile(of: author.account).map { "\(author.name) \($0.field) \($0.text.string)" }
            let counts = try await store.counts(of: author.account)
            state.append("\(author.name) \(counts.followers) \(counts.following) \(counts.posts)")
        }
        state += texts(try await store.search("void", by: bob.account, count: 200))
        return state
    }

    /// Ingests entries in many orders, each time until nothing is new; the outcome has to be the same.
    private func check(_ entries: [Entry], seed: UInt64, gives expected: [String]) async throws {
        var random = Generator(seed: seed)
        for _ in 0..<40 {
            let order = entries.shuffled(using: &random)
            let peer = try TestStore()
            for entry in order { try await peer.ingest(entry) }
            // What is not held is asked for again.
            for entry in entries { try await peer.ingest(entry) }
            let what: Comment = "seed \(seed): \(order.map { "\($0.certificate.name)/\($0.header.device == phone.certificate.device)/\($0.header.seq)" })"
            #expect(try await state(of: peer) == expected, what)
            #expect(try await peer.store.read { db in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count } == 0)
            #expect(try await peer.store.read { db in try String.fetchOne(db, sql: "PRAGMA integrity_check") } == "ok")
        }
    }

    @Test mutating func `whatever the order, what a revoked device wrote up to its last entry stays, and nothing else of it`() async throws {
        let mine = laptop.post("mine", at: 1_000)
        let bio = laptop.profile("bio", "hers", at: 2_000)
        let liked = bob.post("likeable", at: 3_000)
        let follow = laptop.follow(carol, at: 4_000)
        let kept = phone.post("kept", at: 5_000)
        let like = phone.like(liked, at: 6_000)
        // From here on the phone is in other hands.
        let void = phone.post("void", at: 7_000)
        let stolen = [
            void, phone.unlike(liked, at: 8_000), phone.follow(bob, at: 9_000), phone.unfollow(carol, at: 10_000), phone.profile("bio", "void", at: 11_000),
            phone.profile("url", "void", at: 12_000), phone.delete(mine, at: 13_000), phone.post("void too", at: 14_000),
        ]
        let revocation = laptop.revoke(phone, after: 2, at: 15_000)
        let forwards = [bob.forward(void, comment: "void", at: 16_000), bob.forward(kept, comment: "good", at: 17_000)]
        try await check(
            [mine, bio, liked, follow, kept, like, revocation] + stolen + forwards, seed: 1,
            gives: [
                "alice: kept  0 false", "alice: mine  0 false", "alice follows carol", "alice bio hers", "alice 0 1 2", "bob: good kept 0 false",
                "bob: likeable  1 false", "bob 0 0 2", "carol 1 0 0",
            ])
    }

    @Test mutating func `of several revocations the one that leaves least counts`() async throws {
        let posts = (1...4).map { phone.post("\($0)", at: $0 * 1_000) }
        let revocations = [3, 1, 2].map { laptop.revoke(phone, after: $0) }
        try await check(posts + revocations, seed: 2, gives: ["alice: 1  0 false", "alice 0 0 1", "bob 0 0 0", "carol 0 0 0"])
    }

    @Test mutating func `two devices that revoke each other come out the same everywhere`() async throws {
        let entries = [
            phone.post("p1", at: 1_000), laptop.post("l1", at: 2_000), phone.revoke(laptop, after: 1), laptop.revoke(phone, after: 1), phone.post("void"),
            laptop.post("void"),
        ]
        try await check(entries, seed: 3, gives: ["alice: l1  0 false", "alice: p1  0 false", "alice 0 0 2", "bob 0 0 0", "carol 0 0 0"])
    }

    @Test mutating func `a deletion of the forward of a void post leaves the same everywhere`() async throws {
        let void = phone.post("void", at: 1_000)
        let forward = bob.forward(void, at: 2_000)
        try await check(
            [void, forward, bob.delete(forward), laptop.revoke(phone, after: 0)], seed: 4,
            gives: ["alice 0 0 0", "bob:   0 true", "bob 0 0 0", "carol 0 0 0"])
    }

    @Test mutating func `a key that somebody else's account revokes is none of its devices`() async throws {
        let peer = try TestStore()
        let post = phone.post("still here")
        let other = bob.write(.revoke(Revocation(of: phone.certificate.device, lastSeq: 0, root: bob.root, now: 1)))
        #expect(try await peer.ingest(other, post).allSatisfy(\.isStored))
        #expect(try await peer.texts(of: phone) == ["still here"])
        #expect(try await !peer.store.isRevoked(phone.certificate.device))
    }

    @Test mutating func `void entries are refused, also those dated ahead, and a quarantined device may say what is revoked`() async throws {
        let peer = try TestStore()
        try await peer.ingest(laptop.revoke(phone, after: 1))
        let outcomes = try await peer.ingest(phone.post("kept"), phone.post("void"), phone.post("later", at: TestStore.now * 2))
        #expect(outcomes[0].isStored && outcomes[1...] == [.revoked, .revoked])
        #expect(try await peer.store.nextParkedDue() == nil)

        var tablet = TestAuthor("alice", device: "tablet")
        var fork = tablet.fork()
        try await peer.ingest(tablet.post("one"), fork.post("other"))
        var third = TestAuthor("alice", device: "third")
        try await peer.ingest(third.post("first"))
        #expect(try await peer.ingest(tablet.revoke(third, after: 0)) == [.quarantined])
        #expect(try await peer.store.isRevoked(third.certificate.device))
    }

    @Test mutating func `sessions are told nothing of what became void before they looked`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(bob)
        let post = try await peer.append("likeable", by: bob).entry
        _ = try await peer.append(.follow(laptop.followee), by: bob)
        try await peer.ingest(phone.post("kept"), phone.like(post), phone.post("void"), phone.follow(bob), laptop.revoke(phone, after: 1))
        #expect(try await peer.pushes(for: bob).filter { $0.hasPrefix("alice") } == ["alice: kept"])
        #expect(try await peer.store.unseen(by: bob.account).posts == 1)
    }

    @Test mutating func `the owner revokes what this peer holds, and the device here writes no more when it is the one`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(laptop)
        let held = [phone.post("one"), phone.post("two")]
        try await peer.ingest(held)
        func revoke(_ author: TestAuthor) async throws -> Store.Written? {
            try await peer.store.revoke(author.certificate.device, root: laptop.root, by: laptop.device, laptop.certificate, now: TestStore.now)
        }
        let written = try #require(try await revoke(phone))
        guard case .revoke(let revocation)? = written.entry.content else { throw StoreError.failed("no revocation") }
        #expect(revocation.lastSeq == 2 && revocation.device == phone.certificate.device)
        #expect(try await revoke(phone) == nil, "once is enough")
        #expect(try await peer.texts(of: laptop).count == 2)

        _ = try await peer.append("mine", by: laptop, at: TestStore.now)
        #expect(try await revoke(laptop) != nil)
        await #expect(throws: StoreError.refused(.revoked)) { _ = try await peer.append("more", by: laptop, at: TestStore.now) }
        #expect(try await peer.texts(of: laptop) == ["mine", "two", "one"])

        let devices = try await peer.store.devices(of: laptop.account)
        #expect(Set(devices.map(\.device)) == [laptop.certificate.device, phone.certificate.device])
        #expect(
            devices.allSatisfy {
                $0.revoked == TestStore.now && $0.lastSeen == ($0.isThis ? $0.certified : nil) && $0.shown == String($0.device.description.prefix(8))
            })
        #expect(devices.first { $0.isThis }?.device == laptop.certificate.device)
        #expect(devices.map(\.entries).sorted() == [2, 3])
    }

    @Test mutating func `records of a revoked device are not kept, and those that were are not given`() async throws {
        let peer = try TestStore()
        func record(_ author: TestAuthor, _ seen: Milliseconds) -> (AccountRecord, Envelope) {
            let record = AccountRecord(
                certificate: author.certificate, node: NodeSecret().publicKey, endpoints: [], onlineUntil: 0, seen: seen, followers: 0, following: 0, posts: 0,
                head: 0, lastPost: nil, tail: [])
            return (record, record.sealed(by: author.device))
        }
        let (first, firstEnvelope) = record(phone, 1_000)
        let (other, otherEnvelope) = record(laptop, 1_500)
        #expect(try await peer.store.keep(first, firstEnvelope))
        #expect(try await peer.store.keep(other, otherEnvelope))
        try await peer.ingest(laptop.revoke(phone, after: 0))
        let (second, secondEnvelope) = record(phone, 2_000)
        #expect(try await !peer.store.keep(second, secondEnvelope))
        #expect(try await peer.store.records(of: laptop.account) == [otherEnvelope])
        #expect(Set(try await peer.store.devices(of: laptop.account).map(\.lastSeen)) == [1_000, 1_500])
    }

    @Test(arguments: [
        "DELETE FROM revocation", "UPDATE revocation SET last_seq = 9", "UPDATE device SET revoked_after = NULL", "UPDATE device SET revoked_after = 9",
        "INSERT INTO post SELECT id, hash, account_id, device_id, seq, created, 'void', NULL, NULL, 0, 0 FROM entry WHERE seq = 2",
    ])
    mutating func `the schema itself keeps a device revoked`(sql: String) async throws {
        let peer = try TestStore()
        try await peer.ingest(phone.post("kept"), phone.post("void"), laptop.revoke(phone, after: 1))
        await #expect(throws: StoreError.self) { try await peer.store.write { db in try db.execute(sql: sql) } }
        #expect(try await peer.texts(of: phone) == ["kept"])
        #expect(try await peer.store.isRevoked(phone.certificate.device))
    }

    @Test mutating func `a store from before revocations keeps its entries, their places, and how far sessions have read`() async throws {
        let directory = TemporaryDirectory()
        let post = phone.post("old")
        let follow = phone.follow(bob)
        do {
            let pool = try DatabasePool(path: directory.path + "/singer.db")
            try Store.migrator.migrate(pool, upTo: "clients")
            try await pool.write { [certificate = phone.certificate] db in
                for (id, key) in [(1, certificate.account), (2, TestAuthor("bob").account)] {
                    try db.execute(sql: "INSERT INTO account VALUES (?, ?, 'n' || ?, 'n' || ?, 1, 0)", arguments: [id, key.data, id, id])
                }
                try db.execute(
                    sql: "INSERT INTO device VALUES (1, 1, ?, ?, ?, 0)", arguments: [certificate.device.data, certificate.payload, certificate.signature])
                for (id, entry) in [(5, post), (9, follow)] {
                    try db.execute(
                        sql: "INSERT INTO entry VALUES (?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                        arguments: [
                            id, entry.id.data, Int64(entry.header.seq), entry.header.previous?.data, entry.header.created, entry.header.kind.rawValue,
                            entry.headerBytes, entry.signature, entry.body, entry.header.kind == .follow ? 2 : nil,
                        ])
                }
                // Ids that were given once, to what is not there any more.
                try db.execute(sql: "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'entry'")
                try db.execute(sql: "INSERT INTO local_account VALUES (1, 1, x'', 4, x'', 40, 0)")
                try db.execute(sql: "INSERT INTO held VALUES (1, 1, 2)")
                try db.execute(sql: "INSERT INTO follow VALUES (1, 2, 1, ?, 9)", arguments: [follow.header.created])
                try db.execute(sql: "INSERT INTO post VALUES (5, ?, 1, 1, 1, ?, 'old', NULL, NULL, 0, 0)", arguments: [post.id.data, post.header.created])
            }
            try pool.close()
        }
        let peer = try TestStore(directory)
        #expect(try await peer.store.read { db in try Int64.fetchAll(db, sql: "SELECT id FROM entry ORDER BY id") } == [5, 9])
        #expect(try await peer.store.entry(post.id) == post)
        #expect(try await peer.texts(of: phone) == ["old"])
        #expect(try await peer.store.post(post.id)?.text == "old")
        #expect(try await peer.store.isFollowing(phone.account, bob.account))
        #expect(try await peer.store.read { db in try Int64.fetchOne(db, sql: "SELECT seen FROM local_account WHERE account_id = 1") } == 9)
        #expect(try await peer.ingest(laptop.revoke(phone, after: 1)) == [.stored(arrival: 10)])
        #expect(try await !peer.store.isFollowing(phone.account, bob.account))
        #expect(try await peer.store.read { db in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count } == 0)
        #expect(try await peer.store.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") } == ["ok"])
        #expect(try await peer.ingest(post, follow) == [.duplicate, .revoked])
        try await peer.ingest(laptop.revoke(phone, after: 0))
        #expect(try await peer.texts(of: phone) == [])
    }
}
