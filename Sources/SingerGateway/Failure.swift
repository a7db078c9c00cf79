internal import SingerCore

/// Why a command was not carried out: a code for programs, words for people that say what to try.
struct Failure: Error, Hashable, Sendable {
    let code: ErrorCode
    let text: String

    init(_ code: ErrorCode, _ text: String) {
        self.code = code
        self.text = text
    }

    /// A text over its limit.
    init(_ code: ErrorCode, bytes: Int?, max: Int) {
        let size = bytes.map { ", and this is \($0)" } ?? ""
        self.init(code, "at most \(max) bytes may stand here\(size); shorten it\(max == Limits.textBytesMax ? ", or write it in parts" : "")")
    }

    static let needLogin = Failure(.needLogin, "log in first: LOGIN name passphrase")
    static let lineTooLong = Failure(.lineTooLong, "a line has at most \(Limits.lineBytesMax) bytes; this one was dropped")
    static let invalidUTF8 = Failure(.invalidUTF8, "lines are UTF-8; this one was dropped")
    /// Of an account that is logged in to.
    static let wrongPassphrase = Failure(.badLogin, "that is not your passphrase; try again")
    static let gatewayPassword = Failure(.badLogin, "this peer has a password of its own, which comes first: PASS password")
    static let tooManySessions = Failure(.unavailable, "too many connections; try again later")

    /// What somebody typed, short enough to be repeated to them.
    static func quote(_ typed: some StringProtocol) -> String {
        let scalars = typed.unicodeScalars
        let shown = String(String.UnicodeScalarView(scalars.prefix(32)))
        return scalars.count > 32 ? shown + "…" : shown
    }
}
