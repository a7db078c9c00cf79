/// A name as its owner writes it. Two names are the same when they differ in case only.
public struct Username: Hashable, Sendable {
    /// As written: `Andre`.
    public let text: String
    /// As compared: `andre`.
    public let folded: String

    /// Names that mean something else in the interface.
    public static let reserved: Set<String> = ["home", "mentions", "public", "singer", "server", "root", "admin"]

    /// `nil` unless it is 1–24 characters: an ASCII letter, then letters, digits, `_` or `-`; and not reserved.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard (1...Limits.nameCharactersMax).contains(bytes.count), Self.isLetter(bytes[0]) else { return nil }
        guard bytes.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }) else {
            return nil
        }
        self.text = String(text)
        self.folded = text.lowercased()
        guard !Self.reserved.contains(folded) else { return nil }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    public static func == (a: Username, b: Username) -> Bool { a.folded == b.folded }

    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}

extension Username: CustomStringConvertible {
    public var description: String { text }
}

/// How a person writes whom they mean: a name, or a name with the beginning of a fingerprint where two keys claim it (`alice~k7q2`).
public struct UserReference: Hashable, Sendable {
    public let name: Username
    /// Lowercase base32, or `nil` for whoever is pinned under the name.
    public let mark: String?

    public init?(_ typed: some StringProtocol) {
        let typed = typed.hasPrefix("@") ? typed.dropFirst() : typed[...]
        let parts = typed.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Username(parts[0]) else { return nil }
        self.name = name
        if parts.count == 2 {
            guard (4...52).contains(parts[1].utf8.count), Base32.values(of: parts[1]) != nil else { return nil }
            self.mark = parts[1].lowercased()
        } else {
            self.mark = nil
        }
    }
}
