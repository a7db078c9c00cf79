import SingerCore
import SingerNode
import SingerStore
import SingerTesting
import Testing

/// What one peer's users do, and what another's see of it.
@Suite(.timeLimit(.minutes(1)))
struct PeopleTests {
    @Test func `who was answered or mentioned hears that the post is deleted, without following its author`() async throws {
        try await withNodes(2) { cluster in
            let alice = try await cluster[0].register("alice")
            let bob = try await cluster[1].register("bob")
            let post = try await alice.post("hello")
            _ = try await bob.node.feed(of: "alice", bob.login, count: 1, before: nil)
            let reply = try await bob.node.reply(to: post.hash.text, "regret", by: bob.login)
            let mention = try await bob.post("@alice regret, too")
            for id in [reply.hash, mention.hash] {
                try await eventually { try await cluster[0].store.post(id)?.text.contains("regret") == true }
                _ = try await bob.node.delete(id.text, by: bob.login)
                try await eventually { try await cluster[0].store.post(id)?.isDeleted == true }
            }
            try await eventually { try await cluster[1].store.creditors().isEmpty }
        }
    }

    @Test func `a follow brings the past at once, and then what is new`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            for number in 1...5 { try await andre.post("past \(number)") }
            #expect(try await diogo.node.follow("Andre", by: diogo.login).name == "andre")
            // By the link and by the DHT: in any order.
            var missing = Set((1...5).map { "andre: past \($0)" })
            while !missing.isEmpty { try await missing.remove(diogo.push { _ in true }.summary) }
            try await andre.push { $0.summary == "diogo follows" }
            let new = try await andre.post("new")
            #expect(try await diogo.post(saying: "new").id == new)
            #expect(try await diogo.timeline().map(\.text) == ["new", "past 5", "past 4", "past 3", "past 2", "past 1"])
            #expect(try await diogo.timeline() == andre.timeline())
            #expect(try await andre.node.followers(of: nil, andre.login).map(\.name) == ["diogo"])

