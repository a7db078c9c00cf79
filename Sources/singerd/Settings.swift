import Configuration
import Foundation
import Logging
import SingerCore
import SystemPackage

/// What the peer was told: flag over environment over file over default.
struct Settings {
    let dataDirectory: String
    let gateway: HostPort
    let listen: HostPort
    /// `nil`: the port of `listen`.
    let dhtPort: Int?
    let bootstrap: [Endpoint]
    let advertise: String?
    let network: String
    let discovery: Bool
    let serverName: String
    let logLevel: Logger.Level
    /// `nil`: off.
    let webSocket: HostPort?
    /// Of pages that browsers may connect from; in the file a list, elsewhere parted by commas.
    let webSocketOrigins: Set<String>
    let gatewayPassword: String?
    let tlsCertificate: String?
    let tlsKey: String?
    /// scrypt's work factor. For tests: it is in no document, and a low one makes stolen files worth stealing.
    let workLog2: Int

    init(_ options: Options) async throws {
        let config = try await Self.reader(options)
        func text(_ key: String) -> String? {
            let key = ConfigKey([key])
            return config.string(forKey: key) ?? config.int(forKey: key).map(String.init) ?? config.bool(forKey: key).map(String.init)
        }
        func address(_ key: String, _ standard: String) throws -> HostPort {
            let text = text(key) ?? standard
            guard let address = HostPort(text) else { throw UsageError(description: "--\(key): not a host:port: \(text)") }
            // The DHT binds addresses, not names.
            return address.host == "localhost" ? HostPort("127.0.0.1:\(address.port)") ?? address : address
        }
        dataDirectory = text("data-dir") ?? Self.standardDataDirectory
        gateway = try address("gateway", "127.0.0.1:6667")
        listen = try address("listen", "0.0.0.0:7667")
        dhtPort = try text("dht-port").map { text in
            guard let port = Int(text), (0...65_535).contains(port) else { throw UsageError(description: "--dht-port: not a port: \(text)") }
            return port
        }
        bootstrap = try Self.bootstrap(text("bootstrap"))
        advertise = text("advertise")
        // What a port can follow.
        if let advertise, HostPort(HostPort.text(advertise, 1)).flatMap({ Endpoint(host: $0.host, port: $0.port) }) == nil {
            throw UsageError(description: "--advertise: not a host: \(advertise)")
        }
        network = text("network") ?? "singer"
        guard (1...64).contains(network.utf8.count) else { throw UsageError(description: "--network: a name has 1 to 64 bytes") }
        discovery = try !Self.flag(text("no-discovery"), "no-discovery")
        serverName = text("server-name") ?? "singer.local"
        guard (1...63).contains(serverName.utf8.count), serverName.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }) else {
            throw UsageError(description: "--server-name: 1 to 63 characters without spaces or colons")
        }
        let level = text("log-level") ?? "notice"
        guard let logLevel = Logger.Level(rawValue: level) else { throw UsageError(description: "--log-level: no level \(level)") }
        self.logLevel = logLevel
        gatewayPassword = config.string(forKey: "gateway-password", isSecret: true).flatMap { $0.isEmpty ? nil : $0 }
        tlsCertificate = text("tls-certificate")
        tlsKey = text("tls-key")
        guard (tlsCertificate == nil) == (tlsKey == nil) else { throw UsageError(description: "tls-certificate and tls-key go together") }
        workLog2 = text("scrypt-work-log2").flatMap { Int($0) } ?? SealedSecret.workLog2Default
        webSocket = try text("websocket").map { _ in try address("websocket", "") }
        let origins = config.stringArray(forKey: "websocket-origins") ?? []
        webSocketOrigins = Set(origins.flatMap { $0.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) })
    }

    private static func reader(_ options: Options) async throws -> ConfigReader {
        let flags = InMemoryProvider(
            name: "flags",
            values: Dictionary(
                uniqueKeysWithValues: options.values.compactMapValues(\.self)
                    .map { (AbsoluteConfigKey([$0.key], context: [:]), ConfigValue(.string($0.value), isSecret: false)) }))
        let environment = EnvironmentVariablesProvider().prefixKeys(with: "singer")
        guard let path = options.config ?? ProcessInfo.processInfo.environment["SINGER_CONFIG"] else {
            return ConfigReader(providers: [flags, environment])
        }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw StartError(description: "cannot read \(path)") }
        guard let file = try? await FileProvider<JSONSnapshot>(filePath: FilePath(path)),
            let values = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        else { throw StartError(description: "cannot read \(path): it must be a JSON file of the options' names and values") }
        if let unknown = values.keys.filter({ !fileKeys.contains($0) && options.values[$0] == nil }).min() {
            throw UsageError(description: "\(path): no option is called \(unknown)")
        }
        // A value that cannot be read would count as one that is not there: a password, say.
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !isReadable(value, key) {
            throw UsageError(description: "\(path): \(key): the value must be \(key == "websocket-origins" ? "a list of texts" : "a text")")
        }
        return ConfigReader(providers: [flags, environment, file])
    }

    /// In the file a port may be a number and a switch a truth value.
    private static func isReadable(_ value: Any, _ key: String) -> Bool {
        switch key {
        case "websocket-origins": value is [String]
        case "dht-port", "scrypt-work-log2": value is String || value is Int
        case "no-discovery": value is String || value is Bool || value is Int
        default: value is String
        }
    }

    /// What has no flag.
    private static let fileKeys: Set = ["gateway-password", "tls-certificate", "tls-key", "websocket-origins", "scrypt-work-log2"]

    private static func flag(_ text: String?, _ key: String) throws -> Bool {
        switch text?.lowercased() {
        case nil, "", "0", "false", "no", "off": return false
        case "1", "true", "yes", "on": return true
        case let text?: throw UsageError(description: "--\(key): not true or false: \(text)")
        }
    }

    private static var standardDataDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/singer" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/.local/share/singer"
    }

    /// A file that was named must be there; `bootstrap.txt` in the working directory may be.
    private static func bootstrap(_ path: String?) throws -> [Endpoint] {
        let name = path ?? "bootstrap.txt"
        guard path != nil || FileManager.default.fileExists(atPath: name) else { return [] }
        guard let bytes = FileManager.default.contents(atPath: name) else { throw StartError(description: "cannot read the bootstrap file \(name)") }
        do {
            return try BootstrapFile.parse(String(decoding: bytes, as: UTF8.self), name: name)
        } catch {
            throw StartError(description: error.description)
        }
    }
}
