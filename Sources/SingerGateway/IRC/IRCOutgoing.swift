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
        self.parameters = parameters + (text.map { [$0] } ?? [])
        self.endsInText = text != nil
        self.source = source
    }

    /// The line with its CRLF for a client with these capabilities. What would be over 512 bytes without tags is cut between characters.
    func line(for capabilities: IRCCapabilities) -> String {
        var tags: [String] = responseTags.map { Self.text(of: $0) }
        if let time, capabilities.contains(.serverTime) { tags.append("time=" + Timestamp.utc(time)) }
        if let account, capabilities.contains(.accountTag) { tags.append("account=" + IRCMessage.escape(account)) }
        if capabilities.contains(.messageTags) {
            if let messageID { tags.append("msgid=" + messageID) }
            if isBot { tags.append("bot") }
            for tag in clientTags { tags.append(Self.text(of: tag)) }
        }
        return (tags.isEmpty ? "" : "@" + tags.joined(separator: ";") + " ") + body.prefix(bytes: IRCMessage.bytesMax) + "\r\n"
    }

    /// The line without tags and ending.
    var body: String {
        var body = source.map { ":" + $0 + " " } ?? ""
        body += command
        for (index, parameter) in parameters.enumerated() {
            body += " "
            guard index == parameters.count - 1 else {
                body += Self.middle(parameter)
                continue
            }
            if endsInText || parameter.isEmpty || parameter.utf8.first == UInt8(ascii: ":") || parameter.utf8.contains(32) {
                body += ":"
            }
            body += parameter
        }
        return body
    }

    /// A parameter that is not the last: what can't stand there, because it is empty or would be read as the last, is cut to what can.
    private static func middle(_ parameter: String) -> String {
        guard parameter.isEmpty || parameter.utf8.first == UInt8(ascii: ":") || parameter.utf8.contains(32) else { return parameter }
        let word = parameter.drop { $0 == " " || $0 == ":" }.prefix { $0 != " " }
        return word.isEmpty ? "*" : String(word)
    }

    private static func text(of tag: IRCMessage.Tag) -> String {
        guard let value = tag.value, !value.isEmpty else { return tag.key }
        return tag.key + "=" + IRCMessage.escape(value)
    }

    /// Kept in one piece by every receiver.
    var isWhole: Bool { body.utf8.count <= IRCMessage.bytesMax }
}

/// One message, or several, for many receivers: rendered once for each set of capabilities that changes the bytes.
struct IRCFanout {
    private let render: (IRCCapabilities) -> String
    private let relevant: IRCCapabilities
    private var rendered: [IRCCapabilities: ByteBuffer] = [:]

    init(_ message: IRCOutgoing) {
        relevant = .tagged
        render = { message.line(for: $0) }
    }

    init(relevant: IRCCapabilities, render: @escaping (IRCCapabilities) -> String) {
        self.relevant = relevant
        self.render = render
    }

    mutating func bytes(for capabilities: IRCCapabilities) -> ByteBuffer {
        let key = capabilities.intersection(relevant)
        if let bytes = rendered[key] { return bytes }
        let bytes = ByteBuffer(string: render(key))
        rendered[key] = bytes
        return bytes
    }
}

/// What a command is answered with.
enum IRCReply {
    case message(IRCOutgoing)
    case batch(type: String, parameters: [String], opening: IRCOutgoing?, [IRCReply])
}
