import Foundation
import Synchronization

/// Ports that a peer can have again after a restart: outside of the range that the system gives to outgoing connections (32,768 on), one
/// of which might have taken the port meanwhile.
public enum LastingPort {
    private static let ports = 20_000..<32_768
    /// From a place of its own for each process: several may test on one machine.
    private static let last = Mutex(Int.random(in: ports))

    /// A port of 127.0.0.1 that is free now, for TCP and for UDP. No test is given the port of another, whose peer may just be down.
    public static func free() -> Int {
        while true {
            let port = last.withLock { last in
                last = last + 1 < ports.upperBound ? last + 1 : ports.lowerBound
                return last
            }
            if isFree(port, SOCK_STREAM), isFree(port, SOCK_DGRAM) { return port }
        }
    }

    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        // A program that another test starts meanwhile must not keep the port.
        let descriptor = socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) } == 0
        }
    }
}
