import GRDB
import SingerCore
import SingerTesting
import Testing

import struct Foundation.Data

@testable import SingerStore

@Suite struct SearchTests {
    private func peer() async throws -> (peer: TestStore, reader: TestAuthor) {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        try await peer.addLocal(alice)
        try await peer.ingest([
            alice.post("The quick brown fox"), alice.post("a lazy dog"), alice.post("Café AND \"quotes\" here"), alice.post("c++ is 100% * fun"),
        ])
        return (peer, alice)
    }

    @Test func `all the words must be there, without regard to case and accents`() async throws {
        let (peer, alice) = try await peer()
        func found(_ words: String) async throws -> [String] { try await peer.store.search(words, by: alice.account, count: 10).map(\.text) }
        #expect(try await found("QUICK fox") == ["The quick brown fox"])
        #expect(try await found("quick dog") == [])
        #expect(try await found("cafe") == ["Café AND \"quotes\" here"])
        #expect(try await found("a and lazy") == [])
        #expect(try await found("quotes AND") == ["Café AND \"quotes\" here"])
        #expect(try await found("qui") == [])
        #expect(try await found("here") == ["Café AND \"quotes\" here"])
        #expect(try await peer.store.search("a", by: alice.account, count: 0).isEmpty)
    }

    @Test(arguments: [
        "", " ", "a AND b", "AND", "OR NOT", "NEAR(a b)", "*", "fox*", "\"", "\"unbalanced", "\"\"", "'", "text:fox", "^fox", "fox -dog", "(", ")", "{a b}",
        "+",
        "a\"b\"c", "--", ";", "; DROP TABLE post", "%", "_", "?1", "\u{0}", "a\u{0}b", "\u{FFFD}", "日本", "👩‍👩‍👧", "\\", "-", "fox\u{301}",
        String(repeating: "word ", count: 400),
    ])
    func `whatever is typed is taken as words`(typed: String) async throws {
        let (peer, alice) = try await peer()
        _ = try await peer.store.search(typed, by: alice.account, count: 10)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func `random text never fails`(seed: UInt64) async throws {
        var random = Generator(seed: seed)
        let (peer, alice) = try await peer()
        let alphabet = Array("ab \"*():^-+'ANDOR{}\\\u{0}é,.")
        for _ in 0..<150 {
            let typed = String((0..<random.below(12)).map { _ in alphabet[random.below(alphabet.count)] })
            do {
                _ = try await peer.store.search(typed, by: alice.account, count: 10)
            } catch {
                Issue.record("seed \(seed): \(typed.debugDescription): \(error)")
            }
        }
    }

    @Test func `on a full disk posts are found that the index has no room for`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        try await peer.addLocal(alice)
        try await peer.ingest([alice.post("the first post")])
        #expect(try await peer.store.search("post", by: alice.account, count: 10).count == 1)
        try await peer.ingest([alice.post("Café once"), alice.post("café twice"), alice.post("something else")])
        try await peer.store.write { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
        // Nothing is left in the pages that are there.
        await #expect(throws: StoreError.full) {
            for number in 1...1_000 { try await peer.store.set("filler \(number)", Data(repeating: 1, count: 50)) }
        }
        func found(_ words: String) async throws -> [String] { try await peer.store.search(words, by: alice.account, count: 10).map(\.text) }
        #expect(try await found("cafe") == ["café twice", "Café once"])
        #expect(try await found("first") == ["the first post"])
        #expect(try await found("nothing") == [])
    }

    /// What the index holds must be what the posts in it say.
    private func checkIndex(_ store: Store) async throws {
        try await store.write { db in try db.execute(sql: "INSERT INTO post_text (post_text, rank) VALUES ('integrity-check', 1)") }
    }

