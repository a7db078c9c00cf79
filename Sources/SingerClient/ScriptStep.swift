/// One command of a script, whole: a line, or a text of several lines with what opens it.
package enum ScriptStep: Hashable {
    case line(String)
    case text(opening: String, lines: [String])
}

extension Character {
    package var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}

/// Puts lines together to steps, as the peer would: `POST` alone takes the lines up to a single dot.
///
/// The client has to know, for a peer says nothing to `POST` alone, and takes the lines that follow as commands if nobody is logged in.
package struct ScriptReader {
    private var open: (opening: String, lines: [String])?

    package init() {}

    /// Of one text. More than any peer takes; the rest is dropped, and the peer says that it is too long.
    package static let textLinesMax = 1_000

    /// The step that the line completes, if it does.
    package mutating func take(_ line: String) -> ScriptStep? {
        if var text = open {
            if line == "." || line == ".\r" {
                open = nil
                return .text(opening: text.opening, lines: text.lines)
            }
            if text.lines.count < Self.textLinesMax { text.lines.append(line) }
            open = text
            return nil
        }
        guard let typed = TypedLine(line) else { return nil }
        guard typed.opensText else { return .line(line) }
        open = (line, [])
        return nil
    }

    /// Whether the input may not end here.
    package var isInsideText: Bool { open != nil }
}

extension ScriptStep {
    /// A text that was not typed as the protocol wants it: dots that lines begin with are doubled (RFC 5321, section 4.5.2).
    package static func text(opening: String, whole text: String) -> ScriptStep {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return .text(opening: opening, lines: lines.map { ($0.hasPrefix(".") ? "." : "") + $0 })
    }

    /// The step that a command of several lines is: `POST` or `REPLY id` with all that follows as its text; `nil` for other commands.
    package static func text(in command: String) -> ScriptStep? {
        guard let typed = TypedLine(command) else { return nil }
        var opening = [typed.tag, typed.verb].filter { !$0.isEmpty }
        var text = typed.rest
        switch typed.verb {
        case "POST": break
        case "REPLY":
            let id = text.prefix { !$0.isWhitespace }
            opening.append(String(id))
            text = text[id.endIndex...].drop(while: \.isWhitespace)
        default: return nil
        }
        return .text(opening: opening.joined(separator: " "), whole: String(text))
    }

    /// What is sent.
    package var lines: [String] {
        switch self {
        case .line(let line): [line]
        case .text(let opening, let lines): [opening] + lines + ["."]
        }
    }

    package var first: String {
        switch self {
        case .line(let line): line
        case .text(let opening, _): opening
        }
    }
}
