/// What a session is shown: values read from the store, with names and ids as this peer shows them.

/// An account under the name by which this peer knows it.
public struct UserView: Hashable, Sendable {
    public let account: AccountKey
    /// `alice`; or `alice~k7q2` where another key is pinned under that name.
    public let name: String

    public init(account: AccountKey, name: String) {
        self.account = account
        self.name = name
    }
}

/// An id as this peer shows it: the shortest prefix, of five or more characters, that is unambiguous here.
public struct ShownID: Hashable, Sendable {
    public let hash: EntryID
    public let shown: String

    public init(hash: EntryID, shown: String) {
        self.hash = hash
        self.shown = shown
    }
}

public struct PostView: Hashable, Sendable {
    public let id: ShownID
    public let author: UserView
    public let created: Milliseconds
    /// Empty when deleted, or in a forward without a comment.
    public let text: String
    public let replyTo: ShownID?
    /// The original of a forward. Never itself a forward.
    public var forward: PostView? { originals.first }
    /// That or nothing: a value has no room for another one of its own kind.
    private let originals: [PostView]
    public let likes: Int
    public let isDeleted: Bool

    public init(
        id: ShownID, author: UserView, created: Milliseconds, text: String, replyTo: ShownID?, forward: PostView?, likes: Int, isDeleted: Bool
    ) {
        self.id = id
        self.author = author
        self.created = created
        self.text = text
        self.replyTo = replyTo
        originals = forward.map { [$0] } ?? []
        self.likes = likes
        self.isDeleted = isDeleted
    }
}

/// A post in full, for SHOW.
public struct PostDetails: Hashable, Sendable {
    public let post: PostView
    public let fingerprint: Fingerprint
    /// Those who like it, as far as this peer knows.
    public let likedBy: [UserView]
    /// Posts known here that answer it.
    public let replies: Int
    /// Other peers that are known to hold the post.
    public var holders: Int

    public init(post: PostView, fingerprint: Fingerprint, likedBy: [UserView], replies: Int, holders: Int = 0) {
        self.post = post
        self.holders = holders
        self.fingerprint = fingerprint
        self.likedBy = likedBy
        self.replies = replies
    }
}

/// What is known of a user, here and in the DHT.
public struct WhoIs: Hashable, Sendable {
    public let user: UserView
    public let fingerprint: Fingerprint
    /// Where the peer that serves the account was last reached.
    public let address: Endpoint?
    public let presence: Presence
    public let followers: Int
    public let following: Int
    public let lastPost: ShownID?
    /// Fields of the profile in alphabetical order.
    public let profile: [ProfileField]

    public enum Presence: Hashable, Sendable {
        case online
        case lastSeen(Milliseconds)
        case unknown
    }

    public init(
        user: UserView, fingerprint: Fingerprint, address: Endpoint?, presence: Presence, followers: Int, following: Int, lastPost: ShownID?,
        profile: [ProfileField]
    ) {
        self.user = user
        self.fingerprint = fingerprint
        self.address = address
        self.presence = presence
        self.followers = followers
        self.following = following
        self.lastPost = lastPost
        self.profile = profile
    }
}

/// Something new for an account, as its sessions are told.
public enum Push: Hashable, Sendable {
    /// A post, and which of the session's open views it belongs to; the timeline is always open.
    case post(PostView, in: [View])
    /// An author deleted a post. Views are those that select it by its author; what else it was in cannot be told any more.
    case deleted(ShownID, by: UserView, in: [View])
    /// Somebody began, or ceased, to follow the account.
    case follow(UserView)
    case unfollow(UserView)
    /// Somebody likes a post of the account.
    case like(UserView, ShownID)
    /// Somebody whom the account follows came or went.
    case online(UserView)
    case offline(UserView)
    /// One more peer holds a post of the account: so many do now.
    case held(ShownID, by: Int)
    /// Another key claims the account's name.
    case rival(RivalClaim)
    case notice(String)
}

/// What is new for one session or more: those for which the same is new are given the same object, so that it can be
/// put into bytes once for all of them.
public final class News: Sendable {
    /// Oldest first.
    public let pushes: [Push]
    /// Whether there may be more already.
    public let isFull: Bool
    /// Nothing but posts in the timelines of others than their authors: what they look like depends on nothing else of the session.
    public let isShared: Bool
    /// Of shared news.
    public let sharedPosts: [EntryID]

    public init(_ pushes: [Push], isFull: Bool = false, isShared: Bool = false) {
        self.pushes = pushes
        self.isFull = isFull
        self.isShared = isShared
        sharedPosts = isShared ? pushes.compactMap { if case .post(let post, in: _) = $0 { post.id.hash } else { nil } } : []
    }

    public var isEmpty: Bool { pushes.isEmpty }
}

/// Two live claims to one name: what its owner is told.
public struct RivalClaim: Hashable, Sendable {
    public let name: Username
    /// Whose name it is for those who met it first.
    public let rival: AccountKey
    public let since: Milliseconds
    /// As whom those know the account that is told.
    public let shownAs: String

    public init(_ claim: NameClaim, against account: AccountKey) {
        name = claim.name
        rival = claim.account
        since = claim.created
        shownAs = "\(claim.name)~\(Fingerprint(account).mark.prefix(4))"
    }
}
