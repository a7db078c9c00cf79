/// A piece of a line in one ink.
package struct Span: Hashable {
    package var text: String
    package var ink: Palette.Ink

    package init(_ text: String, _ ink: Palette.Ink = .plain) {
        self.text = text
        self.ink = ink
    }
}

/// Lines no wider than the screen, broken between words, and inside a word only where it does not fit a line of its own.
package enum Wrap {
    /// - Parameter indent: columns before every line but the first.
    package static func lines(_ spans: [Span], columns: Int, indent: Int, palette: Palette) -> [String] {
        // A terminal too narrow for that does its own wrapping.
        guard columns >= indent + 20 else { return [spans.map { palette.paint($0.text, $0.ink) }.joined()] }
        var lines: [String] = []
        var line = ""
        var width = 0
        /// Whether something stands in the line besides the indent.
        var isEmpty = true
        func breakLine() {
            while !isEmpty, line.last == " " { line.removeLast() }
            lines.append(line)
            line = String(repeating: " ", count: indent)
            width = indent
            isEmpty = true
        }
        func put(_ text: some StringProtocol, _ textWidth: Int, _ ink: Palette.Ink) {
            line += palette.paint(String(text), ink)
            width += textWidth
            isEmpty = false
        }
        for span in spans {
            for piece in pieces(of: span.text) {
                let pieceWidth = DisplayWidth.of(piece)
                if width + pieceWidth <= columns {
                    // A space where a line was broken is not wanted any more.
                    if !(isEmpty && !lines.isEmpty && piece == " ") { put(piece, pieceWidth, span.ink) }
                } else if piece == " " {
                    breakLine()
                } else if pieceWidth <= columns - indent, !isEmpty {
                    breakLine()
                    put(piece, pieceWidth, span.ink)
                } else {
                    var rest = piece[...]
                    while !rest.isEmpty {
                        var room = columns - width
                        let head = rest.prefix {
                            room -= DisplayWidth.of($0)
                            return room >= 0
                        }
                        if head.isEmpty, isEmpty { break }
                        put(head, DisplayWidth.of(head), span.ink)
                        rest = rest[head.endIndex...]
                        if !rest.isEmpty { breakLine() }
                    }
                }
            }
        }
        return lines + [line]
    }

    /// Words, and the spaces between them one by one.
    private static func pieces(of text: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            let piece = first == " " ? rest.prefix(1) : rest.prefix { $0 != " " }
            pieces.append(piece)
            rest = rest[piece.endIndex...]
        }
        return pieces
    }
}
