internal import Foundation
internal import SingerCore
internal import SingerNode

extension JSONDialect {
    static func members(of row: Row) -> [JSONValue.Member] {
        switch row {
        case .post(let post): [member("row", "post"), member("post", value(of: post))]
        case .user(let user): [member("row", "user")] + members(of: user)
        case .field(let field): [member("row", "field"), member("field", .string(field.name))] + members(of: field.value)
        case .peer(let peer):
            [
                member("row", "peer"), member("node", .string(peer.node.description)), member("host", .string(peer.host)),
                member("dialled", .bool(peer.isDialled)), member("feeds", .number(peer.feeds)),
            ]
        case .device(let device):
            [
                member("row", "device"), member("device", .string(device.shown)), member("key", .string(device.device.description)),
                member("certified", .string(Timestamp.utc(device.certified))), member("this", .bool(device.isThis)),
                member("entries", .number(device.entries)), member("last_seen", device.lastSeen.map { .string(Timestamp.utc($0)) } ?? .null),
                member("revoked", device.revoked.map { .string(Timestamp.utc($0)) } ?? .null),
            ]
        case .log(let log):
            [
                member("row", "log"), member("log", .string(log.device.description)), member("entries", .number(log.entries)),
                member("last", .number(Int(clamping: log.last))),
            ]
        case .entry(let entry):
            [
                member("row", "entry"), member("log", .string(entry.header.device.description)), member("seq", .number(Int(clamping: entry.header.seq))),
                member("entry", .string(entry.encoded.base64EncodedString())),
            ]
        case .help(let group, let usage, let summary):
            [
                member("row", "help"), member("group", .string(group.rawValue)), member("usage", .string(usage)),
                member("text", .string(summary)),
            ]
        case .note(let text): [member("row", "note"), member("text", .string(text))]
        }
    }

    /// A post; the same keys always, so that no program has to ask whether one is there.
    static func value(of post: PostView) -> JSONValue {
        [
            "id": .string(post.id.shown),
            "hash": .string(post.id.hash.text),
            "author": .string(post.author.name),
            "key": .string(Fingerprint(post.author.account).description),
            "time": .string(Timestamp.utc(post.created)),
            "text": .string(post.isDeleted ? "" : post.text),
            "reply_to": post.replyTo.map { .string($0.hash.text) } ?? .null,
            "forward": post.forward.map { value(of: $0) } ?? .null,
            "likes": .number(post.likes),
            "deleted": .bool(post.isDeleted),
        ]
    }

    private static func members(of value: Field.Value) -> [JSONValue.Member] {
        switch value {
        case .text(let text): [member("value", .string(text))]
        case .number(let number): [member("value", .number(number))]
        case .id(let id): [member("value", .string(id.shown)), member("hash", .string(id.hash.text))]
        case .users(let users): [member("value", .array(users.map { .string($0.name) }))]
        case .presence(.online): [member("value", .bool(true))]
        case .presence(.lastSeen(let time)): [member("value", .bool(false)), member("last_seen", .string(Timestamp.utc(time)))]
        case .presence(.unknown): [member("value", .null)]
        case .span(let span): [member("value", .number(Int(span.components.seconds)))]
        case .none: [member("value", .null)]
        }
    }
}
