public import SingerCore
import SingerReplication
import SingerStore

/// What users write. Everything returns after the commit; nothing waits for the network, except to learn who bears a name.
///
/// Besides what each says, all throw `storageFull`, and `unavailable` where the device may not write: it was revoked, or wrote two logs, or does not
/// know yet how long its own is. A text throws `emptyText`, `tooLong` (over `Limits.textBytesMax` bytes) or `controlCharacter`; an id `badID`,
/// `noSuchPost`, `ambiguousID` or `deleted`; a name `invalidName` or `noSuchUser`.
extension Node {
    /// Writes one post.
    public func post(_ text: String, by login: Login) async throws(NodeError) -> PostView {
        try await post([text], by: login)[0].get()
    }

    /// Writes posts in this order, in one commit. What a text can be refused for concerns it alone.
    ///
    /// - Returns: a result for each of `texts`.
    public func post(_ texts: [String], by login: Login) async -> [Result<PostView, NodeError>] {
        let posts = texts.map { text in Result { try PostText(typed: text) }.mapError { NodeError($0) } }
        let good = posts.compactMap { try? $0.get() }
        do {
            var written = try await good.isEmpty ? [] : write(good.map { .post(Post(text: $0)) }, by: login)[...]
            return posts.map { post in
                post.map { text in
                    let entry = written.removeFirst()
                    // As the store would tell it, without asking it.
                    return PostView(
                        id: entry.shown, author: login.author, created: entry.entry.header.created, text: text.string, replyTo: nil, forward: nil, likes: 0,
                        isDeleted: false)
                }
            }
        } catch {
            let failure = NodeError(error)
            return posts.map { post in post.flatMap { _ in .failure(failure) } }
        }
    }

    /// Answers a post, which may itself be an answer.
    public func reply(to id: String, _ text: String, by login: Login) async throws(NodeError) -> ShownID {
        do {
            let parent = try await livePost(id)
            let reference = EntryReference(entry: parent.id.hash, account: parent.author.account)
            return try await write(.post(Post(text: PostText(typed: text), replyTo: reference)), by: login)
        } catch {
            throw NodeError(error)
        }
    }

    /// A forward of a forward forwards the original.
    public func forward(_ id: String, comment: String, by login: Login) async throws(NodeError) -> ShownID {
        do {
            let post = try await livePost(id)
            if let original = post.forward, original.isDeleted { throw NodeError.deleted(original.id) }
            guard let entry = try await store.entry(post.id.hash), case .post(let content)? = entry.content else { throw NodeError.deleted(post.id) }
            // Out of the forward itself: the original may be parked, or its device quarantined, and so not be here on its own.
            let original = content.forward ?? entry
            let comment = comment.allSatisfy(\.isWhitespace) ? try PostText(canonical: "") : try PostText(typed: comment)
            // With room for the framing. Only an author of padded bodies comes near: others would refuse the forward, and all that is behind it.
            let bytes = original.encoded.count + comment.string.utf8.count + 64
            guard bytes <= Limits.bodyBytesMax else { throw NodeError.tooLong(bytes: bytes, max: Limits.bodyBytesMax) }
            return try await write(.post(Post(forwarding: original, comment: comment)), by: login)
        } catch {
            throw NodeError(error)
        }
    }

    /// Takes back a post of the account: its text goes here and wherever this is heard of. Throws `notYours`.
    public func delete(_ id: String, by login: Login) async throws(NodeError) -> ShownID {
        do {
            let post = try await livePost(id)
            guard post.author.account == login.account else { throw NodeError.notYours(post.id) }
            try await write(.delete(EntryReference(entry: post.id.hash, account: login.account)), by: login)
            return post.id
        } catch {
            throw NodeError(error)
        }
    }

    /// Liking twice, or taking back what was not said, changes nothing and is no error.
    public func like(_ id: String, by login: Login) async throws(NodeError) -> ShownID { try await react(id, likes: true, login) }
    public func unlike(_ id: String, by login: Login) async throws(NodeError) -> ShownID { try await react(id, likes: false, login) }

    private func react(_ id: String, likes: Bool, _ login: Login) async throws(NodeError) -> ShownID {
        do {
            let post = try await livePost(id)
            let reference = EntryReference(entry: post.id.hash, account: post.author.account)
            // Saying it twice changes nothing, and is not an error.
            if try await store.likes(login.account, post.id.hash) != likes { try await write(likes ? .like(reference) : .unlike(reference), by: login) }
            return post.id
        } catch {
            throw NodeError(error)
        }
    }

    /// May ask the network who bears the name, when this peer does not know: then a few seconds at most. Throws `selfFollow`, `alreadyFollowing`.
    public func follow(_ name: String, by login: Login) async throws(NodeError) -> UserView {
        do {
            let user = try await find(name)
            guard user.account != login.account else { throw NodeError.selfFollow }
            guard try await !store.isFollowing(login.account, user.account) else { throw NodeError.alreadyFollowing(user) }
            try await write(.follow(Self.followee(user)), by: login, notBefore: store.nextWord(login.account, user.account))
            followersHere[user.account, default: []].insert(login.account)
            didChangeFollows(of: login.account)
            await beginShowing(user.account, to: sessions(of: login.account))
            job { await self.keepClaim(of: user) }
            return user
        } catch {
            throw NodeError(error)
        }
    }

