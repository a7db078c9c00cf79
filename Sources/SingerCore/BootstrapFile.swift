/// The peers through which a new one joins: a text of `host:port` lines (a peer's DHT port), with `#` comments and blank lines.
public enum BootstrapFile {
    /// A line that is none of these. `description` names file and line.
    public struct BadLine: Error, Hashable, Sendable, CustomStringConvertible {
        public let file: String
        public let line: Int
        public let text: String

        public var description: String {
            "\(file):\(line): not a host:port: \(text.prefix(80).withoutTerminalControls)"
        }
    }

    /// - Parameters:
    ///   - text: what was not UTF-8 in it stands there as U+FFFD, and is in no host.
    ///   - name: of the file, for the message about a bad line.
    public static func parse(_ text: String, name: String) throws(BadLine) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = line.prefix { $0 != "#" }.drop(while: \.isWhitespace)
            let end = content.lastIndex { !$0.isWhitespace }
            guard let end else { continue }
            guard !content.contains("\u{fffd}"), let address = HostPort(content[...end]), let endpoint = Endpoint(host: address.host, port: address.port) else {
                throw BadLine(file: name, line: index + 1, text: String(line))
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }
}