            _ = try await diogo.node.unfollow("andre", by: diogo.login)
            try await andre.push { $0.summary == "diogo unfollows" }
            #expect(try await diogo.timeline().isEmpty)
            #expect(try await andre.node.followers(of: nil, andre.login).isEmpty)
        }
    }

    @Test func `a mention does not overtake what its author wrote before`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            _ = try await diogo.node.follow("andre", by: diogo.login)
            try await andre.push { $0.summary == "diogo follows" }
            // Who knows whom the name means delivers what mentions it.
            _ = try await andre.node.whois("diogo", andre.login)
            let numbers = 1...60
            _ = await andre.node.post(numbers.map { $0.isMultiple(of: 3) ? "\($0) @diogo" : "\($0)" }, by: andre.login)
            var seen: [Int] = []
            while seen.count < numbers.count {
                if case .post(let post, in: _) = try await diogo.push({ _ in true }) { seen.append(Int(post.text.prefix { $0 != " " }) ?? 0) }
            }
            #expect(seen == Array(numbers))
        }
    }

    @Test func `who posts is told of the post what everybody reads of it`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("Andre")
            let posts = await andre.node.post(["one\ttext, e\u{301}", " ", "another\r\nof two lines "], by: andre.login)
            #expect(posts.map { try? $0.get().text } == ["one text, é", nil, "another\nof two lines"])
            let told = posts.compactMap { try? $0.get() }
            #expect(try await andre.node.posts(told.map(\.id)) == told)
        }
    }

    @Test func `likes, deletions and profiles reach followers`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            _ = try await diogo.node.follow("andre", by: diogo.login)
            try await andre.push { $0.summary == "diogo follows" }
            let id = try await andre.post("like me").shown
            try await diogo.post(saying: "like me")

            _ = try await diogo.node.like(id, by: diogo.login)
            try await andre.push { $0.summary == "diogo likes" }
            _ = try await diogo.node.like(id, by: diogo.login)
            #expect(try await andre.node.show(id, andre.login).likedBy.map(\.name) == ["diogo"])
            _ = try await diogo.node.unlike(id, by: diogo.login)
            try await eventually { try await andre.node.show(id, andre.login).post.likes == 0 }
            #expect(try await diogo.node.show(id, diogo.login).post.likes == 0)

            try await andre.node.setProfile("Bio", "writes about birds", by: andre.login)
            try await eventually { try await diogo.node.whois("andre", diogo.login).profile.map(\.text.string) == ["writes about birds"] }
            try await andre.node.setProfile("bio", "", by: andre.login)
            try await eventually { try await diogo.node.whois("andre", diogo.login).profile.isEmpty }

            _ = try await andre.node.delete(id, by: andre.login)
            try await diogo.push { if case .deleted(let gone, by: _, in: _) = $0 { gone.shown == id } else { false } }
            #expect(try await diogo.timeline().first?.isDeleted == true)
            #expect(try await diogo.node.search("like", diogo.login, count: 5).isEmpty)
            for peer in [andre, diogo] {
                await #expect(throws: NodeError.self) { try await peer.node.like(id, by: peer.login) }
                await #expect(throws: NodeError.self) { try await peer.node.reply(to: id, "no", by: peer.login) }
                await #expect(throws: NodeError.self) { try await peer.node.forward(id, comment: "", by: peer.login) }
                await #expect(throws: NodeError.self) { try await peer.node.delete(id, by: peer.login) }
            }
        }
    }

    @Test func `a reply and a mention reach whoever they are for, who follows nobody`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            await andre.login.open(.mentions)
            let post = try await andre.post("a question")
            _ = try await diogo.node.feed(of: "andre", diogo.login, count: 10, before: nil)
            _ = try await diogo.node.reply(to: post.shown, "an answer", by: diogo.login)
            #expect(try await andre.post(saying: "an answer").replyTo?.hash == post.hash)
            try await diogo.post("good morning, @andre")
            try await andre.post(saying: "good morning, @andre")
            #expect(try await andre.node.thread(post.shown, andre.login).map(\.text) == ["a question", "an answer"])
        }
    }

    @Test func `a forward of a forward shows the original, and needs nobody who has it`() async throws {
        try await withNodes(3) { cluster in
            let andre = try await cluster[0].register("andre")
            let diogo = try await cluster[1].register("diogo")
            let tiago = try await cluster[2].register("tiago")
            _ = try await diogo.node.follow("andre", by: diogo.login)
            _ = try await tiago.node.follow("diogo", by: tiago.login)
            try await diogo.push { $0.summary == "tiago follows" }
            let original = try await andre.post("the original")
            try await diogo.post(saying: "the original")
            let first = try await diogo.node.forward(original.shown, comment: "once", by: diogo.login)
            try await tiago.post(saying: "once")
            let second = try await tiago.node.forward(first.shown, comment: "twice", by: tiago.login)
            let shown = try await tiago.node.show(second.shown, tiago.login).post
            #expect(shown.forward?.id.hash == original.hash)
            #expect(shown.forward?.text == "the original")
            #expect(shown.forward?.author.account == andre.login.account)
        }
    }

    @Test func `who is muted is hidden from the timeline, from pushes and from searches until unmuted`() async throws {
        try await withNodes(2) { cluster in
            let andre = try await cluster[0].register("andre")
            let tiago = try await cluster[0].register("tiago")
            let diogo = try await cluster[1].register("diogo")
            for name in ["andre", "tiago"] { _ = try await diogo.node.follow(name, by: diogo.login) }
            for person in [andre, tiago] { try await person.push { $0.summary == "diogo follows" } }
            _ = try await diogo.node.mute("andre", by: diogo.login)
            try await andre.post("unheard words")
            let heard = try await tiago.post("heard words")
            try await eventually { try await cluster[1].node.feed(of: "andre", diogo.login, count: 5, before: nil).count == 1 }
            let push = try await diogo.push { if case .post = $0 { true } else { false } }
            #expect(push.summary == "tiago: heard words")
            #expect(try await diogo.timeline().map(\.id) == [heard])
            #expect(try await diogo.node.search("words", diogo.login, count: 5).map(\.id) == [heard])
            #expect(try await diogo.node.history(of: .home, diogo.login, .latest(after: nil), limit: 5).map(\.id) == [heard])
            _ = try await diogo.node.unmute("andre", by: diogo.login)
            #expect(try await diogo.timeline().count == 2)
        }
    }

    @Test func `those followed are listed in order, with who follows back`() async throws {
        try await withNodes { cluster in
            let diogo = try await cluster[0].register("diogo")
            var names = ["Tiago", "andre", "Zoe"].map { TestAuthor($0) }
            for index in names.indices { try await cluster[0].meet(names[index], names[index].post("hello")) }
            for author in names { _ = try await diogo.node.follow(author.name.text, by: diogo.login) }
            let back = names[1].write(.follow(Followee(account: diogo.login.account, name: .of("diogo"))))
            _ = try await cluster[0].store.ingest([back], now: Node.systemClock())
            let followed = try await diogo.node.followed(by: diogo.login)
            #expect(followed.map(\.user.name) == ["andre", "Tiago", "Zoe"])
            #expect(followed.map(\.followsBack) == [true, false, false])
        }
    }

    @Test func `who asks is told as peers come to hold a post, and SHOW says how many`() async throws {
        try await withNodes(3) { cluster in
            let andre = try await cluster[0].register("andre")
            andre.login.wantsReceipts = true
            for (index, name) in [(1, "diogo"), (2, "tiago")] {
                let follower = try await cluster[index].register(name)
                _ = try await cluster[index].node.follow("andre", by: follower.login)
            }
            let post = try await andre.post("to be held")
            try await andre.push { if case .held(let id, by: 2) = $0 { id.hash == post.hash } else { false } }
            #expect(try await cluster[0].node.show(post.shown, andre.login).holders == 2)
        }
    }
}
