internal import SingerCore

/// A post as a peer sends it.
package struct Post: Hashable {
    package var id: String
    package var hash: String
    package var author: String
    /// RFC 3339, in UTC.
    package var time: String
    package var text: String
    /// The whole id of the post that this answers.
    package var replyTo: String?
    package var original: Original?
    package var isDeleted: Bool

    /// What a forward carries.
    package struct Original: Hashable {
        package var id: String
        package var author: String
        package var text: String
        package var isDeleted: Bool
    }

    package init(
        id: String, hash: String, author: String, time: String, text: String, replyTo: String? = nil, original: Original? = nil, isDeleted: Bool = false
    ) {
        self.id = id
        self.hash = hash
        self.author = author
        self.time = time
        self.text = text
        self.replyTo = replyTo
        self.original = original
        self.isDeleted = isDeleted
    }

    /// `nil` when something is missing that every post has.
    package init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, let hash = value["hash"]?.string, let author = value["author"]?.string,
            let time = value["time"]?.string, let text = value["text"]?.string
        else { return nil }
        self.init(
            id: id, hash: hash, author: author, time: time, text: text, replyTo: value["reply_to"]?.string,
            original: value["forward"].flatMap(Original.init), isDeleted: value["deleted"]?.isTrue ?? false)
    }

    /// `k7f3q`, or with what it answers or forwards, `bb3xy>k7f3q`.
    package var reference: String {
        if let original { return "\(id)>\(original.id)" }
        if let replyTo { return "\(id)>\(replyTo.prefix(id.count))" }
        return id
    }

    /// Whether `@name` stands in it.
    package func mentions(_ name: String) -> Bool { !Self.mentions(of: name, in: text).isEmpty }

    /// Where `@name` stands in a text, in any case: as a peer finds it.
    package static func mentions(of name: String, in text: String) -> [Range<String.Index>] {
        text.words(after: "@").filter { text[$0].dropFirst().lowercased() == name.lowercased() }
    }
}

extension Post.Original {
    fileprivate init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, let author = value["author"]?.string, let text = value["text"]?.string else { return nil }
        self.init(id: id, author: author, text: text, isDeleted: value["deleted"]?.isTrue ?? false)
    }
}
