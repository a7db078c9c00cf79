public import SingerCore

public import struct Foundation.URL

extension OpenDHTDirectory {
    public struct Configuration: Sendable {
        /// A literal binds its own family; empty, `0.0.0.0` and `::` bind IPv4 and IPv6.
        public var host: String
        /// UDP; 0 takes any free one.
        public var port: Int
        /// Nodes meet only nodes of the same network.
        public var network: String
        /// Peers to join through. Names are resolved; those that do not answer are tried again for as long as there are no others.
        public var bootstrap: [Endpoint]
        /// Look for peers on the local network by multicast, and let them find this one.
        public var discovery: Bool
        /// Where the peers met last are kept.
        public var nodeCache: URL?

        public init(
            host: String = "", port: Int, network: String, bootstrap: [Endpoint] = [], discovery: Bool = true, nodeCache: URL? = nil
        ) {
            self.host = host
            self.port = port
            self.network = network
            self.bootstrap = bootstrap
            self.discovery = discovery
            self.nodeCache = nodeCache
        }
    }
}
