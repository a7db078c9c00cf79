internal import SingerWire

public import struct Foundation.Data

extension Entry {
    /// What an entry says.
    public indirect enum Content: Hashable, Sendable {
        case post(Post)
        case follow(Followee)
        case unfollow(Followee)
        case profile(ProfileField)
        case like(EntryReference)
        case unlike(EntryReference)
        case delete(EntryReference)
        case revoke(Revocation)
        /// What only a later version can read.
        case unknown(UInt8, body: Data)
    }
}

/// A post, a reply or a forward.
public struct Post: Hashable, Sendable {
    /// Empty only in a forward without a comment.
    public let text: PostText
    public let replyTo: EntryReference?
    /// The original, verified; never itself a forward.
    public let forward: Entry?

    public init(text: PostText, replyTo: EntryReference? = nil) {
        self.text = text
        self.replyTo = replyTo
        forward = nil
    }

    /// - Parameter original: a post with its body, not a forward.
    public init(forwarding original: Entry, comment: PostText) {
        text = comment
        replyTo = nil
        forward = original
    }
}

/// An entry and its author: enough to ask the author's peers for it.
public struct EntryReference: Hashable, Sendable {
    public let entry: EntryID
    public let account: AccountKey

    public init(entry: EntryID, account: AccountKey) {
        self.entry = entry
        self.account = account
    }
}

/// Whom a follow or an unfollow is about, and the name the follower knows them by.
public struct Followee: Hashable, Sendable {
    public let account: AccountKey
    public let name: Username

    public init(account: AccountKey, name: Username) {
        self.account = account
        self.name = name
    }
}

/// One field of a profile: `bio`, `url`, whatever its owner likes.
public struct ProfileField: Hashable, Sendable {
    /// Lowercase letters, digits and `-`, at most `Limits.profileFieldCharactersMax`.
    public let field: String
    /// Empty removes the field.
    public let text: PostText

    public init?(field: some StringProtocol, text: PostText) {
        let folded = String(decoding: field.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        guard (1...Limits.profileFieldCharactersMax).contains(folded.utf8.count),
            folded.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }),
            text.string.utf8.count <= Limits.profileTextBytesMax
        else { return nil }
        self.field = folded
        self.text = text
    }
}

extension Entry.Content {
    public var kind: Entry.Kind {
        switch self {
        case .post: .post
        case .follow: .follow
        case .unfollow: .unfollow
        case .profile: .profile
        case .like: .like
        case .unlike: .unlike
        case .delete: .delete
        case .revoke: .revoke
        case .unknown(let number, _): .unknown(number)
        }
    }

    var encoded: Data {
        switch self {
        case .post(let post):
            var body = WirePostBody()
            body.text = post.text.string
            if let replyTo = post.replyTo { body.replyTo = replyTo.wire }
            if let original = post.forward { body.forward = original.signedWire }
            return body.encoded
        case .follow(let followee), .unfollow(let followee):
            var body = WireFollowBody()
            body.account = followee.account.data
            body.name = followee.name.text
            return body.encoded
        case .profile(let profile):
            var body = WireProfileBody()
            body.field = profile.field
            body.text = profile.text.string
            return body.encoded
        case .like(let target), .unlike(let target), .delete(let target):
            var body = WireTargetBody()
            body.target = target.wire
            return body.encoded
        case .revoke(let revocation):
            var body = WireRevokeBody()
            body.revocation = revocation.wire
            return body.encoded
        case .unknown(_, let body): return body
        }
    }

    /// Reads a body; whatever it embeds is verified too.
    public init(decoding bytes: Data, kind: Entry.Kind) throws(Refusal) {
        switch kind {
        case .post:
            self = .post(try Post(WirePostBody(decoding: bytes)))
        case .follow:
            self = .follow(try Followee(WireFollowBody(decoding: bytes)))
        case .unfollow:
            self = .unfollow(try Followee(WireFollowBody(decoding: bytes)))
        case .profile:
            let body = try WireProfileBody(decoding: bytes)
            guard let profile = ProfileField(field: body.field, text: try PostText(received: body.text)) else { throw .outOfBounds }
            self = .profile(profile)
        case .like:
            self = .like(try EntryReference(WireTargetBody(decoding: bytes).target))
        case .unlike:
            self = .unlike(try EntryReference(WireTargetBody(decoding: bytes).target))
        case .delete:
            self = .delete(try EntryReference(WireTargetBody(decoding: bytes).target))
        case .revoke:
            self = .revoke(try Revocation(verifying: WireRevokeBody(decoding: bytes).revocation))
        case .unknown(let number):
            self = .unknown(number, body: bytes)
        }
    }
}

extension Post {
    init(_ body: WirePostBody) throws(Refusal) {
        let text = try PostText(received: body.text)
        if body.hasForward {
            guard !body.hasReplyTo else { throw .malformed }
            // Before a signature is checked: forwards inside forwards would make one entry cost many.
            guard try !WirePostBody(decoding: body.forward.entry.body).hasForward else { throw .malformed }
            let original = try Entry(verifying: body.forward)
            guard case .post(let post)? = original.content, post.forward == nil else { throw .malformed }
            self.init(forwarding: original, comment: text)
        } else {
            guard !text.isBlank else { throw .outOfBounds }
            self.init(text: text, replyTo: body.hasReplyTo ? try EntryReference(body.replyTo) : nil)
        }
    }
}

extension PostText {
    /// Text from outside: it must already be normalised and within the limits.
    init(received text: String) throws(Refusal) {
        do {
            try self.init(canonical: text)
        } catch {
            throw Refusal.outOfBounds
        }
        guard isNormalised else { throw Refusal.outOfBounds }
    }
}

extension EntryReference {
    init(_ wire: WireReference) throws(Refusal) {
        guard let entry = EntryID(wire.entry), let account = AccountKey(wire.account) else { throw .malformed }
        self.init(entry: entry, account: account)
    }

    var wire: WireReference {
        var wire = WireReference()
        wire.entry = entry.data
        wire.account = account.data
        return wire
    }
}

extension Followee {
    init(_ body: WireFollowBody) throws(Refusal) {
        guard let account = AccountKey(body.account), let name = Username(body.name) else { throw .malformed }
        self.init(account: account, name: name)
    }
}
