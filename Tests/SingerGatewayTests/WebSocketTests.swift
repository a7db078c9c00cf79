import SingerCore
import Testing

@testable import SingerGateway

/// The WebSocket transport, spoken byte by byte (RFC 6455).
@Suite(.timeLimit(.minutes(1))) struct WebSocketTests {
    private func withSocket(
        origins: Set<String> = [], headers: [String] = [], _ body: (String, inout WebSocketClient) async throws -> Void
    ) async throws {
        let configuration = GatewayConfiguration(webSocket: .init(port: 0, origins: origins))
        try await withGateway(configuration) { (gateway) async throws in
            let port = try #require(gateway.webSocketPort)
            try await gateway.connect(port: port) { (client) async throws in
                var socket = WebSocketClient(client)
                let head = try await socket.shakeHands(headers)
                try await body(head, &socket)
            }
        }
    }

    @Test(
        arguments: [
            (["Sec-WebSocket-Protocol: text.ircv3.net"], "text.ircv3.net", .text),
            (["Sec-WebSocket-Protocol: binary.ircv3.net, text.ircv3.net"], "binary.ircv3.net", .binary),
            (["Sec-WebSocket-Protocol: chat, text.ircv3.net"], "text.ircv3.net", .text), ([], nil, .text),
        ] as [([String], String?, WebSocketClient.Opcode)])
    func `each message is one line, in frames of the kind that the client prefers`(headers: [String], chosen: String?, opcode: WebSocketClient.Opcode)
        async throws
    {
        try await withSocket(headers: headers) { head, socket in
            #expect(head.hasPrefix("HTTP/1.1 101 "))
            // The example of RFC 6455, section 1.3.
            #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            #expect(head.lowercased().contains("sec-websocket-protocol: ") == (chosen != nil))
            if let chosen { #expect(head.contains(chosen)) }
            try await socket.send("NICK dev", opcode)
            try await socket.send("USER dev 0 * :dev\r\n", opcode)
            let welcome = try #require(await socket.frame())
            #expect(welcome.opcode == opcode && welcome.isFinal)
            #expect(welcome.text == ":singer.local 001 dev :Welcome to Singer, dev!dev@guest.singer")
            try await socket.send("PING é", opcode)
            while let frame = try await socket.frame() {
                #expect(!frame.text.contains("\r") && !frame.text.contains("\n"))
                if frame.text.contains("PONG") { return #expect(frame.text == ":singer.local PONG singer.local :é") }
            }
            Issue.record("no answer to PING")
        }
    }

    @Test func `a line may come in pieces, with a ping between them`() async throws {
        try await withSocket { _, socket in
            try await socket.send("PI", .text, isFinal: false)
            try await socket.send("are you there", .ping)
            try await socket.send("NG ", .continuation, isFinal: false)
            try await socket.send("x", .continuation)
            let pong = try #require(await socket.frame())
            #expect(pong.opcode == .pong && pong.text == "are you there")
            #expect(try await socket.frame()?.text == ":singer.local PONG singer.local :x")
            try await socket.send([3, 232], .close)
            while let frame = try await socket.frame() {
                if frame.opcode == .close { return #expect(frame.payload.prefix(2) == [3, 232]) }
            }
            Issue.record("no answer to a close frame")
        }
    }

    @Test func `a page from elsewhere is refused, one that is listed is not`() async throws {
        let origins: Set<String> = ["https://chat.example"]
        try await withSocket(origins: origins, headers: ["Origin: https://evil.example"]) { head, socket in
            #expect(head.hasPrefix("HTTP/1.1 4"))
            let said = try await socket.frame()?.text
            #expect(said == nil)
        }
        try await withSocket(origins: origins, headers: ["Origin: https://chat.example"]) { head, _ in #expect(head.hasPrefix("HTTP/1.1 101 ")) }
        try await withSocket(origins: origins) { head, _ in #expect(head.hasPrefix("HTTP/1.1 101 ")) }
    }

    @Test(arguments: [true, false]) func `a message over every limit ends the connection`(isInOnePiece: Bool) async throws {
        try await withSocket { _, socket in
            let size = Limits.lineBytesMax * 2 + 1
            if isInOnePiece {
                try? await socket.send(String(repeating: "x", count: size), .text)
            } else {
                try? await socket.send(String(repeating: "x", count: size / 2 + 1), .text, isFinal: false)
                try? await socket.send(String(repeating: "x", count: size / 2 + 1), .continuation)
            }
            while let frame = try? await socket.frame() { #expect(frame.opcode == .close) }
        }
    }
}

/// What a client of RFC 6455 writes and reads.
struct WebSocketClient {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    struct Frame {
        let opcode: Opcode
        let isFinal: Bool
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    private var client: LiveClient
    private var unread: [UInt8] = []

    init(_ client: LiveClient) { self.client = client }

    /// The head of the answer.
    mutating func shakeHands(_ headers: [String]) async throws -> String {
        let fixed = [
            "GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        try await client.send((fixed + headers + ["", ""]).joined(separator: "\r\n"))
        let end: [UInt8] = [13, 10, 13, 10]
        while true {
            if let start = (0..<max(0, unread.count - 3)).first(where: { Array(unread[$0..<($0 + 4)]) == end }) {
                defer { unread.removeFirst(start + 4) }
                return String(decoding: unread[..<start], as: UTF8.self)
            }
            guard try await more() else { return String(decoding: unread, as: UTF8.self) }
        }
    }

    mutating func send(_ text: String, _ opcode: Opcode, isFinal: Bool = true) async throws { try await send(Array(text.utf8), opcode, isFinal: isFinal) }

    /// What clients send is masked.
    mutating func send(_ payload: [UInt8], _ opcode: Opcode, isFinal: Bool = true) async throws {
        var frame: [UInt8] = [opcode.rawValue | (isFinal ? 0x80 : 0)]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
        }
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index % 4]) }
        try await client.send(frame)
    }

    /// `nil` at the end. What servers send is not masked.
    mutating func frame() async throws -> Frame? {
        while true {
            if let frame = take() { return frame }
            guard try await more() else { return nil }
        }
    }

    private mutating func take() -> Frame? {
        guard unread.count >= 2, let opcode = Opcode(rawValue: unread[0] & 0x0F) else { return nil }
        #expect(unread[1] & 0x80 == 0)
        var length = Int(unread[1])
        var start = 2
        if length == 126 {
            guard unread.count >= 4 else { return nil }
            length = Int(unread[2]) << 8 | Int(unread[3])
            start = 4
        }
        guard unread.count >= start + length else { return nil }
        defer { unread.removeFirst(start + length) }
        return Frame(opcode: opcode, isFinal: unread[0] & 0x80 != 0, payload: Array(unread[start..<(start + length)]))
    }

    private mutating func more() async throws -> Bool {
        guard let bytes = try await client.read() else { return false }
        unread += bytes
        return true
    }
}
