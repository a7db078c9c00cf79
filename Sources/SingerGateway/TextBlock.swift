internal import SingerCore

/// A text of several lines as it is typed, up to the line with a single dot.
///
/// Whatever is wrong with it is told once, after the dot; until then the client believes that it is still typing text.
struct TextBlock: Sendable {
    /// What becomes of the text.
    enum Purpose: Hashable, Sendable {
        case post
        case reply(to: String)
        /// Entries out of an archive, one a line.
        case archive

        /// What the block may hold before it is looked at.
        fileprivate var bytesMax: Int {
            switch self {
            // Normalisation can shorten a text, though hardly to half: what is beyond this is too long in any case.
            case .post, .reply: 2 * Limits.textBytesMax
            case .archive: Limits.importBytesMax
            }
        }

        fileprivate var tooLong: Failure {
            switch self {
            case .post, .reply: Failure(.tooLong, bytes: nil, max: Limits.textBytesMax)
            case .archive: Failure(.tooLong, "at most \(Limits.importBytesMax) bytes at once, in lines of \(Limits.lineBytesMax); import it in parts")
            }
        }
    }

    let purpose: Purpose
    /// Of the command that opened the text.
    let tag: String?

    private var lines: [String] = []
    private var bytes = 0
    private var objection: Failure?

    init(_ purpose: Purpose, tag: String?) {
        self.purpose = purpose
        self.tag = tag
    }

    /// Takes one more line. Returns the whole text when that line closes it, and throws then if there was something wrong with it.
    mutating func take(_ item: LineDecoder.Item) throws(Failure) -> String? {
        switch item {
        case .line("."):
            if let objection { throw objection }
            return lines.joined(separator: "\n")
        case .line(let line):
            // As in SMTP (RFC 5321, section 4.5.2): the first of the dots that a line begins with is not part of it.
            append(line.unicodeScalars.first == "." ? String(line.unicodeScalars.dropFirst()) : line)
        case .tooLong:
            object(purpose.tooLong)
        case .invalidUTF8:
            object(.invalidUTF8)
        }
        return nil
    }

    private mutating func append(_ line: String) {
        guard objection == nil else { return }
        bytes += line.utf8.count + 1
        if bytes > purpose.bytesMax {
            object(purpose.tooLong)
        } else if lines.count == Limits.multilineLinesMax {
            object(Failure(.tooLong, "a text has at most \(Limits.multilineLinesMax) lines; post it in parts"))
        } else {
            lines.append(line)
        }
    }

    private mutating func object(_ failure: Failure) {
        objection = objection ?? failure
        lines = []
    }
}
