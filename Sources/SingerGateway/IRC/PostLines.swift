internal import SingerCore

/// Texts of posts as lines of IRC.
enum PostLines {
    /// Lines of a text, each of at most that many bytes, split at words where there are any. Pieces of one line follow each other
    /// as continued; put together they are the line.
    static func lines(_ text: String, bytesMax: Int) -> [IRCHistoryItem.Line] {
        if text.utf8.count <= bytesMax, !text.utf8.contains(UInt8(ascii: "\n")) { return [IRCHistoryItem.Line(text: text)] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            split(String(line), bytesMax: bytesMax).enumerated().map { IRCHistoryItem.Line(text: $1, isContinued: $0 > 0) }
        }
    }

    /// Pieces of at most that many bytes. The space at which a line is split stays at the end of the piece before it.
    static func split(_ line: String, bytesMax: Int) -> [String] {
        var pieces: [String] = []
        var rest = line
        while rest.utf8.count > bytesMax {
            var head = rest.prefix(bytes: bytesMax)
            if let space = head.utf8.lastIndex(of: 32), space > head.startIndex {
                head = String(head[...space])
            } else if head.count > 1, rest.utf8.dropFirst(head.utf8.count).first.map({ $0 >= 0x80 }) == true {
                // A character of several scalars may not end where a scalar does.
                let whole = rest.prefix(head.count)
                if !whole.utf8.elementsEqual(head.utf8) { head = String(head.dropLast()) }
            }
            guard !head.isEmpty else { break }
            pieces.append(head)
            rest = String(rest.utf8.dropFirst(head.utf8.count)) ?? ""
        }
        return pieces + [rest]
    }

    /// A post as it stands in a view, with its id for those whose clients show no tags.
    ///
    /// - Parameter stamp: when it was written, for those whose clients would show it as said now.
    static func text(of post: PostView, _ style: IRCClient.IDStyle, stamp: String? = nil) -> String {
        let (text, id) = words(of: post)
        return (stamp.map { "[\($0)] " } ?? "") + marked(text, id, style)
    }

    /// The same on one line, of which as much of the text is kept as there is room for beside the id.
    static func line(of post: PostView, _ style: IRCClient.IDStyle, bytesMax: Int) -> String {
        let (text, id) = words(of: post)
        let line = lines(text, bytesMax: .max).map(\.text).filter { !$0.isEmpty }.joined(separator: " ⏎ ")
        return marked(line.prefix(bytes: bytesMax - (style == .off ? 0 : id.utf8.count + 3)), id, style)
    }

    private static func words(of post: PostView) -> (text: String, id: String) {
        let (text, id) = post.words
        return (safe(text), id)
    }

    private static func marked(_ text: String, _ id: String, _ style: IRCClient.IDStyle) -> String {
        switch style {
        case .off: text
        case .prefix: "[\(id)] \(text)"
        case .suffix: "\(text) [\(id)]"
        }
    }

    /// Nothing that anybody wrote can break a line in two.
    static func safe(_ text: String) -> String { text.withoutTerminalControls }
}
