/// Why a directory cannot start.
public enum DirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The socket cannot be bound: the port is in use, or the host is none of this machine. One line for a person.
    case cannotStart(String)
    /// A port outside 0–65535.
    case badPort(Int)

    public var description: String {
        switch self {
        case .cannotStart(let why): why
        case .badPort(let port): "not a port: \(port)"
        }
    }
}
