/// The two passphrases of a PASSWD, as a peer cuts them: the old one is a word, or stands between quotation marks, and the new one is
/// the rest of the line.
package struct PassphraseChange: Hashable {
    package let old: String
    package let new: String

    package init(old: String, new: String) {
        self.old = old
        self.new = new
    }

    /// - Parameter rest: what stands behind PASSWD. `nil` if that are not two passphrases.
    package init?(_ rest: some StringProtocol) {
        let rest = Self.withoutLeadingBlanks(rest.utf8[...])
        let quote = UInt8(ascii: "\"")
        var old = rest.prefix { !Self.isBlank($0) }
        var end = old.endIndex
        if rest.first == quote, let close = rest.dropFirst().firstIndex(of: quote) {
            let after = rest.index(after: close)
            if after == rest.endIndex || Self.isBlank(rest[after]) {
                old = rest.dropFirst()[..<close]
                end = after
            }
        }
        let new = Self.withoutLeadingBlanks(rest[end...])
        guard !rest.isEmpty, !new.isEmpty else { return nil }
        self.init(old: String(decoding: old, as: UTF8.self), new: String(decoding: new, as: UTF8.self))
    }

    /// `nil` when no line says it: an old passphrase with both spaces and quotation marks, say.
    package var command: String? {
        for old in [old, "\"\(old)\""] where PassphraseChange("\(old) \(new)") == self { return "PASSWD \(old) \(new)" }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func withoutLeadingBlanks<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence { bytes.drop(while: isBlank) }
}
