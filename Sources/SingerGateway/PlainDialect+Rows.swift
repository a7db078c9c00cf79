internal import Foundation
internal import SingerCore
internal import SingerNode

extension PlainDialect {
    /// Of the column that HELP shows commands in.
    private static let usageCharacters = 34

    static func text(of row: Row) -> String {
        switch row {
        case .post(let post): text(of: post)
        case .user(let user): user.name
        case .field(let field):
            field.name + " " + text(of: field.value)
        case .peer(let peer):
            "\(host(of: peer)) \(peer.node) \(peer.isDialled ? "dialled" : "accepted"), \(peer.feeds) \(peer.feeds == 1 ? "feed" : "feeds")"
        case .device(let device): text(of: device)
        case .log(let log): "\(log.device) \(log.entries) \(log.entries == 1 ? "entry" : "entries"), last \(log.last)"
        case .entry(let entry): entry.encoded.base64EncodedString()
        case .help(_, let usage, let summary):
            "  " + usage + String(repeating: " ", count: max(2, usageCharacters - usage.count)) + summary
        case .note(let text): text
        }
    }

    private static func text(of device: DeviceView) -> String {
        var parts = [
            "\(device.shown) since \(Timestamp.local(device.certified))", "\(device.entries) \(device.entries == 1 ? "entry" : "entries")",
            device.lastSeen.map { "last seen \(Timestamp.local($0))" } ?? "never seen",
        ]
        if let revoked = device.revoked { parts.append("revoked \(Timestamp.local(revoked))") }
        if device.isThis { parts.append("this one") }
        return parts.joined(separator: ", ")
    }

    /// A post as it stands in rows and pushes: `2022-12-11 10:56:05 <diogo> Hello [m2wd5]`.
    static func text(of post: PostView) -> String {
        let (text, id) = post.words
        return "\(Timestamp.local(post.created)) <\(post.author.name)> \(text) [\(id)]"
    }

    private static func text(of value: Field.Value) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): String(number)
        case .id(let id): id.shown
        case .users(let users): users.map(\.name).joined(separator: ", ")
        case .presence(.online): "yes"
        case .presence(.lastSeen(let time)): "no, last seen \(Timestamp.local(time))"
        case .presence(.unknown): "unknown"
        case .span(let span): text(of: span)
        case .none: "-"
        }
    }

    /// `3d 4h 5m`, from the largest unit that counts; seconds within the first minute.
    private static func text(of span: Duration) -> String {
        let seconds = max(0, span.components.seconds)
        guard seconds >= 60 else { return "\(seconds)s" }
        let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m")]
        return parts.drop { $0.0 == 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    private static func host(of peer: Node.PeerView) -> String { peer.host.isEmpty ? "-" : peer.host }
}