    @Test func `what was just written is found, and what was just deleted is not, whether or not it is in the index`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        try await peer.addLocal(alice)
        func found(_ words: String) async throws -> Int { try await peer.store.search(words, by: alice.account, count: 2_000).count }
        let first = (0..<10).map { alice.post("early \($0)") }
        try await peer.ingest(first)
        // Not in the index yet: it must not be taken out of it.
        try await peer.ingest(alice.delete(first[0]))
        #expect(try await found("early") == 9)
        try await checkIndex(peer.store)
        // In the index now.
        try await peer.ingest(alice.delete(first[1]))
        #expect(try await found("early") == 8)
        // One at a time over the number that is taken in together, and many at once.
        for number in 0..<300 { try await peer.ingest(alice.post("late \(number)")) }
        try await peer.ingest((300..<1_000).map { alice.post("late \($0)") })
        try await peer.ingest(alice.post("last"))
        #expect(try await found("late") == 1_000)
        #expect(try await found("last") == 1)
        #expect(try await found("early") == 8)
        try await checkIndex(peer.store)
    }

    @Test func `posts that waited for the index at the end of a run are found in the next`() async throws {
        let directory = TemporaryDirectory()
        var alice = TestAuthor("alice")
        do {
            let peer = try TestStore(directory)
            try await peer.addLocal(alice)
            try await peer.ingest(alice.post("the quick brown fox"))
            peer.store.close()
        }
        let peer = try TestStore(directory)
        #expect(try await peer.store.search("fox", by: alice.account, count: 10).map(\.text) == ["the quick brown fox"])
    }

    @Test func `words are found in scripts without spaces, and signs and emoji wherever they stand`() async throws {
        let (peer, alice) = try await peer()
        var bob = TestAuthor("bob")
        let posts = ["今日は東京タワーに行きました。", "我喜欢吃苹果", "ฉันรักประเทศไทย", "done👍🏽", "I♥you", "한국어를 배워요"]
        try await peer.ingest(posts.map { bob.post($0) })
        func found(_ words: String) async throws -> [Int] {
            try await peer.store.search(words, by: alice.account, count: 10).compactMap { posts.firstIndex(of: $0.text) }
        }
        for isIndexed in [false, true] {
            let words = ["東京": 0, "タワー": 0, "行き 今日": 0, "苹果": 1, "ประเทศ": 2, "👍": 3, "done": 3, "♥": 4, "you": 4, "한국어를": 5]
            for (word, index) in words { #expect(try await found(word) == [index], "\(word), indexed: \(isIndexed)") }
            for word in ["京東", "果苹", "👎", "东京"] { #expect(try await found(word) == [], "\(word)") }
            try await checkIndex(peer.store)
        }
        // What is deleted leaves nothing of its words behind.
        try await peer.ingest(bob.delete(bob.post("東京")))
        #expect(try await found("東京") == [0])
        try await checkIndex(peer.store)
    }

    @Test func `a store from before searches in scripts without spaces finds in them what it holds`() async throws {
        let directory = TemporaryDirectory()
        var alice = TestAuthor("alice")
        do {
            let pool = try DatabasePool(path: directory.path + "/singer.db")
            try Store.migrator.migrate(pool, upTo: "place of what is deleted")
            let post = alice.post("東京タワー")
            try await pool.write { [certificate = alice.certificate] db in
                try db.execute(sql: "INSERT INTO account VALUES (1, ?, 'alice', 'alice', 1, 1)", arguments: [certificate.account.data])
                try db.execute(
                    sql: "INSERT INTO device (id, account_id, key, certificate, signature) VALUES (1, 1, ?, ?, ?)",
                    arguments: [certificate.device.data, certificate.payload, certificate.signature])
                try db.execute(
                    sql:
                        "INSERT INTO entry (id, hash, device_id, account_id, seq, created, kind, header, signature, body) VALUES (1, ?, 1, 1, 1, ?, 1, ?, ?, ?)",
                    arguments: [post.id.data, post.header.created, post.headerBytes, post.signature, post.body])
                try db.execute(
                    sql: "INSERT INTO post (entry_id, hash, account_id, device_id, seq, created, text, deleted, withheld) VALUES (1, ?, 1, 1, 1, ?, ?, 0, 0)",
                    arguments: [post.id.data, post.header.created, "東京タワー"])
                try db.execute(sql: "INSERT INTO post_text (rowid, text) SELECT entry_id, text FROM post")
            }
            try pool.close()
        }
        let peer = try TestStore(directory)
        #expect(try await peer.store.search("東京", by: alice.account, count: 10).map(\.text) == ["東京タワー"])
        try await checkIndex(peer.store)
    }

    @Test func `posts of the muted are not found`() async throws {
        let (peer, alice) = try await peer()
        var bob = TestAuthor("bob")
        try await peer.ingest(bob.post("fox of bob"))
        #expect(Set(try await peer.store.search("fox", by: alice.account, count: 10).map(\.text)) == ["fox of bob", "The quick brown fox"])
        try await peer.store.mute(alice.account, bob.account, true)
        #expect(try await peer.store.search("fox", by: alice.account, count: 10).map(\.text) == ["The quick brown fox"])
    }

    @Test func `an id is shown as short as it is unambiguous, from five characters on`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        // Enough for some ids to share five characters... or at least four.
        let posts = alice.posts(600)
        try await peer.ingest(posts)
        let ids = posts.map(\.id.text).sorted()
        for post in posts.prefix(200) {
            let view = try #require(try await peer.store.post(post.id))
            let shown = view.id.shown
            #expect(shown.count >= Limits.idCharactersShown)
            #expect(post.id.text.hasPrefix(shown))
            #expect(ids.count { $0.hasPrefix(shown) } == 1)
            if shown.count > Limits.idCharactersShown { #expect(ids.count { $0.hasPrefix(shown.dropLast()) } > 1) }
            let prefix = try #require(EntryIDPrefix(shown))
            #expect(try await peer.store.posts(matching: prefix).map(\.id.hash) == [post.id])
        }
    }

    @Test func `an id is no longer because an entry that is no post has nearly the same`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        let (post, profile) = (alice.post("here"), alice.profile("site", "there"))
        try await peer.ingest(post, profile)
        var near = Array(post.id.bytes)
        near[near.count - 1] ^= 0x80
        let hash = Data(near)
        try await peer.store.write { db in try db.execute(sql: "UPDATE entry SET hash = ? WHERE kind = 4", arguments: [hash]) }
        #expect(try await peer.store.post(post.id)?.id.shown.count == Limits.idCharactersShown)
        #expect(try await peer.store.posts(matching: try #require(EntryIDPrefix(post.id.text.prefix(50)))).map(\.id.hash) == [post.id])

        // If it were one, nearly all characters would be needed.
        try await peer.store.write { db in
            try db.execute(sql: "INSERT INTO post SELECT id, hash, account_id, device_id, seq, created, 'near', NULL, NULL, 0, 0 FROM entry WHERE kind = 4")
        }
        #expect(try await peer.store.post(post.id)?.id.shown.count == 50)
    }

    @Test func `an ambiguous prefix gives the first few, an unknown one none`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        let posts = alice.posts(600)
        try await peer.ingest(posts)
        let groups = Dictionary(grouping: posts) { $0.id.prefix(4) }
        for (text, group) in groups where group.count > 1 {
            let found = try await peer.store.posts(matching: try #require(EntryIDPrefix(text)))
            #expect(found.map(\.id.hash) == group.map(\.id).sorted())
        }
        let free = try #require(["aaaa", "bbbb", "7777", "q2q2"].first { groups[$0] == nil })
        #expect(try await peer.store.posts(matching: try #require(EntryIDPrefix(free))).isEmpty)
    }
}
