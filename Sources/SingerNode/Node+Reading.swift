public import SingerCore
import SingerDHT
import SingerPeer
import SingerReplication
import SingerStore

/// What users read. Newest first; ids and names are as typed. What stands in the store is read without the actor.
///
/// A name that is not known here is asked for in the network, and the past of a feed fetched, for a few seconds at most. Besides what each
/// says, an id throws `badID`, `noSuchPost` or `ambiguousID`, a name `invalidName` or `noSuchUser`, and a damaged database `internal`.
extension Node {
    /// Posts of the account and of those whom it follows, without those whom it has muted: at most `count`, older than the post `before`.
    public nonisolated func timeline(_ login: Login, count: Int, before: String?) async throws(NodeError) -> [PostView] {
        do {
            let start = try await before.asyncMap { try await self.post($0).id.hash }
            let posts = try await store.timeline(of: login.account, count: count, before: start)
            guard posts.count < count else { return posts }
            // The end of what is here: there may be more where it comes from.
            let followed = try await store.following(of: login.account).map(\.account)
            guard await fetchOlder(followed, count: count) else { return posts }
            return try await store.timeline(of: login.account, count: count, before: start)
        } catch {
            throw NodeError(error)
        }
    }

    /// What one account posted: at most `count`, older than the post `before`. Whom nobody here follows is asked for it first.
    public func feed(of name: String, _ login: Login, count: Int, before: String?) async throws(NodeError) -> [PostView] {
        do {
            let user = try await find(name)
            let start = try await before.asyncMap { try await self.post($0).id.hash }
            await visit(user.account)
            let posts = try await store.feed(of: user.account, count: count, before: start)
            guard posts.count < count, await fetchOlder([user.account], count: count) else { return posts }
            return try await store.feed(of: user.account, count: count, before: start)
        } catch {
            throw NodeError(error)
        }
    }

    /// Posts that are here and hold all the words: at most `count`.
    public nonisolated func search(_ words: String, _ login: Login, count: Int) async throws(NodeError) -> [PostView] {
        do {
            return try await store.search(words, by: login.account, count: count)
        } catch {
            throw NodeError(error)
        }
    }

    /// A post with what is known about it. Also one that was deleted: then without its text.
    public nonisolated func show(_ id: String, _ login: Login) async throws(NodeError) -> PostDetails {
        do {
            let post = try await post(id)
            guard var details = try await store.details(of: post.id.hash) else { throw NodeError.noSuchPost(id) }
            if let header = try await store.entry(post.id.hash)?.header { details.holders = await holders(of: header) }
            return details
        } catch {
            throw NodeError(error)
        }
    }

    private func holders(of header: Entry.Header) -> Int { replica.holders(of: header.account, header.device, header.seq) }

    /// Those of some posts that are here, in this order.
    public nonisolated func posts(_ ids: [ShownID]) async throws(NodeError) -> [PostView] {
        do {
            return try await store.posts(ids.map(\.hash))
        } catch {
            throw NodeError(error)
        }
    }

    /// The whole conversation that a post belongs to, oldest first.
    public nonisolated func thread(_ id: String, _ login: Login) async throws(NodeError) -> [PostView] {
        do {
            return try await store.thread(of: try await post(id).id.hash)
        } catch {
            throw NodeError(error)
        }
    }

    /// Of the login's own account when no name is given. In alphabetical order.
    public func followers(of name: String?, _ login: Login) async throws(NodeError) -> [UserView] {
        do {
            guard let name else { return try await store.followers(of: login.account) }
            let user = try await find(name)
            if !hosted.contains(user.account) { await readEdges(of: user.account, within: .seconds(2)) }
            return try await store.followers(of: user.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// Of the login's own account when no name is given. In alphabetical order.
    public func following(of name: String?, _ login: Login) async throws(NodeError) -> [UserView] {
        do {
            guard let name else { return try await store.following(of: login.account) }
            let user = try await find(name)
            await visit(user.account)
            // Whom somebody follows stands in their whole log.
            _ = await fetchOlder([user.account], count: Int(Limits.sequenceMax))
            return try await store.following(of: user.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// What this peer and the DHT know of an account; of what both say the newer.
    public func whois(_ name: String, _ login: Login) async throws(NodeError) -> WhoIs {
        do {
            let user = try await find(name)
            let counts = try await store.counts(of: user.account)
            let record = try await latestRecord(of: user.account)
            let isHere = hosted.contains(user.account)
            let followed = followersHere[user.account]?.isEmpty == false
            // Of somebody whose feed is not kept here the record knows more.
            let last = try await (isHere || followed ? counts.lastPost ?? record?.lastPost : record?.lastPost ?? counts.lastPost)
                .asyncMap { try await self.store.shown($0) }
            return WhoIs(
                user: user, fingerprint: Fingerprint(user.account),
                address: isHere ? ownEndpoints().first : record.flatMap { endpoints(of: $0).first },
                presence: presence(of: user.account, record),
                // Elsewhere more may be known than here, and here something newer than the record.
                followers: isHere ? counts.followers : max(counts.followers, record?.followers ?? 0),
                following: isHere ? counts.following : max(counts.following, record?.following ?? 0),
                lastPost: last, profile: try await store.profile(of: user.account))
        } catch {
            throw NodeError(error)
        }
    }

    /// The login's own profile.
    public nonisolated func profile(_ login: Login) async throws(NodeError) -> [ProfileField] {
        do {
            return try await store.profile(of: login.account)
        } catch {
            throw NodeError(error)
        }
    }

    public struct NodeStatus: Hashable, Sendable {
        public let version: String
        public let network: String
        public let uptime: Duration
        /// Accounts of this peer, and those with an open session.
        public let accounts: Int
        public let online: Int
        public let sessions: Int
        /// Posts in the store.
        public let posts: Int
        public let links: Int
        public let dhtNodes: Int
        /// Entries that other peers have yet to acknowledge.
        public let owed: Int
    }

    /// Counts that say nothing of anybody: who has not logged in may see them.
    public func status() async -> NodeStatus {
        NodeStatus(
            version: Self.version, network: configuration.network, uptime: .now - started, accounts: hosted.count, online: opened.count,
            sessions: opened.values.reduce(0) { $0 + $1.logins.count }, posts: (try? await store.postCount()) ?? 0, links: links.count,
            dhtNodes: status.goodNodes, owed: (try? await store.owedCount()) ?? 0)
    }

    public struct PeerView: Hashable, Sendable {
        public let node: NodeKey
        public let host: String
        /// Whether this peer dialled the other.
        public let isDialled: Bool
        /// Feeds of which the other wants the news.
        public let feeds: Int
    }

    /// The links of this peer, ordered by key.
    public func peers() async -> [PeerView] {
        links.values.map {
            PeerView(node: $0.link.remote, host: $0.link.remoteHost, isDialled: $0.link.isDialled, feeds: replica.subscriptions(of: $0.link.remote))
        }
        .sorted { $0.node < $1.node }
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        if let self { try await transform(self) } else { nil }
    }
}
