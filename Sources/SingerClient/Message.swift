/// A line of a peer that speaks JSON.
///
/// At a terminal the client speaks JSON and not plain text: who wrote, what is forwarded and when it was are then fields, which no
/// text of anybody can imitate, and times can be shown in the time zone of whoever reads.
package enum Message: Hashable {
    case row(Row, tag: String?)
    case done(Done, tag: String?)
    case failed(code: String, text: String, tag: String?)
    case pushed(Event)

    package enum Row: Hashable {
        case post(Post)
        case user(String)
        case field(name: String, value: String)
        case help(usage: String, text: String)
        case note(String)
        /// Of a kind that this client does not know.
        case other(String)
    }

    package struct Done: Hashable {
        package let word: String
        package let value: JSONValue
    }

    package enum Event: Hashable {
        case post(Post)
        case deleted(id: String)
        case like(user: String, id: String)
        case about(user: String, Change)
        case notice(String)
        case other(String)

        package enum Change: String {
            case follow
            case unfollow
            case online
            case offline
        }
    }

    /// `nil` if the line is not a peer's.
    package init?(_ line: String) {
        guard let value = JSONValue(line), case .object = value else { return nil }
        let tag = value["tag"]?.string
        if let word = value["ok"]?.string {
            self = .done(Done(word: word, value: value), tag: tag)
        } else if let code = value["error"]?.string {
            self = .failed(code: code, text: value["text"]?.string ?? "", tag: tag)
        } else if let row = value["row"]?.string {
            self = .row(Row(row, value), tag: tag)
        } else if let event = value["event"]?.string {
            self = .pushed(Event(event, value))
        } else {
            return nil
        }
    }

    /// What stands beside the names that are known, for what is not.
    fileprivate static func rest(of value: JSONValue, without keys: Set<String>) -> String {
        guard case .object(let members) = value else { return "" }
        return members.filter { !keys.contains($0.key) }.map { "\($0.key) \($0.value.words)" }.joined(separator: ", ")
    }
}

extension Message.Row {
    fileprivate init(_ kind: String, _ value: JSONValue) {
        switch kind {
        case "post":
            self = value["post"].flatMap(Post.init).map(Self.post) ?? .other("?")
        case "user": self = .user(value["user"]?.string ?? "?")
        case "field":
            let seen = value["last_seen"]?.string.map { ", last seen \(LocalTime($0)?.text ?? $0)" } ?? ""
            self = .field(name: value["field"]?.string ?? "", value: (value["value"]?.words ?? "-") + seen)
        case "help": self = .help(usage: value["usage"]?.string ?? "", text: value["text"]?.string ?? "")
        case "note": self = .note(value["text"]?.string ?? "")
        case "device": self = .other(Self.device(value))
        case "peer":
            let feeds = value["feeds"]?.int ?? 0
            let way = value["dialled"]?.isTrue == true ? "dialled" : "accepted"
            self = .other("\(value["host"]?.string ?? "-") \(value["node"]?.string ?? "?") \(way), \(feeds) \(feeds == 1 ? "feed" : "feeds")")
        default: self = .other(Message.rest(of: value, without: ["row", "tag"]))
        }
    }
}

extension Message.Row {
    /// `8185d883 since 2026-11-29 22:43:49, 3 entries, last seen 2026-11-29 22:44:00, this one`
    private static func device(_ value: JSONValue) -> String {
        func time(_ key: String) -> String? { value[key]?.string.map { LocalTime($0)?.text ?? $0 } }
        let entries = value["entries"]?.int ?? 0
        var parts = ["\(value["device"]?.string ?? "?") since \(time("certified") ?? "?")", "\(entries) \(entries == 1 ? "entry" : "entries")"]
        parts.append(time("last_seen").map { "last seen \($0)" } ?? "never seen")
        if let revoked = time("revoked") { parts.append("revoked \(revoked)") }
        if value["this"]?.isTrue == true { parts.append("this one") }
        return parts.joined(separator: ", ")
    }
}

extension Message.Event {
    fileprivate init(_ kind: String, _ value: JSONValue) {
        let user = value["user"]?.string ?? "?"
        let id = value["id"]?.string ?? "?"
        switch kind {
        case "post": self = value["post"].flatMap(Post.init).map(Self.post) ?? .other("?")
        case "deleted": self = .deleted(id: id)
        case "like": self = .like(user: user, id: id)
        case "held":
            let peers = value["peers"]?.int ?? 0
            self = .other("[\(id)] is held by \(peers) other \(peers == 1 ? "peer" : "peers")")
        case "notice": self = .notice(value["text"]?.string ?? "")
        default:
            if let change = Change(rawValue: kind) {
                self = .about(user: user, change)
            } else {
                self = .other(kind + " " + Message.rest(of: value, without: ["event"]))
            }
        }
    }
}

extension Message.Done {
    /// Of a new account, made up by the peer.
    package var passphrase: String? { value["passphrase"]?.string }

    /// `following diogo`, `posted [k7f3q]`, `2 posts`: what the peer would say in plain text.
    package var words: String {
        switch word {
        case "done": return ""
        case "registered", "logged in":
            let unseen = value["unseen"]?.int ?? 0
            let more = unseen > 0 ? "; \(unseen) \(unseen == 1 ? "post" : "posts") since you left" : ""
            let rest = Message.rest(of: value, without: ["ok", "tag", "user", "key", "unseen", "passphrase"])
            let name = value["user"]?.string ?? "?"
            return "\(word == "registered" ? word : word + " as") \(name), key \(value["key"]?.string ?? "?")\(more)\(rest.isEmpty ? "" : ", " + rest)"
        case "receipts": return "receipts \(value["receipts"]?.string ?? "?")"
        case "profile set", "profile removed": return "profile \(value["field"]?.string ?? "?") \(word == "profile set" ? "set" : "removed")"
        case "revoked": return "revoked \(value["device"]?.string ?? "?")\(value["this"]?.isTrue == true ? ", this one" : "")"
        default:
            if let count = value["count"]?.int {
                let noun = count == 1 && word.hasSuffix("s") ? String(word.dropLast()) : word
                return "\(count) \(noun)"
            }
            if let id = value["id"]?.string { return "\(word) [\(id)]" }
            if let user = value["user"]?.string { return "\(word) \(user)" }
            if let token = value["token"]?.string { return token.isEmpty ? word : "\(word) \(token)" }
            let rest = Message.rest(of: value, without: ["ok", "tag"])
            return rest.isEmpty ? word : "\(word) \(rest)"
        }
    }
}
