internal import SingerCore

/// A line as a person or a script gives it: `#42 /forward m2wd5 worth reading`. The peer decides what it means; here is only what
/// the client must know before it sends it.
package struct TypedLine: Hashable {
    /// With its `#`; empty if there is none.
    package let tag: String
    /// In upper case, without the `/` that it may begin with.
    package let verb: String
    /// What stands behind the verb.
    package let rest: Substring

    /// `nil` for a blank line, to which a peer gives no reply.
    package init?(_ line: String) {
        var line = line[...].drop(while: Self.isSpace)
        func word() -> Substring {
            let word = line.prefix { !Self.isSpace($0) }
            line = line[word.endIndex...].drop(while: Self.isSpace)
            return word
        }
        guard !line.isEmpty else { return nil }
        var verb = word()
        var tag = ""
        if verb.hasPrefix("#") {
            tag = String(verb)
            verb = word()
        }
        if verb.count > 1, verb.hasPrefix("/") { verb = verb.dropFirst() }
        self.tag = tag
        self.verb = verb.uppercased()
        while let last = line.last, Self.isSpace(last) { line.removeLast() }
        rest = line
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }

    /// The words behind the verb.
    package var words: [Substring] { rest.split(whereSeparator: Self.isSpace) }

    /// Whether a text of several lines follows, up to a single dot: `POST`, `REPLY m2wd5`, `IMPORT`.
    package var opensText: Bool {
        switch verb {
        case "POST", "IMPORT": rest.isEmpty
        case "REPLY": words.count == 1
        default: false
        }
    }

    /// Whether the text is to be read from standard input: `POST -`, `REPLY m2wd5 -`.
    package var wantsStandardInput: Bool {
        switch verb {
        case "POST": rest == "-"
        case "REPLY": words.count == 2 && words[1] == "-"
        default: false
        }
    }

    /// The same without the `-`: what opens the text.
    package var opening: String {
        let words = [tag, verb] + (wantsStandardInput ? words.dropLast() : words).map(String.init)
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Commands that carry a passphrase.
    package static let secretVerbs: Set<String> = ["LOGIN", "REGISTER", "PASSWD", "IDENTITY", "ADOPT", "PASS", "OPER", "AUTHENTICATE"]

    /// Whether a passphrase may stand in it, so that it is never written down.
    ///
    /// A verb that is almost one of those counts too: `LOGN andre correct-horse` is a passphrase all the same.
    package var isSecret: Bool { Self.secretVerbs.contains { Self.isNear(verb, $0) } }

    /// Whether a letter or two separate the words.
    static func isNear(_ a: String, _ b: String) -> Bool {
        if a == b { return true }
        // Among short verbs POST would be as near to PASS as a typo.
        let (shorter, longer) = (min(a.utf8.count, b.utf8.count), max(a.utf8.count, b.utf8.count))
        let slips = longer < 5 ? 0 : shorter < 5 ? 1 : 2
        return longer - shorter <= slips && editDistance(a, b) <= slips
    }
}
