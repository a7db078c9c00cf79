private import SingerCore

private import struct Foundation.Data

/// Where and how the gateway listens.
public struct GatewayConfiguration: Hashable, Sendable {
    /// IRCv3's WebSocket transport.
    public struct WebSocket: Hashable, Sendable {
        public var host: String
        /// 0 takes a free one.
        public var port: Int
        /// What a browser may say in `Origin`: pages from anywhere else are refused. Programs, which say nothing, are not.
        public var origins: Set<String>

        public init(host: String = "127.0.0.1", port: Int, origins: Set<String> = []) {
            self.host = host
            self.port = port
            self.origins = origins
        }
    }

    /// Files in PEM: the certificate with its chain, and its private key.
    public struct TLS: Hashable, Sendable {
        public var certificatePath: String
        public var keyPath: String

        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// A name or an address. Without TLS it must be of the loopback interface.
    public var host: String
    /// 0 takes a free one.
    public var port: Int
    /// In IRC prefixes.
    public var serverName: String
    /// What every client gives first, if set.
    public var password: String?
    /// When set, the port speaks TLS only.
    public var tls: TLS?
    /// `nil`: off.
    public var webSocket: WebSocket?
    /// With IRC clients that are silent. Only tests have less.
    var patience = IRCLiveness.Patience()

    public init(
        host: String = "127.0.0.1", port: Int = 6667, serverName: String = "singer.local", password: String? = nil, tls: TLS? = nil,
        webSocket: WebSocket? = nil
    ) {
        self.host = host
        self.port = port
        self.serverName = serverName
        self.password = password
        self.tls = tls
        self.webSocket = webSocket
    }

    /// Whether this is the password. Takes as long whatever is wrong with it.
    func accepts(password given: String) -> Bool {
        guard let password else { return true }
        // Hashes are of one length, and what can be learnt of a hash byte by byte is worth nothing.
        let expected = EntryID.sha256(Data(password.utf8)).bytes
        let actual = EntryID.sha256(Data(given.utf8)).bytes
        var difference: UInt8 = 0
        for (a, b) in zip(expected, actual) { difference |= a ^ b }
        return difference == 0
    }
}
