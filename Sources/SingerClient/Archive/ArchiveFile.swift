internal import Glibc
internal import SingerCore

/// An archive on the disk: read and verified line by line, whatever its size; written at its end.
struct ArchiveFile {
    let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    /// Of the line read last, counted from 1.
    private(set) var line = 0
    /// Where the last whole line that was read ends.
    private(set) var end: Int64 = 0

    /// No honest line comes near: an entry has at most 8 KiB of body, twice as text and once in base64.
    private static let lineBytesMax = 1 << 17
    private static let chunkBytes = 1 << 16

    /// Opens a file that is there.
    init(reading path: String) throws(ArchiveError) { try self.init(path, O_RDONLY | O_CLOEXEC) }

    /// Opens a file, or makes one that only its owner can read; no other export writes to it meanwhile.
    init(writing path: String) throws(ArchiveError) {
        try self.init(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            throw ArchiveError(path, "another export writes to it")
        }
        // It may have been there, and for all to read: the sealed key stands in it.
        _ = fchmod(descriptor, 0o600)
    }

    private init(_ path: String, _ flags: Int32) throws(ArchiveError) {
        self.path = path
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw ArchiveError(path, Self.reason) }
    }

    func close() { Glibc.close(descriptor) }

    private static var reason: String { String(cString: strerror(errno)) }

    enum Next {
        case line(String)
        /// The file ends inside a line.
        case cut
        case end
    }

    mutating func next() throws(ArchiveError) -> Next {
        while true {
            if let newline = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                line += 1
                guard let text = String(validating: buffer[start..<newline], as: UTF8.self) else { throw ArchiveError(path, line: line, "not UTF-8") }
                end += Int64(newline + 1 - start)
                start = newline + 1
                return .line(text)
            }
            guard buffer.count - start <= Self.lineBytesMax else { throw ArchiveError(path, line: line + 1, "it is no entry") }
            buffer.removeFirst(start)
            start = 0
            let old = buffer.count
            buffer += [UInt8](repeating: 0, count: Self.chunkBytes)
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + old }, Self.chunkBytes) }
            buffer.removeLast(Self.chunkBytes - max(0, count))
            guard count >= 0 else { throw ArchiveError(path, Self.reason) }
            if count == 0 { return buffer.isEmpty ? .end : .cut }
        }
    }

    /// Reads on from the beginning.
    mutating func rewind() {
        lseek(descriptor, 0, SEEK_SET)
        buffer = []
        start = 0
        line = 0
        end = 0
    }

    /// Drops what stands behind the last whole line, and writes from there on.
    func truncate() throws(ArchiveError) {
        guard ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else { throw ArchiveError(path, Self.reason) }
    }

    /// Returns when the lines are on the disk.
    func append(_ lines: [String]) throws(ArchiveError) {
        guard !lines.isEmpty else { return }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw ArchiveError(path, Self.reason) }
            done += max(0, count)
        }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw ArchiveError(path, Self.reason) }
    }
}

/// What reading a whole archive tells.
struct ArchiveContents {
    let header: ArchiveHeader
    var chain: ArchiveChain
    /// Of its logs, by how a peer lists them.
    var devices: [String: DeviceKey] = [:]
    /// The passage of a write that did not end.
    var isCut = false

    /// Verifies everything: every signature and certificate, and the order of every log. Throws with the line that is to blame.
    ///
    /// - Returns: `nil` for an empty file.
    init?(_ file: inout ArchiveFile, progress: ProgressLine) throws(ArchiveError) {
        let first: String
        switch try file.next() {
        case .line(let line): first = line
        case .end: return nil
        // Whatever it is, it is somebody's: an export writes its first line at once.
        case .cut: throw ArchiveError(file.path, line: 1, "not an archive of Singer")
        }
        do {
            header = try ArchiveHeader(line: first)
        } catch {
            throw ArchiveError(file.path, line: 1, error.why)
        }
        chain = ArchiveChain(account: header.account)
        while true {
            switch try file.next() {
            case .end: return
            case .cut:
                isCut = true
                return
            case .line(let line):
                do throws(Objection) {
                    let entry = try ArchiveLine.entry(line)
                    do throws(ArchiveChain.Objection) { try chain.take(entry) } catch { throw Objection(error.description) }
                    devices[entry.header.device.description] = entry.header.device
                } catch {
                    throw ArchiveError(file.path, line: file.line, error.why)
                }
                if file.line % 200 == 0 { progress.show("\(file.path): \(file.line) lines verified") }
            }
        }
    }
}
