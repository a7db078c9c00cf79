/// Makes lines for a person of what a peer sends. Everything in it is made harmless here, once, whatever the peer has done.
package struct Renderer {
    package var palette: Palette
    package var columns: Int
    /// Who is logged in: mentions of them stand out.
    package var me: String?
    /// The day of the post shown last.
    private var date: String?

    /// What stands before the name: `10:56 `. Further lines of a post begin under the name.
    private static let indent = 6
    /// The column that HELP shows usages in.
    private static let usageColumns = 36

    package init(palette: Palette, columns: Int, me: String? = nil) {
        self.palette = palette
        self.columns = columns
        self.me = me
    }

    /// A post, and a line for its day if the post shown before was of another.
    package mutating func lines(_ post: Post) -> [String] {
        var lines: [String] = []
        let time = LocalTime(post.time)
        if let time, time.date != date {
            date = time.date
            lines.append(palette.paint("── \(time.dayInWords) ──", .faint))
        }
        var spans = [Span((time?.clock ?? "--:--") + " ", .faint)]
        let isForMe = me.map { post.author.lowercased() != $0.lowercased() && post.mentions($0) } ?? false
        // Also without colour.
        if isForMe { spans.append(Span("» ", .mention)) }
        spans += name(post.author)
        if let original = post.original {
            spans.append(Span("♺ "))
            spans += name(original.author)
            spans += original.isDeleted ? [Span("(deleted)", .faint)] : text(original.text)
            if !post.text.isEmpty, !post.isDeleted { spans += [Span(" — ")] + text(post.text) }
        } else {
            spans += post.isDeleted ? [Span("(deleted)", .faint)] : text(post.text)
        }
        spans.append(Span(" [\(Sanitised.line(post.reference))]", .faint))
        return lines + wrapped(spans, indent: Self.indent)
    }

    private func name(_ author: String) -> [Span] {
        [Span("<"), Span(Sanitised.line(author), .name(author)), Span("> ")]
    }

    /// The text of a post; its newlines are marks within the line, so that nobody writes lines that look like somebody else's.
    private func text(_ text: String) -> [Span] {
        let text = Sanitised.lines(text).joined(separator: " ⏎ ")
        guard let me else { return [Span(text)] }
        var spans: [Span] = []
        var index = text.startIndex
        for range in Post.mentions(of: me, in: text) {
            spans += [Span(String(text[index..<range.lowerBound])), Span(String(text[range]), .mention)]
            index = range.upperBound
        }
        return spans + [Span(String(text[index...]))]
    }

    private func wrapped(_ spans: [Span], indent: Int) -> [String] {
        Wrap.lines(spans, columns: columns, indent: indent, palette: palette)
    }

    package mutating func lines(_ row: Message.Row) -> [String] {
        switch row {
        case .post(let post): return lines(post)
        case .user(let name):
            return ["  " + palette.paint(Sanitised.line(name), .name(name))]
        case .field(let name, let value):
            let label = Sanitised.line(name)
            return wrapped([Span("  " + label + " ", .faint), Span(Sanitised.line(value))], indent: 4)
        case .help(let usage, let text):
            let usage = Sanitised.line(usage)
            let gap = String(repeating: " ", count: max(2, Self.usageColumns - DisplayWidth.of(usage)))
            return wrapped([Span("  " + usage + gap), Span(Sanitised.line(text), .faint)], indent: Self.usageColumns + 2)
        case .note(let text): return wrapped([Span(Sanitised.line(text))], indent: 2)
        case .other(let words): return wrapped([Span("  " + Sanitised.line(words))], indent: 4)
        }
    }

    package mutating func lines(_ event: Message.Event) -> [String] {
        switch event {
        case .post(let post): lines(post)
        case .deleted(let id): info([Span("[\(Sanitised.line(id))] was deleted by its author")])
        case .like(let user, let id): info([who(user), Span(" likes [\(Sanitised.line(id))]")])
        case .about(let user, .follow): info([who(user), Span(" follows you")])
        case .about(let user, .unfollow): info([who(user), Span(" follows you no more")])
        case .about(let user, .online): info([who(user), Span(" is online")])
        case .about(let user, .offline): info([who(user), Span(" is offline")])
        case .notice(let text): info([Span(Sanitised.line(text))])
        case .other(let words): info([Span(Sanitised.line(words))])
        }
    }

    private func who(_ user: String) -> Span { Span(Sanitised.line(user), .name(user)) }

    /// A line of the client's own, or of what is no post.
    package func info(_ spans: [Span]) -> [String] { wrapped([Span("· ", .faint)] + spans, indent: 2) }
    package func info(_ text: String) -> [String] { info([Span(Sanitised.line(text))]) }
    package func error(_ text: String) -> [String] { wrapped([Span("! ", .error), Span(Sanitised.line(text))], indent: 2) }
}
