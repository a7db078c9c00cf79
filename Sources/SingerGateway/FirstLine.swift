/// What the first line of a client tells about it.
enum FirstLine: Hashable, Sendable {
    /// A browser, made to send a form to a local port: it must not get a word in.
    case http
    case irc
    /// A person or a script.
    case plain

    /// The first byte of a TLS handshake (RFC 8446, section 5.1).
    static let tlsByte: UInt8 = 0x16

    private static let ircVerbs: Set<String> = ["CAP", "NICK", "USER", "PASS", "AUTHENTICATE", "PING", "QUIT"]

    init(_ line: String) {
        var arguments = Arguments(line)
        if Self.isRequest(line) {
            self = .http
        } else if let verb = arguments.word(), verb.hasPrefix("@") || verb.hasPrefix(":") || Self.ircVerbs.contains(verb.asciiUppercased) {
            self = .irc
        } else {
            self = .plain
        }
    }

    /// Whether a line that was dropped for its length may be a request: its end, which would tell, is not here.
    static func mayBeRequest(_ start: [UInt8]) -> Bool {
        let words = start.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: true)
        return words.count == 2 && (words[1].first == UInt8(ascii: "/") || words[1].starts(with: "http".utf8))
    }

    /// Whether this is `METHOD SP target SP HTTP/x` (RFC 9112). The method may be any word: scripts in a page choose theirs.
    private static func isRequest(_ line: String) -> Bool {
        let words = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        guard words.count == 3 else { return false }
        return Substring(words[2]).asciiUppercased.utf8.starts(with: "HTTP/".utf8)
    }
}
