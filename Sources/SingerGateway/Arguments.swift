internal import SingerCore

/// The words of a line. Spaces and tabs part them; what is left when enough words were taken is the last argument.
///
/// Works on bytes, not on characters: a space that a combining mark follows still parts words.
struct Arguments: Hashable, Sendable {
    /// What was not yet taken, without blanks before it.
    private(set) var rest: Substring

    init(_ text: some StringProtocol) {
        rest = Substring(text).withoutLeadingBlanks
    }

    var isEmpty: Bool { rest.isEmpty }

    /// The rest without blanks around it.
    var text: String { String(rest.withoutTrailingBlanks) }

    /// How many words are left.
    var count: Int { rest.utf8.split(whereSeparator: \.isBlank).count }

    /// Takes the next word.
    mutating func word() -> String? {
        guard !rest.isEmpty else { return nil }
        let end = rest.utf8.firstIndex(where: \.isBlank) ?? rest.endIndex
        defer { rest = rest[end...].withoutLeadingBlanks }
        return String(rest[..<end])
    }

    /// How many rows a word asks for.
    static func rowCount(_ word: String) throws(Failure) -> Int {
        guard let count = Int(word), (1...Limits.rowsMax).contains(count) else {
            throw Failure(.badParameter, "\(Failure.quote(word)) can't be a count: 1 to \(Limits.rowsMax)")
        }
        return count
    }

    /// What the words say of a piece of a list: `[count] [BEFORE id]`, `[count] [AFTER n]`.
    ///
    /// - Parameter value: what belongs after the keyword, in words: `an id`.
    func page(_ keyword: String, _ value: String) throws(Failure) -> (count: Int?, bound: String?) {
        var arguments = self
        guard var word = arguments.word() else { return (nil, nil) }
        var count: Int?
        if word.asciiUppercased != keyword {
            count = try Self.rowCount(word)
            guard let next = arguments.word() else { return (count, nil) }
            word = next
        }
        guard word.asciiUppercased == keyword else {
            throw Failure(.badParameter, "\(Failure.quote(word)) is not understood here; after the count may come \(keyword) and \(value)")
        }
        guard let bound = arguments.word() else { throw Failure(.needMoreParameters, "\(value) belongs after \(keyword)") }
        guard arguments.isEmpty else {
            throw Failure(.badParameter, "\(Failure.quote(arguments.rest)) is not understood here; nothing may come after \(keyword) and \(value)")
        }
        return (count, bound)
    }

    /// Takes the next word, or what stands between two `"` when it begins with one that is closed: for what may hold spaces
    /// and yet is not the last argument.
    mutating func quotedWord() -> String? {
        let quote = UInt8(ascii: "\"")
        guard rest.utf8.first == quote else { return word() }
        let inside = rest.utf8.dropFirst()
        guard let end = inside.firstIndex(of: quote) else { return word() }
        let after = rest[rest.utf8.index(after: end)...]
        guard after.utf8.first.map(\.isBlank) ?? true else { return word() }
        defer { rest = after.withoutLeadingBlanks }
        return String(rest[inside.startIndex..<end])
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension Substring {
    fileprivate var withoutLeadingBlanks: Substring {
        self[(utf8.firstIndex { !$0.isBlank } ?? endIndex)...]
    }

    fileprivate var withoutTrailingBlanks: Substring {
        guard let last = utf8.lastIndex(where: { !$0.isBlank }) else { return self[endIndex...] }
        return self[..<utf8.index(after: last)]
    }
}

extension StringProtocol {
    /// The text with `a`–`z` as `A`–`Z` and nothing else changed: verbs are ASCII, whatever the locale.
    var asciiUppercased: String {
        guard utf8.contains(where: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else { return String(self) }
        return String(decoding: utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 0x20 : $0 }, as: UTF8.self)
    }
}
