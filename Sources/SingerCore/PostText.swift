@_spi(_Unicode) private import Swift

/// The text of a post, a comment or a profile field: normalised (NFC), bounded, and free of control characters.
public struct PostText: Hashable, Sendable {
    public let string: String

    public enum Objection: Error, Hashable, Sendable {
        case empty
        case tooLong(bytes: Int, max: Int)
        case controlCharacter(UInt32)
    }

    /// Normalises what a person typed: NFC, tabs as spaces, line ends as newlines, no blank space around it.
    public init(typed: some StringProtocol, bytesMax: Int = Limits.textBytesMax) throws(Objection) {
        let trimmed = (typed.isPlainASCII ? String(typed) : Self.normalised(typed: typed)).drop(while: \.isBlank)
        let end = trimmed.lastIndex(where: { !$0.isBlank }).map(trimmed.index(after:)) ?? trimmed.startIndex
        try self.init(canonical: String(trimmed[..<end]), bytesMax: bytesMax)
        guard string.unicodeScalars.contains(where: { !$0.properties.isWhitespace && !$0.properties.isDefaultIgnorableCodePoint }) else { throw .empty }
    }

    private static func normalised(typed: some StringProtocol) -> String {
        var text = ""
        for character in typed {
            switch character {
            case "\r\n", "\r": text.append("\n")
            case "\t": text.append(" ")
            default: text.append(character)
            }
        }
        return text.normalised
    }

    /// Takes text that must already be as `init(typed:)` leaves it; may be empty.
    public init(canonical text: String, bytesMax: Int = Limits.textBytesMax) throws(Objection) {
        let bytes = text.utf8.count
        guard bytes <= bytesMax else { throw .tooLong(bytes: bytes, max: bytesMax) }
        for scalar in text.isPlainASCII ? "".unicodeScalars : text.unicodeScalars where scalar.properties.generalCategory == .control && scalar != "\n" {
            throw .controlCharacter(scalar.value)
        }
        self.string = text
    }

    /// Whether there is nothing to see.
    var isBlank: Bool { string.allSatisfy(\.isBlank) }

    /// Whether the text is in Normalization Form C, as an entry must have it.
    var isNormalised: Bool { string.isPlainASCII || string.utf8.elementsEqual(string.normalised.utf8) }

    /// The folded names mentioned as `@name`, each once, in order.
    public var mentions: [String] { Self.words(of: string, after: "@").filter { Username($0) != nil } }

    /// The folded hashtags, each once, in order, without the `#`.
    public var hashtags: [String] { Self.words(of: string, after: "#") }

    private static func words(of text: String, after mark: Character) -> [String] {
        var found: [String] = []
        for range in text.words(after: mark) {
            let folded = text[range].dropFirst().lowercased()
            if !found.contains(folded) { found.append(folded) }
        }
        return found
    }
}

extension String {
    /// Where a mark and a word stand, `@name` or `#tag`: not behind a letter or a number, and as far as the word goes.
    public func words(after mark: Character) -> [Range<String.Index>] {
        // Most texts have none, which is seen at once in contiguous bytes.
        guard let ascii = mark.asciiValue, utf8.withContiguousStorageIfAvailable({ $0.contains(ascii) }) ?? true else { return [] }
        var found: [Range<String.Index>] = []
        var previous: Character = " "
        var index = startIndex
        while index < endIndex {
            let (start, character) = (index, self[index])
            formIndex(after: &index)
            if character == mark, !(previous.isLetter || previous.isNumber) {
                let word = self[index...].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
                if !word.isEmpty { found.append(start..<word.endIndex) }
            }
            previous = character
        }
        return found
    }

    /// Normalization Form C (Unicode Standard Annex #15).
    var normalised: String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: _nfc)
        return String(scalars)
    }
}

extension Character {
    /// A space with a mark over it is none.
    fileprivate var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}

extension StringProtocol {
    /// Whether there is nothing but printable ASCII: normalised as it stands, and most of what is written.
    fileprivate var isPlainASCII: Bool {
        utf8.withContiguousStorageIfAvailable { $0.allSatisfy { (0x20..<0x7F).contains($0) } } ?? utf8.allSatisfy { (0x20..<0x7F).contains($0) }
    }

    /// The text with U+FFFD for everything that could drive a terminal. Newlines are the caller's to deal with.
    public var withoutTerminalControls: String {
        if isPlainASCII || !unicodeScalars.contains(where: \.drivesTerminals) { return String(self) }
        var out = String.UnicodeScalarView()
        for scalar in unicodeScalars { out.append(scalar.drivesTerminals ? "\u{FFFD}" : scalar) }
        return String(out)
    }
}

extension Unicode.Scalar {
    /// Whether it could drive a terminal, or end a line there: control characters but the newline, bidirectional overrides, line separators.
    public var drivesTerminals: Bool {
        switch value {
        case 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: true
        default: false
        }
    }
}
