import ArgumentParser

/// The command line, as typed. `Settings` gives it meaning.
struct Options: ParsableArguments {
    @Option(help: ArgumentHelp("Where the peer keeps its data.", valueName: "dir"))
    var dataDir: String?
    @Option(help: ArgumentHelp("Where clients connect (default: 127.0.0.1:6667).", valueName: "host:port"))
    var gateway: String?
    @Option(help: ArgumentHelp("Where other peers connect, TCP (default: 0.0.0.0:7667).", valueName: "host:port"))
    var listen: String?
    @Option(help: ArgumentHelp("The Kademlia node, UDP (default: the port of --listen).", valueName: "port"))
    var dhtPort: String?
    @Option(help: ArgumentHelp("File of host:port lines of peers to join through (default: bootstrap.txt, if it is there).", valueName: "file"))
    var bootstrap: String?
    @Option(help: ArgumentHelp("The host that other peers dial (default: that of --listen, or the addresses that the DHT sees).", valueName: "host"))
    var advertise: String?
    @Option(help: ArgumentHelp("Networks of different names never mix (default: singer).", valueName: "name"))
    var network: String?
    @Flag(help: "Do not look for peers on the local network.")
    var noDiscovery = false
    @Option(help: ArgumentHelp("The name in IRC prefixes (default: singer.local).", valueName: "name"))
    var serverName: String?
    @Option(help: ArgumentHelp("IRC over WebSocket (default: off).", valueName: "host:port"))
    var websocket: String?
    @Option(help: ArgumentHelp("JSON file with the same keys.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (default: notice).", valueName: "level"))
    var logLevel: String?

    /// By the keys that the configuration knows them by.
    var values: [String: String?] {
        [
            "data-dir": dataDir, "gateway": gateway, "listen": listen, "dht-port": dhtPort, "bootstrap": bootstrap, "advertise": advertise,
            "network": network, "server-name": serverName, "websocket": websocket, "log-level": logLevel, "no-discovery": noDiscovery ? "true" : nil,
        ]
    }
}
