internal import GRDB

/// Why the store could not do something.
public enum StoreError: Error, Hashable, Sendable {
    /// The disk, or the quota, is full. Reading still works.
    case full
    /// Another process has the data directory.
    case inUse(String)
    /// The file is not what Singer wrote: the text says what is wrong with it; at start it says which file, and what to do.
    case corrupt(String)
    /// Anything else that the file system or SQLite said.
    case failed(String)
    /// What a closure inside a transaction refused; nothing was written.
    case refused(StoreRefusal)

    /// What to do about a file that is damaged.
    public static let remedy = "Restore a copy of the data directory, or move it away to begin anew"

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let refusal as StoreRefusal: self = .refused(refusal)
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL: self = .full
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(error.message ?? "database disk image is malformed")
            default: self = .failed(error.description)
            }
        default: self = .failed(String(describing: error))
        }
    }
}

public enum StoreRefusal: Error, Hashable, Sendable {
    /// The device has been seen to write two different logs.
    case quarantined
    /// The account has revoked the device.
    case revoked
}
