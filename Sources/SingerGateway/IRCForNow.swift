/// What IRC clients are told by a version that does not serve them: they are recognised, answered in their own protocol, and
/// not left to wonder. PING works, as monitors use it.
struct IRCForNow {
    struct Answer: Hashable, Sendable {
        /// Without its CRLF; `nil` for a blank line.
        let line: String?
        let closes: Bool
    }

    let serverName: String

    func answer(to item: LineDecoder.Item) -> Answer {
        switch item {
        case .line(let line): answer(toLine: line)
        case .tooLong: Answer(line: ":\(serverName) 417 * :Input line was too long", closes: false)
        case .invalidUTF8: Answer(line: ":\(serverName) FAIL * INVALID_UTF8 :Lines are UTF-8; this one was dropped", closes: false)
        }
    }

    /// The last line before the connection is closed by this side.
    static func farewell(_ reason: String) -> String { "ERROR :\(reason)" }

    private func answer(toLine line: String) -> Answer {
        var arguments = Arguments(line)
        guard var verb = arguments.word() else { return Answer(line: nil, closes: false) }
        // Tags, then the source (RFC 1459, section 2.3.1; IRCv3 message-tags).
        if verb.utf8.first == UInt8(ascii: "@") { verb = arguments.word() ?? "" }
        if verb.utf8.first == UInt8(ascii: ":") { verb = arguments.word() ?? "" }
        switch verb.asciiUppercased {
        case "PING":
            let token = arguments.text
            let bare = token.utf8.first == UInt8(ascii: ":") ? String(token.unicodeScalars.dropFirst()) : token
            return Answer(line: PlainDialect.safe(":\(serverName) PONG \(serverName) :\(bare)"), closes: false)
        case "QUIT":
            return Answer(line: Self.farewell("Bye"), closes: true)
        default:
            return Answer(line: Self.farewell("IRC is not served by this version of Singer. Type HELP in nc or telnet instead."), closes: true)
        }
    }
}
