import Foundation

/// Something that listens, and is no peer.
final class GarbageServer: Sendable {
    struct Connection {
        fileprivate let descriptor: Int32

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return }
                sent += count
            }
        }

        /// The next thing the client says.
        func read() -> String {
            var chunk = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            return String(decoding: chunk.prefix(max(count, 0)), as: UTF8.self)
        }
    }

    let port: Int
    private let descriptor: Int32

    /// Serves each connection with `serve`, once the client has said something; then it closes.
    init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = descriptor
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, address, &size) == 0
            }
        }
        guard result else { throw CocoaError(.fileNoSuchFile) }
        port = Int(in_port_t(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let accepted = accept(listener, nil, nil)
                guard accepted >= 0 else { return }
                let connection = Connection(descriptor: accepted)
                _ = connection.read()
                serve(connection)
                close(accepted)
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
