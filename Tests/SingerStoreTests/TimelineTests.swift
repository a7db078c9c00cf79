import SingerCore
import SingerStore
import SingerTesting
import Testing

@Suite struct TimelineTests {
    /// Posts of three accounts, one of them with two devices, many at the same instant; with deletions, forwards and replies.
    private func world(_ random: inout Generator) -> (reader: TestAuthor, entries: [Entry]) {
        var reader = TestAuthor("reader")
        var authors = [TestAuthor("alice"), TestAuthor("bob"), TestAuthor("bob", device: "phone"), TestAuthor("carol")]
        var entries = [reader.follow(authors[0]), reader.follow(authors[1]), reader.follow(authors[3])]
        var posts: [Entry] = []
        for number in 0..<60 {
            let index = random.below(authors.count)
            let time = TestAuthor.start + Int64(random.below(20)) + Int64(number)
            let entry: Entry
            switch random.below(6) {
            case 0 where !posts.isEmpty: entry = authors[index].post("reply \(number)", replyTo: posts[random.below(posts.count)], at: time)
            case 1 where !posts.isEmpty: entry = authors[index].forward(posts[random.below(posts.count)], comment: "forward \(number)", at: time)
            case 2 where !posts.isEmpty:
                let own = posts.filter { $0.header.account == authors[index].account }
                guard !own.isEmpty else { continue }
                entries.append(authors[index].delete(own[random.below(own.count)], at: time))
                continue
            default: entry = authors[index].post("post \(number)", at: time)
            }
            entries.append(entry)
            if case .post(let post)? = entry.content, post.forward == nil { posts.append(entry) }
        }
        return (reader, entries)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func `two peers show the same, in whatever order the entries came`(seed: UInt64) async throws {
        var random = Generator(seed: seed)
        let (reader, entries) = world(&random)
        var shown: [[PostView]] = []
        for _ in 0..<3 {
            let peer = try TestStore()
            for entry in entries.shuffled(using: &random) { try await peer.ingest(entry) }
            shown.append(try await peer.store.timeline(of: reader.account, count: 1_000, before: nil))
        }
        #expect(shown[0].count > 30)
        for other in shown.dropFirst() {
            // One line for each post, so that a failure can be read.
            for (a, b) in zip(shown[0], other) { #expect(a == b, "seed \(seed)") }
            #expect(shown[0].count == other.count, "seed \(seed)")
        }
        #expect(zip(shown[0], shown[0].dropFirst()).allSatisfy { $0.created >= $1.created })
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func `the order is by time, author, device and place in the log`(seed: UInt64) async throws {
        var random = Generator(seed: seed)
        let (reader, entries) = world(&random)
        let peer = try TestStore()
        try await peer.ingest(entries.shuffled(using: &random))
        let followed = Set(["alice", "bob", "carol", "reader"].map { TestAuthor($0).account })
        let expected = entries.filter { $0.header.kind == .post && followed.contains($0.header.account) }.map(\.header).sorted {
            ($0.created, $0.account, $0.device, $0.seq) > ($1.created, $1.account, $1.device, $1.seq)
        }
        let headers = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.header) })
        let shown = try await peer.store.timeline(of: reader.account, count: 1_000, before: nil)
        #expect(shown.map { headers[$0.id.hash] } == expected, "seed \(seed)")
    }

    @Test(arguments: [1, 2, 7, 20, 1_000]) func `pages cover everything exactly once`(size: Int) async throws {
        var random = Generator(seed: 11)
        let (reader, entries) = world(&random)
        let peer = try TestStore()
        try await peer.ingest(entries)
        let all = try await peer.store.timeline(of: reader.account, count: 1_000, before: nil)
        var pages: [PostView] = []
        while true {
            let page = try await peer.store.timeline(of: reader.account, count: size, before: pages.last?.id.hash)
            if page.isEmpty { break }
            #expect(page.count <= size)
            pages += page
        }
        #expect(pages == all)
        let bob = TestAuthor("bob").account
        let feed = try await peer.store.feed(of: bob, count: 1_000, before: nil)
        #expect(feed == all.filter { $0.author.account == bob })
        #expect(try await peer.store.feed(of: bob, count: 1_000, before: feed[2].id.hash) == Array(feed.dropFirst(3)))
    }

    @Test func `a timeline is of oneself and of those one follows, without the muted`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob")
        var carol = TestAuthor("carol")
        try await peer.addLocal(alice)
        let entries = [alice.post("mine"), bob.post("followed"), carol.post("stranger")]
        try await peer.ingest(entries + [alice.follow(bob)])
        func shown() async throws -> Set<String> { Set(try await peer.store.timeline(of: alice.account, count: 10, before: nil).map(\.text)) }
        #expect(try await shown() == ["mine", "followed"])
        try await peer.store.mute(alice.account, bob.account, true)
        try await peer.store.mute(alice.account, bob.account, true)
        #expect(try await shown() == ["mine"])
        try await peer.store.mute(alice.account, bob.account, false)
        try await peer.ingest(alice.follow(carol), alice.unfollow(bob))
        #expect(try await shown() == ["mine", "stranger"])
        // What others forward of the muted is theirs, too; what one forwarded oneself is one's own.
        try await peer.ingest(carol.forward(entries[1], comment: "look"), alice.forward(entries[1], comment: "I had"))
        #expect(try await shown() == ["mine", "stranger", "look", "I had"])
        try await peer.store.mute(alice.account, bob.account, true)
        #expect(try await shown() == ["mine", "stranger", "I had"])
    }

    @Test func `a thread is the whole conversation, oldest first, wherever one enters it`() async throws {
        let peer = try TestStore()
        var alice = TestAuthor("alice")
        var bob = TestAuthor("bob", clock: TestAuthor.start + 500)
        let root = alice.post("root")
        let first = bob.post("first", replyTo: root)
        let second = alice.post("second", replyTo: root)
        let deep = bob.post("deep", replyTo: second)
        let other = alice.post("elsewhere")
        try await peer.ingest([deep, other, second, root, first])
        for entry in [root, first, second, deep] {
            #expect(try await peer.store.thread(of: entry.id).map(\.text) == ["root", "first", "second", "deep"])
        }
        #expect(try await peer.store.thread(of: other.id).map(\.text) == ["elsewhere"])
        #expect(try await peer.store.details(of: root.id)?.replies == 2)
        #expect(try await peer.store.post(first.id)?.replyTo?.hash == root.id)
        // One whose beginning is not known here begins with what is.
        let partial = try TestStore()
        try await partial.ingest([deep, second])
        #expect(try await partial.store.thread(of: deep.id).map(\.text) == ["second", "deep"])
    }
}
