internal import Foundation

/// The write-ahead log, as a file.
extension Store {
    /// As long as the log becomes before its pages are brought into the database, and as it may stay. SQLite begins it anew then, without making it shorter.
    static let journalBytes = 16 << 20
    /// What is written between two commits: one that comes meanwhile waits no longer than that takes.
    private static let journalStepBytes = 1 << 20
    /// A disk with less room than that is left to the posts.
    private static let spareBytesMin = 1 << 30

    /// Writes zeros behind the log's end, up to the length that it will have: a commit that writes over what is there waits for the disk about half as
    /// long as one that makes the file longer, for then the file system has to commit its own books too. Ends early when its task is cancelled.
    ///
    /// To SQLite a frame of zeros is the end of the log (https://sqlite.org/fileformat2.html#the_write_ahead_log). Nothing is written if there is no log, or if
    /// the disk is nearly full.
    @concurrent
    public func lengthenJournal() async {
        let log = open(directory + "/singer.db-wal", O_RDWR | O_CLOEXEC)
        guard log >= 0 else { return }
        defer { _ = Foundation.close(log) }
        // In turn with all other commits. While one is open nobody else can write, in this process or in another, so the file ends where it ends.
        while !Task.isCancelled, let isDone = try? await write({ _ in Self.lengthen(log) }), !isDone {
            // Not for durability: the next commit would have to bring all of it to the disk.
            guard fsync(log) == 0 else { return }
        }
    }

    /// - Returns: whether there is nothing more to do.
    private static func lengthen(_ log: Int32) -> Bool {
        var status = stat()
        var disk = statvfs()
        guard fstat(log, &status) == 0, fstatvfs(log, &disk) == 0 else { return true }
        guard Int(clamping: disk.f_bavail) >= spareBytesMin / max(Int(clamping: disk.f_frsize), 1) else { return true }
        let end = Int(status.st_size)
        let count = min(journalStepBytes, journalBytes - end)
        guard count > 0 else { return true }
        let written = [UInt8](repeating: 0, count: count).withUnsafeBytes { pwrite(log, $0.baseAddress, count, off_t(end)) }
        return written != count
    }
}
