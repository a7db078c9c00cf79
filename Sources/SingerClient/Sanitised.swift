internal import SingerCore

/// Text from a peer, made harmless. A peer does the same; but what answers at a port may be anything.
package enum Sanitised {
    /// One line: nothing in it drives a terminal.
    package static func line(_ text: some StringProtocol) -> String {
        guard !text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return String(text) }
        return text.withoutTerminalControls.replacingNewlines(with: "⏎")
    }

    /// The lines of a text.
    package static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line($0) }
    }

    /// What something said, short enough for a message about it.
    package static func excerpt(_ text: String) -> String {
        let scalars = String(String.UnicodeScalarView(text.unicodeScalars.prefix(60)))
        return line(scalars.filter { $0 != "\n" && $0 != "\r" && $0 != "\r\n" })
    }

    /// A line of JSON with the same meaning, in which such characters are written as escapes.
    package static func json(_ line: String) -> String {
        guard !line.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return line }
        var out = ""
        for scalar in line.unicodeScalars {
            if !scalar.drivesTerminals, scalar != "\n" {
                out.unicodeScalars.append(scalar)
            } else {
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            }
        }
        return out
    }
}

extension String {
    fileprivate func replacingNewlines(with mark: String) -> String {
        var out = ""
        for scalar in unicodeScalars {
            if scalar == "\n" { out += mark } else { out.unicodeScalars.append(scalar) }
        }
        return out
    }
}
