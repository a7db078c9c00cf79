extension EntryID {
    /// All 52 characters of the id, as they are typed.
    public var text: String { Base32.encode(bytes) }

    /// The first characters of the id.
    public func prefix(_ characters: Int) -> String { String(Base32.encode(bytes.prefix((characters * 5 + 7) / 8)).prefix(characters)) }

    /// How many of the first characters of two ids are the same.
    public func charactersShared(with other: EntryID) -> Int { self == other ? 52 : bitsShared(with: other) / 5 }
}

/// What a person types for an id: its first characters, four or more.
public struct EntryIDPrefix: Hashable, Sendable {
    /// Lowercase.
    public let text: String
    /// The lowest and the highest hash that begin so; both are included.
    public let lowest: EntryID
    public let highest: EntryID

    /// `nil` if this can't begin an id: too short, too long, or a character that no id has.
    public init?(_ typed: some StringProtocol) {
        guard (Limits.idCharactersMin...52).contains(typed.utf8.count), let values = Base32.values(of: typed) else { return nil }
        guard let lowest = Self.fill(values, with: 0), let highest = Self.fill(values, with: 31) else { return nil }
        self.text = typed.lowercased()
        self.lowest = lowest
        self.highest = highest
    }

    /// 52 characters carry 260 bits: the last four must not count.
    private static func fill(_ values: [UInt8], with rest: UInt8) -> EntryID? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for index in 0..<52 {
            buffer = (buffer << 5 | UInt32(index < values.count ? values[index] : rest)) & 0xfff
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return EntryID(bytes)
    }
}
