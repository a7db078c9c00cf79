import SingerCore
import SingerStore
import SingerTesting

import struct Foundation.Data

/// A store in a directory of its own, which goes with it.
struct TestStore {
    let directory: TemporaryDirectory
    let store: Store

    init() throws { try self.init(TemporaryDirectory()) }

    init(_ directory: TemporaryDirectory) throws {
        self.directory = directory
        store = try Store(directory: directory.path)
    }

    /// Late enough that nothing of what test authors write is parked.
    static let now = TestAuthor.start + 24 * 60 * 60 * 1_000

    @discardableResult
    func ingest(_ entries: Entry..., now: Milliseconds = now) async throws -> [Store.Outcome] { try await store.ingest(entries, now: now) }

    @discardableResult
    func ingest(_ entries: [Entry], now: Milliseconds = now) async throws -> [Store.Outcome] { try await store.ingest(entries, now: now) }

    /// Makes the author an account of this peer.
    func addLocal(_ author: TestAuthor) async throws {
        let sealed = SealedSecret(salt: Data(count: 16), workLog2: 4, box: Data([1, 2, 3]))
        try await store.add(author.certificate, sealed: sealed, claim: NameClaim(name: author.name, root: author.root, created: TestAuthor.start))
    }

    func append(_ content: Entry.Content, by author: TestAuthor, at now: Milliseconds = TestAuthor.start) async throws -> Store.Written {
        try await store.append(content, by: author.device, author.certificate, now: now)
    }

    func append(_ text: String, by author: TestAuthor, at now: Milliseconds = TestAuthor.start) async throws -> Store.Written {
        try await append(.post(Post(text: .of(text))), by: author, at: now)
    }

    func texts(of author: TestAuthor) async throws -> [String] {
        try await store.feed(of: author.account, count: 1_000, before: nil).map(\.text)
    }

    func pushes(for author: TestAuthor, after cursor: Int64 = 0) async throws -> [String] {
        var pushes: [String] = []
        var cursor = cursor
        while true {
            let arrivals = try await store.arrivals(for: author.account, after: cursor)
            pushes += arrivals.news.pushes.map(describe)
            cursor = arrivals.cursor
            if !arrivals.news.isFull { return pushes }
        }
    }

}

extension Store {
    func arrivals(for account: AccountKey, after cursor: Int64) async throws -> Arrivals {
        try await arrivals([NewsQuestion(account: account, cursor: cursor)])[0].get()
    }
}

func describe(_ push: Push) -> String {
    switch push {
    case .post(let post, in: _): "\(post.author.name): \(post.text)"
    case .deleted: "deleted"
    case .follow(let user): "\(user.name) follows"
    case .unfollow(let user): "\(user.name) unfollows"
    case .like(let user, _): "\(user.name) likes"
    case .online, .offline, .held, .rival, .notice: "not from a store"
    }
}

extension Store.Outcome {
    var isStored: Bool { if case .stored = self { true } else { false } }
}
