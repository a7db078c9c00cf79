import Foundation
import SingerCore

/// The peers met last, in a file: one `host:port` or `[host]:port` a line. A node that comes back joins through them.
struct NodeCache: Sendable {
    let url: URL

    /// Bounds what is read back, whatever wrote the file.
    static let nodesMax = 128

    func load() -> [Endpoint] {
        guard let handle = try? FileHandle(forReadingFrom: url) else { return [] }
        defer { try? handle.close() }
        guard let bytes = try? handle.read(upToCount: 64 << 10) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(Self.nodesMax).compactMap { Self.endpoint(String($0)) }
    }

    /// Replaces the file in one step, readable for its owner alone. An empty list leaves it as it is: who lost all peers
    /// needs those of yesterday.
    func save(_ lines: Data) throws {
        guard !lines.isEmpty else { return }
        let partial = url.appendingPathExtension("partial")
        let manager = FileManager.default
        try? manager.removeItem(at: partial)
        guard manager.createFile(atPath: partial.path, contents: lines, attributes: [.posixPermissions: 0o600]) else {
            throw CocoaError(.fileWriteUnknown)
        }
        guard rename(partial.path, url.path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    static func endpoint(_ line: String) -> Endpoint? { HostPort(line).flatMap { Endpoint(host: $0.host, port: $0.port) } }
}
