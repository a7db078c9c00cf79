internal import SingerCore
internal import SingerNode

/// Lines for programs: one object each.
enum JSONDialect {
    static func lines(of reply: Reply, tag: String?) -> [String] {
        let rows = reply.rows.map { members(of: $0) }
        let tag = tag.map { [member("tag", .string($0))] } ?? []
        return (rows + [members(of: reply.end)]).map { JSONValue.object($0 + tag).text }
    }

    static func line(of push: Push) -> String {
        let event: JSONValue =
            switch push {
            case .post(let post, in: _): ["event": "post", "post": value(of: post)]
            case .deleted(let id, by: _, in: _): ["event": "deleted", "id": .string(id.shown), "hash": .string(id.hash.text)]
            case .follow(let user): event("follow", user)
            case .unfollow(let user): event("unfollow", user)
            case .like(let user, let id):
                ["event": "like", "user": .string(user.name), "id": .string(id.shown), "hash": .string(id.hash.text)]
            case .online(let user): event("online", user)
            case .offline(let user): event("offline", user)
            case .held(let id, let peers): ["event": "held", "id": .string(id.shown), "hash": .string(id.hash.text), "peers": .number(peers)]
            case .rival(let rival): ["event": "notice", "text": .string(PlainDialect.words(of: rival))]
            case .notice(let text): ["event": "notice", "text": .string(text)]
            }
        return event.text
    }

    private static func event(_ name: String, _ user: UserView) -> JSONValue {
        ["event": .string(name), "user": .string(user.name)]
    }

    private static func members(of end: Reply.End) -> [JSONValue.Member] {
        switch end {
        case .failed(let failure): [member("error", .string(failure.code.rawValue)), member("text", .string(failure.text))]
        case .done(let done): members(of: done)
        }
    }

    private static func members(of done: Done) -> [JSONValue.Member] {
        switch done {
        case .registered(let name, let key, _, let generated):
            [ok("registered"), member("user", .string(name)), member("key", .string(key.description))]
                + (generated.map { [member("passphrase", .string($0))] } ?? [])
        case .loggedIn(let name, let key, let unseen):
            [ok("logged in"), member("user", .string(name)), member("key", .string(key.description)), member("unseen", .number(unseen))]
        case .loggedOut: [ok("logged out")]
        case .passphraseChanged: [ok("passphrase changed")]
        case .revoked(let device): [ok("revoked"), member("device", .string(device.shown)), member("this", .bool(device.isThis))]
        case .posted(let id): [ok("posted")] + members(of: id)
        case .deleted(let id): [ok("deleted")] + members(of: id)
        case .liked(let id): [ok("liked")] + members(of: id)
        case .unliked(let id): [ok("unliked")] + members(of: id)
        case .following(let user): [ok("following")] + members(of: user)
        case .unfollowed(let user): [ok("unfollowed")] + members(of: user)
        case .muted(let user): [ok("muted")] + members(of: user)
        case .unmuted(let user): [ok("unmuted")] + members(of: user)
        case .profileSet(let field): [ok("profile set"), member("field", .string(field))]
        case .profileRemoved(let field): [ok("profile removed"), member("field", .string(field))]
        case .imported(let new, let known): [ok("imported"), member("new", .number(new)), member("known", .number(known))]
        case .listed(let count, let noun): [ok(word(for: noun)), member("count", .number(count))]
        case .shown: [ok("done")]
        case .receipts(let isOn): [ok("receipts"), member("receipts", .string(isOn ? "on" : "off"))]
        case .format(let dialect): [ok("format"), member("format", .string(dialect.rawValue))]
        case .pong(let token): [ok("pong"), member("token", .string(token))]
        case .bye: [ok("bye")]
        }
    }

    private static func word(for noun: Done.Noun) -> String {
        switch noun {
        case .posts: "posts"
        case .followers: "followers"
        case .following: "following"
        case .peers: "peers"
        case .devices: "devices"
        case .commands: "commands"
        case .logs: "logs"
        case .entries: "entries"
        }
    }

    private static func ok(_ word: String) -> JSONValue.Member { member("ok", .string(word)) }

    static func member(_ key: String, _ value: JSONValue) -> JSONValue.Member { JSONValue.Member(key: key, value: value) }

    static func members(of id: ShownID) -> [JSONValue.Member] {
        [member("id", .string(id.shown)), member("hash", .string(id.hash.text))]
    }

    static func members(of user: UserView) -> [JSONValue.Member] {
        [member("user", .string(user.name)), member("key", .string(Fingerprint(user.account).description))]
    }
}
