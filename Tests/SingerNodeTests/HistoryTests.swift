import SingerCore
import SingerNode
import SingerStore
import SingerTesting
import Testing

/// Every view's history against a model that does it the slow way.
@Suite(.timeLimit(.minutes(1)))
struct HistoryTests {
    /// A post as the model knows it.
    private struct Known {
        let entry: Entry
        var text: String
        var replyTo: EntryID?
        var forward: EntryID?
        var isDeleted = false

        /// Its place in the timeline.
        var place: (Milliseconds, AccountKey, DeviceKey, UInt64) {
            (entry.header.created, entry.header.account, entry.header.device, entry.header.seq)
        }
    }

    private struct Model {
        var posts: [EntryID: Known] = [:]
        var me: AccountKey
        var followed: Set<AccountKey> = []
        var muted: Set<AccountKey> = []

        func selects(_ view: View, _ post: Known) -> Bool {
            let author = post.entry.header.account
            switch view {
            case .home: return author == me || followed.contains(author)
            case .mentions:
                let answered = [post.replyTo, post.forward].compactMap { $0.flatMap { posts[$0]?.entry.header.account } }
                return author != me && (post.text.contains("@andre") || answered.contains(me))
            case .user(let user): return author == user
            case .hashtag(let tag): return post.text.contains("#" + tag)
            case .thread(let id): return posts[id] != nil && root(of: id) == root(of: post.entry.id)
            }
        }

        func isHeard(_ post: Known) -> Bool {
            let author = post.entry.header.account
            guard author != me, let original = post.forward.flatMap({ posts[$0]?.entry.header.account }) else { return !muted.contains(author) }
            return !muted.contains(author) && !muted.contains(original)
        }

        func root(of id: EntryID) -> EntryID {
            guard let parent = posts[id]?.replyTo, posts[parent] != nil else { return id }
            return root(of: parent)
        }

        func isBefore(_ post: Known, _ bound: HistoryBound) -> Bool? {
            switch bound {
            case .time(let time): post.entry.header.created < time
            case .post(let id): posts[id].map { post.place < $0.place }
            }
        }

        func isAfter(_ post: Known, _ bound: HistoryBound) -> Bool? {
            switch bound {
            case .time(let time): post.entry.header.created > time
            case .post(let id): posts[id].map { post.place > $0.place }
            }
        }

        func history(_ view: View, _ range: HistoryRange, _ limit: Int) -> [EntryID] {
            let all = posts.values.filter { !$0.isDeleted && selects(view, $0) && isHeard($0) }.sorted { $0.place < $1.place }
            let found: [Known]
            switch range {
            case .latest(nil): found = all.suffix(limit)
            case .latest(let bound?): found = all.filter { isAfter($0, bound) ?? false }.suffix(limit)
            case .before(let bound): found = all.filter { isBefore($0, bound) ?? false }.suffix(limit)
            case .after(let bound): found = Array(all.filter { isAfter($0, bound) ?? false }.prefix(limit))
            case .around(let bound):
                found = all.filter { isBefore($0, bound) ?? false }.suffix(limit / 2) + all.filter { isBefore($0, bound) == false }.prefix(limit - limit / 2)
            case .between(let first, let second):
                func between(_ low: HistoryBound, _ high: HistoryBound) -> [Known] {
                    all.filter { isAfter($0, low) ?? false }.filter { isBefore($0, high) ?? false }
                }
                let forward = between(first, second)
                found = forward.isEmpty ? between(second, first).suffix(limit) : Array(forward.prefix(limit))
            }
            return found.map(\.entry.id)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a piece of any view is what a look at all posts gives`(seed: UInt64) async throws {
        try await withNodes { cluster in
            var random = Generator(seed: seed)
            let andre = try await cluster[0].register("andre")
            var model = Model(me: andre.login.account)
            var authors = [TestAuthor("bob"), TestAuthor("carol"), TestAuthor("carol", device: "phone"), TestAuthor("dave"), TestAuthor("eve")]
            for author in authors { try await cluster[0].meet(author) }
            for author in ["bob", "carol", "eve"] { model.followed.insert(try await andre.node.follow(author, by: andre.login).account) }
            model.muted.insert(try await andre.node.mute("eve", by: andre.login).account)

            for number in 1...3 {
                let id = try await andre.post("mine \(number) #birds").hash
                let entry = try #require(try await cluster[0].store.entry(id))
                model.posts[id] = Known(entry: entry, text: "mine #birds")
            }
            var entries: [Entry] = []
            for number in 1...150 {
                let index = random.below(authors.count)
                let time = TestAuthor.start + Milliseconds(random.below(60)) * 1_000
                let known = model.posts.keys.sorted()
                let other = known[random.below(known.count)]
                let text = "post \(number)" + (random.oneIn(3) ? " #birds" : "") + (random.oneIn(5) ? " @andre" : "")
                guard let target = model.posts[other]?.entry else { continue }
                switch random.below(5) {
                case 0:
                    let own = model.posts.values.filter { $0.entry.header.account == authors[index].account }.map(\.entry).sorted { $0.id < $1.id }
                    guard let victim = own.first, random.oneIn(2) else { continue }
                    entries.append(authors[index].delete(victim, at: time))
                    // Its place in a conversation stays.
                    model.posts[victim.id] = Known(entry: victim, text: "", replyTo: model.posts[victim.id]?.replyTo, isDeleted: true)
                case 1 where model.posts[other]?.forward == nil && model.posts[other]?.text.isEmpty == false:
                    let entry = authors[index].forward(target, comment: text, at: time)
                    entries.append(entry)
                    model.posts[entry.id] = Known(entry: entry, text: text, forward: other)
                case 2, 3:
                    let entry = authors[index].post(text, replyTo: target, at: time)
                    entries.append(entry)
                    model.posts[entry.id] = Known(entry: entry, text: text, replyTo: other)
                default:
                    let entry = authors[index].post(text, at: time)
                    entries.append(entry)
                    model.posts[entry.id] = Known(entry: entry, text: text)
                }
            }
            let outcomes = try await cluster[0].store.ingest(entries, now: Node.systemClock())
            #expect(outcomes.allSatisfy { if case .stored = $0 { true } else { false } })

            let ids = model.posts.keys.sorted()
            func bound() -> HistoryBound {
                let id = ids[random.below(ids.count)]
                if random.oneIn(10) { return .post(.sha256(random.bytes(4))) }
                return random.oneIn(3) ? .time(model.posts[id]?.entry.header.created ?? 0) : .post(id)
            }
            for _ in 1...200 {
                let views: [View] = [
                    .home, .mentions, .user(authors[random.below(authors.count)].account), .hashtag("birds"), .thread(ids[random.below(ids.count)]),
                ]
                let view = views[random.below(views.count)]
                let ranges: [HistoryRange] = [
                    .latest(after: nil), .latest(after: bound()), .before(bound()), .after(bound()), .around(bound()), .between(bound(), bound()),
                ]
                let range = ranges[random.below(ranges.count)]
                let limit = 1 + random.below(random.oneIn(4) ? 200 : 8)
                let found = try await andre.node.history(of: view, andre.login, range, limit: limit)
                #expect(found.map(\.id.hash) == model.history(view, range, limit), "seed \(seed), \(view), \(range), limit \(limit)")
            }
        }
    }
}
