internal import NIOCore
internal import SingerCore

/// A message on its way to clients, before it is known what each of them negotiated.
struct IRCOutgoing: Sendable {
    var source: String?
    var command: String
    var parameters: [String]
    /// Whether the last parameter is a text; a text is always introduced by a colon.
    var endsInText: Bool
    var time: Milliseconds?
    var messageID: String?
    /// The account of the source.
    var account: String?
    var isBot = false
    /// What the sender's client tells the receivers' clients.
    var clientTags: [IRCMessage.Tag] = []
    /// batch, label, draft/multiline-concat: only ever set for clients that know them.
    var responseTags: [IRCMessage.Tag] = []

    init(_ command: String, _ parameters: [String] = [], source: String? = nil, text: String? = nil) {
        self.command = command
        self.parameters = parameters
        if let text { self.parameters.append(text) }
        self.endsInText = text != nil
        self.source = source
    }

    /// Writes the line with its CRLF for a client with these capabilities. What would be over 512 bytes without tags is cut between characters.
    func write(for capabilities: IRCCapabilities, to buffer: inout ByteBuffer) {
        writeTags(for: capabilities, to: &buffer)
        let start = buffer.writerIndex
        writeBody(to: &buffer)
        if buffer.writerIndex - start > IRCMessage.bytesMax {
            var end = start + IRCMessage.bytesMax
            while end > start, buffer.getInteger(at: end, as: UInt8.self).map({ $0 & 0xC0 == 0x80 }) == true { end -= 1 }
            buffer.moveWriterIndex(to: end)
        }
        buffer.writeStaticString("\r\n")
    }

    /// `@time=…;account=… `, or nothing.
    func writeTags(for capabilities: IRCCapabilities, to buffer: inout ByteBuffer) {
        guard !responseTags.isEmpty || !capabilities.isDisjoint(with: .tagged) else { return }
        let start = buffer.writerIndex
        func mark(_ buffer: inout ByteBuffer) { buffer.writeStaticString(buffer.writerIndex == start ? "@" : ";") }
        func put(_ tag: IRCMessage.Tag, to buffer: inout ByteBuffer) {
            mark(&buffer)
            buffer.writeString(tag.key)
            guard let value = tag.value, !value.isEmpty else { return }
            buffer.writeStaticString("=")
            buffer.writeString(IRCMessage.escape(value))
        }
        for tag in responseTags { put(tag, to: &buffer) }
        if let time, capabilities.contains(.serverTime) {
            mark(&buffer)
            buffer.writeStaticString("time=")
            buffer.writeString(Timestamp.utc(time))
        }
        if let account, capabilities.contains(.accountTag) { put(IRCMessage.Tag("account", account), to: &buffer) }
        if capabilities.contains(.messageTags) {
            if let messageID { put(IRCMessage.Tag("msgid", messageID), to: &buffer) }
            if isBot { put(IRCMessage.Tag("bot"), to: &buffer) }
            for tag in clientTags { put(tag, to: &buffer) }
        }
        if buffer.writerIndex > start { buffer.writeStaticString(" ") }
    }

    private func writeBody(to buffer: inout ByteBuffer) {
        if let source {
            buffer.writeStaticString(":")
            buffer.writeString(source)
            buffer.writeStaticString(" ")
        }
        buffer.writeString(command)
        for (index, parameter) in parameters.enumerated() {
            buffer.writeStaticString(" ")
            guard index == parameters.count - 1 else {
                buffer.writeString(Self.middle(parameter))
                continue
            }
            if endsInText || parameter.isEmpty || parameter.utf8.first == UInt8(ascii: ":") || parameter.utf8.contains(32) {
                buffer.writeStaticString(":")
            }
            buffer.writeString(parameter)
        }
    }

    /// The line without tags and ending, however long it is.
    var body: String {
        var buffer = ByteBuffer()
        writeBody(to: &buffer)
        return String(buffer: buffer)
    }

    func line(for capabilities: IRCCapabilities) -> String {
        var buffer = ByteBuffer()
        write(for: capabilities, to: &buffer)
        return String(buffer: buffer)
    }

    /// A parameter that is not the last: what can't stand there, because it is empty or would be read as the last, is cut to what can.
    private static func middle(_ parameter: String) -> String {
        guard parameter.isEmpty || parameter.utf8.first == UInt8(ascii: ":") || parameter.utf8.contains(32) else { return parameter }
        let word = parameter.drop { $0 == " " || $0 == ":" }.prefix { $0 != " " }
        return word.isEmpty ? "*" : String(word)
    }

    /// Kept in one piece by every receiver.
    var isWhole: Bool {
        // Longer than it is, by no more than what parts the words.
        let bytes = (source?.utf8.count ?? 0) + command.utf8.count + parameters.reduce(0) { $0 + $1.utf8.count } + parameters.count + 3
        guard bytes > IRCMessage.bytesMax else { return true }
        return body.utf8.count <= IRCMessage.bytesMax
    }
}

/// One message, or several, for many receivers: rendered once for each set of capabilities that changes the bytes.
struct IRCFanout {
    private let write: (IRCCapabilities, inout ByteBuffer) -> Void
    private let relevant: IRCCapabilities
    private var rendered: [(capabilities: IRCCapabilities, bytes: ByteBuffer)] = []

    init(_ message: IRCOutgoing) {
        self.init(relevant: .tagged) { message.write(for: $0, to: &$1) }
    }

    init(relevant: IRCCapabilities, write: @escaping (IRCCapabilities, inout ByteBuffer) -> Void) {
        self.relevant = relevant
        self.write = write
    }

    mutating func bytes(for capabilities: IRCCapabilities) -> ByteBuffer {
        let key = capabilities.intersection(relevant)
        if let known = rendered.first(where: { $0.capabilities == key }) { return known.bytes }
        var bytes = ByteBuffer()
        write(key, &bytes)
        rendered.append((key, bytes))
        return bytes
    }
}

/// What a command is answered with.
enum IRCReply {
    case message(IRCOutgoing)
    case batch(type: String, parameters: [String], opening: IRCOutgoing?, [IRCReply])
}
