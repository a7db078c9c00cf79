import SingerCore
import SingerNode
import SingerStore
import SingerTesting
import Testing

/// What users may not do, and what they are told.
@Suite(.timeLimit(.minutes(1)))
struct RefusalTests {
    @Test func `only an author deletes, and nobody follows themselves, or anybody twice`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[0].register("diogo")
            let post = try await andre.post("mine")
            await #expect(throws: NodeError.notYours(post)) { try await node.delete(post.shown, by: diogo.login) }
            await #expect(throws: NodeError.selfFollow) { try await node.follow("Andre", by: andre.login) }
            let user = UserView(account: andre.login.account, name: "andre")
            await #expect(throws: NodeError.notFollowing(user)) { try await node.unfollow("andre", by: diogo.login) }
            _ = try await node.follow("andre", by: diogo.login)
            await #expect(throws: NodeError.alreadyFollowing(user)) { try await node.follow("ANDRE", by: diogo.login) }
            _ = try await node.unfollow("andre", by: diogo.login)
            await #expect(throws: NodeError.notFollowing(user)) { try await node.unfollow("andre", by: diogo.login) }
            #expect(try await andre.timeline().map(\.text) == ["mine"])
        }
    }

    @Test func `names and ids that nobody bears are told apart from those that cannot be`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            for name in ["nobody", "", "1andre", "andre~", "andre~aaaa", "home", "a b"] {
                await #expect(throws: NodeError.noSuchUser(name)) { try await node.follow(name, by: andre.login) }
                await #expect(throws: NodeError.noSuchUser(name)) { try await node.mute(name, by: andre.login) }
            }
            await #expect(throws: NodeError.noSuchPost("aaaa")) { try await node.like("aaaa", by: andre.login) }
            for id in ["", "aaa", "aaa1", "aaaa aaaa", "ååååå", String(repeating: "a", count: 53)] {
                await #expect(throws: NodeError.badID(id)) { try await node.like(id, by: andre.login) }
            }
        }
    }

    @Test func `a text has something in it, at most 2,000 bytes, and no control characters`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            for blank in ["", " ", "\n\t \n", "\u{3000}"] {
                await #expect(throws: NodeError.emptyText) { try await andre.post(blank) }
            }
            for control in ["a\u{0}", "a\u{1b}[2Jb", "a\u{9b}31m", "\u{7f}x"] {
                await #expect(throws: NodeError.controlCharacter) { try await andre.post(control) }
            }
            await #expect(throws: NodeError.tooLong(bytes: 2_001, max: 2_000)) { try await andre.post(String(repeating: "x", count: 2_001)) }
            await #expect(throws: NodeError.tooLong(bytes: 2_002, max: 2_000)) { try await andre.post(String(repeating: "é", count: 1_001)) }
            // Blank space around a text is not counted, and a letter with its accent apart counts as one with it.
            try await andre.post(" " + String(repeating: "x", count: 2_000) + "\n")
            try await andre.post(String(repeating: "e\u{301}", count: 1_000))
            #expect(try await andre.timeline().map(\.text.utf8.count) == [2_000, 2_000])
        }
    }

    @Test func `a profile has sixteen fields at most, whose texts have 500 bytes at most`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            await #expect(throws: NodeError.badProfileField("no field")) { try await node.setProfile("no field", "x", by: andre.login) }
            await #expect(throws: NodeError.tooLong(bytes: 501, max: 500)) {
                try await node.setProfile("bio", String(repeating: "x", count: 501), by: andre.login)
            }
            for number in 1...16 { try await node.setProfile("field-\(number)", String(repeating: "x", count: 500), by: andre.login) }
            await #expect(throws: NodeError.self) { try await node.setProfile("one-more", "x", by: andre.login) }
            try await node.setProfile("field-7", "", by: andre.login)
            try await node.setProfile("one-more", "x", by: andre.login)
            #expect(try await node.profile(andre.login).count == 16)
        }
    }

    @Test func `a prefix that fits two posts is refused, and longer ones are offered`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            var bob = TestAuthor("bob")
            // Until two ids begin with the same four characters: after some 1,200 posts.
            var entries: [Entry] = []
            var seen: [Substring: EntryID] = [:]
            var twins: [EntryID] = []
            while twins.isEmpty, entries.count < 10_000 {
                let entry = bob.post("post \(entries.count)")
                entries.append(entry)
                if let twin = seen.updateValue(entry.id, forKey: entry.id.text.prefix(4)) { twins = [twin, entry.id].sorted() }
            }
            try await cluster[0].meet(bob)
            _ = try await cluster[0].store.ingest(entries, now: Node.systemClock())
            let prefix = String(try #require(twins.first).text.prefix(4))
            let shown = try await [cluster[0].store.shown(twins[0]).shown, cluster[0].store.shown(twins[1]).shown]
            await #expect(throws: NodeError.ambiguousID(prefix, candidates: shown)) { try await node.like(prefix, by: andre.login) }
            for (id, twin) in zip(shown, twins) {
                #expect(try await node.show(id, andre.login).post.id.hash == twin)
                #expect(try await node.show(id.uppercased(), andre.login).post.id.hash == twin)
            }
        }
    }
}
