import SingerCore
import SingerDHT
import SingerStore

/// From what a person types to an account or a post.
extension Node {
    /// Whom a name means at this peer.
    nonisolated func known(_ name: String) async throws -> UserView {
        guard let reference = UserReference(name) else { throw NodeError.noSuchUser(name) }
        guard let user = try await store.account(named: reference) else { throw NodeError.noSuchUser(name) }
        return user
    }

    /// Whom a name means at this peer, or else in the network.
    func find(_ name: String) async throws -> UserView {
        guard let reference = UserReference(name) else { throw NodeError.noSuchUser(name) }
        if reference.mark == nil, let user = try await store.pinned(reference.name) { return user }
        if reference.mark != nil, let user = try await store.account(named: reference) { return user }
        await awaitPeers()
        // The first is whom the name means; a few more are known by their marks.
        for claim in try await claims(to: reference.name).sorted(by: { $0.precedes($1) }).prefix(Self.claimsLearned) { _ = try await store.learn(claim) }
        guard let user = try await store.account(named: reference) else { throw NodeError.noSuchUser(name) }
        return user
    }

    /// Anybody can claim any name, with as many keys as they like.
    private static let claimsLearned = 8

    /// The valid claims to a name that the network has, one for each key.
    func claims(to name: Username) async throws -> [NameClaim] {
        var claims: [AccountKey: NameClaim] = [:]
        for envelope in await directory.all(.name(name), .nameClaim, within: .seconds(3)) {
            guard let claim = try? NameClaim(reading: envelope), claim.name == name else { continue }
            claims[claim.account] = claim
        }
        return Array(claims.values)
    }

    /// Where there should be others, waits a little for the first of them: right after the start nobody is known yet.
    func awaitPeers() async {
        guard configuration.expectsPeers, await !directory.status().isConnected, .now - started < .seconds(10) else { return }
        let directory = directory
        await withTaskGroup { group in
            group.addTask {
                for await _ in directory.changes() where await directory.status().isConnected { break }
            }
            group.addTask { try? await Task.sleep(for: .seconds(3)) }
            await group.next()
            group.cancelAll()
        }
    }

    /// The post that a typed id means.
    nonisolated func post(_ id: String) async throws -> PostView {
        guard let prefix = EntryIDPrefix(id) else { throw NodeError.badID(id) }
        let posts = try await store.posts(matching: prefix)
        guard let first = posts.first else { throw NodeError.noSuchPost(id) }
        guard posts.count == 1 else { throw NodeError.ambiguousID(id, candidates: posts.map(\.id.shown)) }
        return first
    }

    /// The same, where a deleted post is of no use.
    nonisolated func livePost(_ id: String) async throws -> PostView {
        let post = try await post(id)
        guard !post.isDeleted else { throw NodeError.deleted(post.id) }
        return post
    }
}
