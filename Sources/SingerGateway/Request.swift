/// A line as a command: `#42 FORWARD m2wd5 worth reading`.
struct Request: Hashable, Sendable {
    /// What the client calls this request; every reply to it carries it.
    var tag: String?
    /// As typed, without the `/` that it may begin with. Empty when a tag stands alone.
    let verb: String
    let arguments: Arguments

    /// Long enough for a UUID or a hash, short enough for a line of its own.
    static let tagBytesMax = 64

    /// `nil` for a blank line. Throws when the tag can't be one.
    init?(_ line: some StringProtocol) throws(Failure) {
        var arguments = Arguments(line)
        guard var verb = arguments.word() else { return nil }
        if verb.hasASCIIPrefix("#") {
            let tag = String(verb.utf8.dropFirst()) ?? ""
            guard (1...Self.tagBytesMax).contains(tag.utf8.count), tag.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                throw Failure(.badParameter, "a tag is # and up to \(Self.tagBytesMax) bytes, then the command: #42 POST hi")
            }
            self.tag = tag
            verb = arguments.word() ?? ""
        }
        if verb.utf8.count > 1, verb.hasASCIIPrefix("/") { verb = String(verb.utf8.dropFirst()) ?? "" }
        self.verb = verb
        self.arguments = arguments
    }
}

extension Request {
    /// The tag of a line that was dropped, if as much of it can be read.
    static func tag(of start: [UInt8]) -> String? {
        let word = start.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.prefix { $0 > UInt8(ascii: " ") }
        guard word.endIndex < start.endIndex, let text = String(validating: word, as: UTF8.self) else { return nil }
        return try? Request(text)?.tag
    }
}

extension String {
    /// Whether the first scalar is `mark`, even where a combining mark follows it.
    fileprivate func hasASCIIPrefix(_ mark: Unicode.Scalar) -> Bool { unicodeScalars.first == mark }
}
