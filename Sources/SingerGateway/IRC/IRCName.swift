/// What may be a nick, a channel or a key, and what a mask matches.
enum IRCName {
    /// The nick of the one who answers commands.
    static let service = "singer"

    /// RFC 2812, section 2.3.1; no more than an account's name may have.
    static func isNick(_ text: String) -> Bool {
        guard (1...IRCLimits.nickBytesMax).contains(text.utf8.count), let first = text.utf8.first, isNickByte(first) else { return false }
        return text.utf8.allSatisfy { isNickByte($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// An ordinary channel.
    static func isChannel(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "#") && (2...IRCLimits.channelBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ":") }
    }

    static func isView(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "&") }

    static func isMetadataKey(_ text: String) -> Bool {
        (1...IRCLimits.metadataKeyBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
            }
    }

    /// The ident of a guest: what of it can stand in a source.
    static func userName(_ typed: String) -> String {
        let bytes = typed.utf8.filter { isNickByte($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        let name = String(decoding: bytes, as: UTF8.self).prefix(bytes: IRCLimits.userBytesMax)
        return name.isEmpty ? "guest" : name
    }

    static func isMask(_ text: String) -> Bool { text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") } }

    /// `*` and `?`, without regard to case. Takes time in proportion to both lengths, whatever the mask.
    static func matches(_ text: String, mask: String) -> Bool {
        let text = Array(text.ircFolded.utf8)
        let mask = Array(mask.ircFolded.utf8)
        var t = 0
        var m = 0
        var star: (mask: Int, text: Int)?
        while t < text.count {
            if m < mask.count, mask[m] == UInt8(ascii: "*") {
                star = (m, t)
                m += 1
            } else if m < mask.count, mask[m] == UInt8(ascii: "?") || mask[m] == text[t] {
                m += 1
                t += 1
            } else if let last = star {
                m = last.mask + 1
                t = last.text + 1
                star = (last.mask, t)
            } else {
                return false
            }
        }
        return mask[m...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNickByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "}")).contains(byte)
    }
}
