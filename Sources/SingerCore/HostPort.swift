/// `host:port`, as people write it: `127.0.0.1:6667`, `[::1]:6667`, `peer.example:7667`. Port 0 asks for any free one.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard Self.isIPv6(host) else { return nil }
        } else if host.contains(":") {
            // An IPv6 address without brackets: where it ends is anybody's guess.
            return nil
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits), (0...65_535).contains(port) else { return nil }
        guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }) else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// Whether it looks like one; `fe80::1%eth0` does.
    private static func isIPv6(_ host: some StringProtocol) -> Bool {
        let address = host.prefix { $0 != "%" }
        return address.count { $0 == ":" } >= 2 && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }

    /// Whether this means every address of the machine.
    public var isAnyAddress: Bool { host == "0.0.0.0" || host == "::" }

    public var description: String { Self.text(host, port) }
}

extension HostPort {
    /// Host and port as they are written together.
    public static func text(_ host: String, _ port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
