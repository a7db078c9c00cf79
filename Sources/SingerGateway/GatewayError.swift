/// Why the gateway can't listen. One line for the person who started it.
public enum GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
    case portInUse(host: String, port: Int)
    /// Anybody in the network could read passphrases.
    case notLoopback(host: String)
    case badHost(String)
    case badCertificate(path: String, reason: String)
    case badKey(path: String, reason: String)
    case cannotBind(host: String, port: Int, reason: String)

    public var description: String {
        switch self {
        case .portInUse(let host, let port):
            "\(host):\(port) is in use; stop the program that uses it, or choose another port"
        case .notLoopback(let host):
            "\(host) is not a loopback address; configure a TLS certificate and key, or listen on 127.0.0.1"
        case .badHost(let host):
            "\(host) is neither an address nor a name that can be resolved"
        case .badCertificate(let path, let reason):
            "gateway: no TLS certificate can be read from \(path): \(reason)"
        case .badKey(let path, let reason):
            "gateway: no TLS key that fits the certificate can be read from \(path): \(reason)"
        case .cannotBind(let host, let port, let reason):
            "can't listen on \(host):\(port): \(reason)"
        }
    }
}
