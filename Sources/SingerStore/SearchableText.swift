internal import GRDB

/// A text as the index of words takes it. FTS5's `unicode61` makes a word of everything between two spaces or signs: all of a sentence
/// in Chinese, Japanese or Thai, and an emoji with the word that it touches. Here each of these characters stands alone, and what is looked for, made of
/// several, is found as a phrase.
enum SearchableText {
    /// For SQL, where views and triggers name it.
    static let function = DatabaseFunction("searchable", argumentCount: 1, pure: true) { arguments in
        String.fromDatabaseValue(arguments[0]).map { searchable($0) }
    }

    /// As `post_text` was made with.
    static let tokenizer = "unicode61 remove_diacritics 2 categories ''L* N* Co So''"

    static func searchable(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if standsAlone(scalar) { result.append(contentsOf: [" ", scalar, " "]) } else { result.append(scalar) }
        }
        return String(result)
    }

    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0xA0 else { return false }
        return unspaced.contains { $0.contains(scalar.value) } || scalar.properties.generalCategory == .otherSymbol
    }

    /// Scripts that are written without spaces between words.
    private static let unspaced: [ClosedRange<UInt32>] = [
        0x0E00...0x0EFF,  // Thai, Lao
        0x1000...0x109F,  // Myanmar
        0x1780...0x17FF,  // Khmer
        0x3005...0x3007, 0x3021...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9F,  // Hiragana, Katakana
        0x3100...0x312F, 0x31A0...0x31BF,  // Bopomofo
        0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF,  // Han
    ]
}
