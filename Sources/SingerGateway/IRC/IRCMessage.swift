/// A line of IRC, taken apart: RFC 1459 section 2.3.1, with the tags of IRCv3 message-tags.
struct IRCMessage: Hashable, Sendable {
    struct Tag: Hashable, Sendable {
        let key: String
        /// `nil` when there is no `=`.
        let value: String?

        init(_ key: String, _ value: String? = nil) {
            self.key = key
            self.value = value
        }
    }

    /// Why a line can't be a message.
    enum Objection: Error, Hashable, Sendable {
        case empty
        /// The tags, or the rest of the line, are over their limit.
        case tooLong
    }

    /// The line without its tags, without CRLF.
    static let bytesMax = 510
    /// What a client's tags may take, with the `@` before and the space after them.
    static let clientTagsBytesMax = 4_096
    /// RFC 1459 allows 15.
    static let parametersMax = 15

    let tags: [Tag]
    let source: String?
    /// As typed.
    let command: String
    let parameters: [String]
    /// The command in upper case.
    let verb: String

    init(tags: [Tag] = [], source: String? = nil, command: String, parameters: [String] = []) {
        self.tags = tags
        self.source = source
        self.command = command
        self.parameters = parameters
        verb = command.asciiUppercased
    }

    /// Parses a line that has no line ending.
    ///
    /// - Parameter bytesMax: for the part after the tags; `nil`: any length.
    init(parsing line: String, bytesMax: Int? = IRCMessage.bytesMax) throws(Objection) {
        // Neither can stand in a line of IRC; what a client sends of them must not reach another one.
        var line = line.utf8.contains { $0 == 0 || $0 == 13 } ? line.withoutNULAndCR : line
        let parsed: Result<Self, Objection> = line.withUTF8 { bytes in
            do throws(Objection) {
                return .success(try Self(bytes, bytesMax: bytesMax))
            } catch {
                return .failure(error)
            }
        }
        self = try parsed.get()
    }

    /// Works on bytes: all that parts a line is ASCII.
    private init(_ bytes: UnsafeBufferPointer<UInt8>, bytesMax: Int?) throws(Objection) {
        var words = Words(bytes)
        var tags: [Tag] = []
        if words.first == UInt8(ascii: "@") {
            let word = words.next()
            guard word.count + 1 <= Self.clientTagsBytesMax else { throw .tooLong }
            tags = Self.tags(Substring(decoding: word.dropFirst(), as: UTF8.self))
        }
        if let bytesMax, words.rest.count > bytesMax { throw .tooLong }
        source = words.first == UInt8(ascii: ":") ? String(decoding: words.next().dropFirst(), as: UTF8.self) : nil
        command = String(decoding: words.next(), as: UTF8.self)
        guard !command.isEmpty else { throw .empty }
        var parameters: [String] = []
        while let first = words.first {
            if first == UInt8(ascii: ":") || parameters.count == Self.parametersMax - 1 {
                parameters.append(String(decoding: first == UInt8(ascii: ":") ? words.rest.dropFirst() : words.rest, as: UTF8.self))
                break
            }
            parameters.append(String(decoding: words.next(), as: UTF8.self))
        }
        self.tags = tags
        self.parameters = parameters
        verb = command.asciiUppercased
    }

    /// The words of a line, one after the other.
    private struct Words {
        /// Without the spaces that it began with.
        private(set) var rest: Slice<UnsafeBufferPointer<UInt8>>

        init(_ line: UnsafeBufferPointer<UInt8>) {
            rest = line[...].drop { $0 == UInt8(ascii: " ") }
        }

        var first: UInt8? { rest.first }

        /// Takes the first word, and the spaces after it.
        mutating func next() -> Slice<UnsafeBufferPointer<UInt8>> {
            let word = rest.prefix { $0 != UInt8(ascii: " ") }
            rest = rest[word.endIndex...].drop { $0 == UInt8(ascii: " ") }
            return word
        }
    }

    func tag(_ key: String) -> Tag? { tags.first { $0.key == key } }

    /// The tags that clients send to clients.
    var clientTags: [Tag] { tags.filter { $0.key.utf8.first == UInt8(ascii: "+") } }

    private static func tags(_ text: Substring) -> [Tag] {
        var tags: [Tag] = []
        var indexes: [String: Int] = [:]
        for part in text.utf8.split(separator: UInt8(ascii: ";")) {
            let pair = Substring(part)
            let equals = pair.utf8.firstIndex(of: UInt8(ascii: "="))
            let key = String(pair[..<(equals ?? pair.endIndex)])
            guard !key.isEmpty else { continue }
            let value = equals.map { unescape(pair[pair.utf8.index(after: $0)...]) }
            // The last of those with the same key counts.
            if let index = indexes[key] {
                tags[index] = Tag(key, value)
            } else {
                indexes[key] = tags.count
                tags.append(Tag(key, value))
            }
        }
        return tags
    }

    static func unescape(_ value: Substring) -> String {
        guard value.utf8.contains(UInt8(ascii: "\\")) else { return String(value) }
        var out: [UInt8] = []
        var isEscaped = false
        for byte in value.utf8 {
            if isEscaped {
                isEscaped = false
                switch byte {
                case UInt8(ascii: ":"): out.append(UInt8(ascii: ";"))
                case UInt8(ascii: "s"): out.append(UInt8(ascii: " "))
                case UInt8(ascii: "r"): out.append(13)
                case UInt8(ascii: "n"): out.append(10)
                default: out.append(byte)
                }
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func escape(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "\\") || $0 <= 32 }) else { return value }
        var out: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: ";"): out += Array("\\:".utf8)
            case UInt8(ascii: " "): out += Array("\\s".utf8)
            case UInt8(ascii: "\\"): out += Array("\\\\".utf8)
            case 13: out += Array("\\r".utf8)
            case 10: out += Array("\\n".utf8)
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension String {
    fileprivate var withoutNULAndCR: String { String(decoding: utf8.filter { $0 != 0 && $0 != 13 }, as: UTF8.self) }

    /// The longest beginning of at most that many bytes that cuts no character's encoding.
    func prefix(bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: Swift.max(0, bytes))
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }

    /// `A`–`Z` as `a`–`z` and nothing else changed: CASEMAPPING=ascii.
    var ircFolded: String {
        guard utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return self }
        return String(decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
