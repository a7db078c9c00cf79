internal import Glibc
internal import SingerCore

/// Where a peer's gateway is: the addresses of one host and port, looked up once.
package struct Endpoint {
    package let name: String
    /// On this machine: then a person can start the peer.
    package let isHere: Bool
    /// Socket addresses as getaddrinfo(3) gives them.
    let addresses: [(family: Int32, bytes: [UInt8])]

    package init(host: String, port: Int) throws(ClientError) {
        name = HostPort.text(host, port)
        isHere = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0 else { throw .unknownHost(host) }
        defer { freeaddrinfo(found) }
        var addresses: [(family: Int32, bytes: [UInt8])] = []
        var next = found
        while let info = next?.pointee {
            addresses.append((info.ai_family, Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))))
            next = info.ai_next
        }
        self.addresses = addresses
    }
}
