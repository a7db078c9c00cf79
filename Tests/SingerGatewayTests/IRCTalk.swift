import Testing

@testable import SingerGateway

/// How tests talk IRC.
extension LiveClient {
    /// Sends lines and reads up to the PONG that follows them. Lines come without their ending.
    mutating func ask(_ lines: String...) async throws -> [String] {
        try await send(lines.map { $0 + "\r\n" }.joined() + "PING :-end-\r\n")
        var said: [String] = []
        while true {
            let line = try await self.line()
            if line.isEmpty || line.hasSuffix("PONG singer.local :-end-\r\n") { return said }
            #expect(line.hasSuffix("\r\n"))
            said.append(String(line.dropLast()))
        }
    }

    /// Reads up to a line that contains a text; empty when the server closed before.
    mutating func wait(for text: String) async throws -> String {
        while true {
            let line = try await self.line()
            if line.isEmpty || line.contains(text) { return line }
        }
    }

    /// Registers with some capabilities under a nick.
    mutating func register(_ nick: String, _ capabilities: String = "") async throws {
        _ = try await ask((capabilities.isEmpty ? "" : "CAP REQ :\(capabilities)\r\n") + "NICK \(nick)", "USER \(nick) 0 * :\(nick)", "CAP END")
    }
}

extension [String] {
    /// Whether one of the lines contains a text.
    func mention(_ text: String) -> Bool { contains { $0.contains(text) } }
}
