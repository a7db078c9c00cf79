internal import SingerCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// By which a message is known. It is put into words when somebody wants to see it.
enum IRCMessageID {
    /// Fifteen random bytes: 24 characters.
    case random(UInt64, UInt64)
    case given(String)
    case post(EntryID)

    var text: String {
        switch self {
        case .given(let text): text
        case .post(let id): id.text
        case .random(let a, let b): withUnsafeBytes(of: (a, b)) { Base32.encode($0.prefix(15)) }
        }
    }
}

/// Unguessable ids, of the same form as the hashes of posts.
struct IRCMessageIDs {
    /// Asking the system for two numbers costs as much as relaying a message; for this many, little more.
    private static let numbersMax = 32

    private var numbers: [UInt64] = []

    mutating func next() -> IRCMessageID {
        if numbers.isEmpty {
            numbers = [UInt64](repeating: 0, count: Self.numbersMax)
            let isFilled = numbers.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) == 0 }
            precondition(isFilled, "the system has no random numbers")
        }
        return .random(numbers.removeLast(), numbers.removeLast())
    }
}
