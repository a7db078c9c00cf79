/// Several lines that were pasted into the prompt: they are asked about before anything becomes of them.
package struct PastedText: Hashable {
    package let whole: String
    /// What opens the text at the peer: `POST`, or `REPLY m2wd5`.
    package let opening: String
    package let text: String

    /// The lines of what was pasted, without the end of the last; `nil` for what has no end of a line.
    package static func lines(of entered: String) -> [String]? {
        guard entered.contains(where: \.isNewline) else { return nil }
        var lines = entered.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.count > 1, lines.last == "" { lines.removeLast() }
        return lines
    }

    /// `nil` for a single line.
    package init?(_ line: String) {
        let lines = line.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.count > 1 else { return nil }
        whole = line
        guard let typed = TypedLine(String(lines[0])), typed.verb == "POST" || (typed.verb == "REPLY" && !typed.words.isEmpty) else {
            opening = "POST"
            text = line
            return
        }
        // Pasted behind a command that was typed.
        let first = typed.verb == "POST" ? typed.rest : typed.rest[typed.words[0].endIndex...].drop { $0 == " " }
        opening = typed.verb == "POST" ? "POST" : "REPLY \(typed.words[0])"
        text = ([String(first)] + lines.dropFirst().map(String.init)).joined(separator: "\n")
    }

    package var lineCount: Int { text.split(whereSeparator: \.isNewline).count }
    package var question: String { "\(lineCount) lines were pasted. \(opening == "POST" ? "Post" : "Answer with") them as one post? [y/n/e = edit] " }
}
