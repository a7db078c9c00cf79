internal import SingerCore

/// How replies and pushes are put into lines.
enum Dialect: String, CaseIterable, Hashable, Sendable {
    case text
    case json

    /// The whole reply to one command. Written at once, so that nothing can come between its lines.
    func lines(of reply: Reply, tag: String?) -> [String] {
        switch self {
        case .text: PlainDialect.lines(of: reply, tag: tag)
        case .json: JSONDialect.lines(of: reply, tag: tag)
        }
    }

    func line(of push: Push) -> String {
        switch self {
        case .text: PlainDialect.line(of: push)
        case .json: JSONDialect.line(of: push)
        }
    }
}

extension [String] {
    /// The lines, each with its ending.
    func text(_ ending: LineDecoder.Ending) -> String {
        var text = ""
        for line in self {
            text += line
            text += ending.rawValue
        }
        return text
    }
}
