internal import Foundation

/// Keeps a data directory to one process. The kernel lets go of it when the process ends, however it ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    init(_ directory: String) throws(StoreError) {
        let path = directory + "/lock"
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .failed("cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .inUse("the data directory \(directory) is in use by another singerd")
        }
    }

    /// Whether a database was made in the directory before: one that is empty now has been lost.
    var isMarked: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_size > 0
    }

    /// On a full disk it is marked at another start.
    func mark() {
        if !isMarked { _ = write(descriptor, "singer\n", 7) }
    }

    deinit {
        _ = Foundation.close(descriptor)
    }
}