    /// Of somebody known here: the network is not asked. Throws `notFollowing`.
    public func unfollow(_ name: String, by login: Login) async throws(NodeError) -> UserView {
        do {
            let user = try await known(name)
            guard try await store.isFollowing(login.account, user.account) else { throw NodeError.notFollowing(user) }
            try await write(.unfollow(Self.followee(user)), by: login, notBefore: store.nextWord(login.account, user.account))
            followersHere[user.account]?.remove(login.account)
            didChangeFollows(of: login.account)
            for session in sessions(of: login.account) { session.dropBacklog(of: user.account) }
            if followersHere[user.account]?.isEmpty == true { giveUp(user.account) }
            return user
        } catch {
            throw NodeError(error)
        }
    }

    /// Keeps the posts of an account, and forwards of them, out of timeline, news and search of the login's own. Nobody else is told.
    /// Twice is no error. Throws `selfMute`.
    public func mute(_ name: String, by login: Login) async throws(NodeError) -> UserView { try await mute(name, true, login) }
    public func unmute(_ name: String, by login: Login) async throws(NodeError) -> UserView { try await mute(name, false, login) }

    private func mute(_ name: String, _ isMuted: Bool, _ login: Login) async throws(NodeError) -> UserView {
        do {
            let user = try await known(name)
            guard user.account != login.account || !isMuted else { throw NodeError.selfMute }
            try await store.mute(login.account, user.account, isMuted)
            if isMuted { for session in sessions(of: login.account) { session.dropBacklog(of: user.account) } }
            return user
        } catch {
            throw NodeError(error)
        }
    }

    /// An empty text removes the field. Throws `badProfileField`, `profileIsFull` (over `Limits.profileFieldsMax`).
    public func setProfile(_ field: String, _ text: String, by login: Login) async throws(NodeError) {
        do {
            let max = Limits.profileTextBytesMax
            let text = text.allSatisfy(\.isWhitespace) ? try PostText(canonical: "") : try PostText(typed: text, bytesMax: max)
            guard let profile = ProfileField(field: field, text: text) else { throw NodeError.badProfileField(field) }
            let fields = try await store.profile(of: login.account)
            guard text.string.isEmpty || fields.count < Limits.profileFieldsMax || fields.contains(where: { $0.field == profile.field }) else {
                throw NodeError.profileIsFull
            }
            try await write(.profile(profile), by: login)
        } catch {
            throw NodeError(error)
        }
    }

    private static func followee(_ user: UserView) throws(NodeError) -> Followee {
        guard let reference = UserReference(user.name) else { throw .internal("no such name: \(user.name)") }
        return Followee(account: user.account, name: reference.name)
    }

    // MARK: The way of an entry

    /// Signs, commits, and sets going what follows from it.
    ///
    /// - Parameter date: it is dated no earlier, whatever the clock says.
    @discardableResult
    private func write(_ content: Entry.Content, by login: Login, notBefore date: Milliseconds = 0) async throws -> ShownID {
        try await write([content], by: login, notBefore: date)[0].shown
    }

    /// The same for several at once, in their order and in one commit.
    private func write(_ contents: [Entry.Content], by login: Login, notBefore date: Milliseconds = 0) async throws -> [Store.Written] {
        let account = try keys(of: login)
        try await ownLogIsLevel(login.account, account.certificate.device)
        let written = try await Login.writing(for: [login]) {
            try await store.append(contents, by: account.keys.device, account.certificate, now: max(clock(), date), elsewhere: servedElsewhere, willCommit: $0)
        }
        // Behind all who wait for the same commit, and before anything else that is set going.
        if fresh.isEmpty { Task { self.spreadFresh() } }
        fresh += written.map { FreshEntry(written: $0, device: account.keys.device) }
        return written
    }

    /// An entry that was committed here just now.
    struct FreshEntry {
        let written: Store.Written
        let device: DeviceSecret
    }

    /// Tells everybody of what was written here: once for all that shared a commit.
    private func spreadFresh() {
        let fresh = fresh
        self.fresh = []
        didStore(fresh.map(\.written.entry), from: nil, isNews: true, isWrittenHere: true)
        for one in fresh {
            publish(one.written.entry, by: one.device)
            if !one.written.recipients.isEmpty { job { await self.owe(one.written.entry, to: one.written.recipients) } }
        }
    }

    /// The outbox holds the debts already; this sets them going.
    func owe(_ entry: Entry, to recipients: [AccountKey]) async {
        for recipient in recipients {
            await findHome(of: recipient)
            drive(.owes(Replica.Debt(entry: entry, recipient: recipient)))
        }
    }
}
