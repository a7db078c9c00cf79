internal import NIOCore
internal import SingerCore

/// One command of one client, and what it is answered with.
final class IRCCall {
    let client: IRCClient
    let message: IRCMessage
    /// As it was sent; empty for a call that no line made.
    let line: String
    var replies: [IRCReply] = []
    /// The reply comes with a later command: the label is kept until then.
    var isDeferred = false
    /// Overrides the label of the message.
    var label: String?
    /// The connection ends after the replies.
    var closes = false

    init(client: IRCClient, message: IRCMessage, line: String = "") {
        self.client = client
        self.message = message
        self.line = line
        label = message.tags.isEmpty || !client.capabilities.contains(.labeledResponse) ? nil : message.tag("label")?.value
    }

    var parameters: [String] { message.parameters }

    /// All that stands behind the command, as it was typed: a text has its colons and spaces. Where IRC has a last parameter with a colon before
    /// it, at the beginning of the text, the colon goes.
    ///
    /// - Parameter words: how many words come before the text.
    func rest(textAfter words: Int) -> String {
        var rest = Substring(line).drop { $0 == " " }
        func word() -> Substring {
            let word = rest.prefix { $0 != " " }
            rest = rest.dropFirst(word.count).drop { $0 == " " }
            return word
        }
        for sign in ["@", ":"] where rest.hasPrefix(sign) { _ = word() }
        _ = word()
        // Which may be all that there is, and even then clients put a colon before it.
        if words > 0, rest.first == ":" { rest = rest.dropFirst() }
        var typed = (0..<words).map { _ in String(word()) }.filter { !$0.isEmpty }
        let text = rest.first == ":" ? rest.dropFirst() : rest
        if !text.isEmpty { typed.append(String(text)) }
        return typed.joined(separator: " ")
    }

    /// `nil` when it is missing or empty.
    func parameter(_ index: Int) -> String? {
        guard message.parameters.indices.contains(index), !message.parameters[index].isEmpty else { return nil }
        return message.parameters[index]
    }

    func reply(_ message: IRCOutgoing) { replies.append(.message(message)) }

    func batch(_ type: String, _ parameters: [String] = [], opening: IRCOutgoing? = nil, _ replies: [IRCReply]) {
        self.replies.append(.batch(type: type, parameters: parameters, opening: opening, replies))
    }
}

extension IRCServer {
    /// `:server 461 nick PARAMETERS :text`
    func numeric(_ numeric: IRCNumeric, _ call: IRCCall, _ parameters: [String] = [], _ text: String? = nil) {
        call.reply(message(numeric, to: call.client, parameters, text))
    }

    func message(_ numeric: IRCNumeric, to client: IRCClient, _ parameters: [String] = [], _ text: String? = nil) -> IRCOutgoing {
        var message = IRCOutgoing(numeric.rawValue, [client.user?.nick ?? client.registration.nick ?? "*"] + parameters, source: serverName, text: text)
        // What follows the nick may be a text in itself: clients of all ages expect the colon there.
        message.endsInText = true
        return message
    }

    /// IRCv3 standard replies.
    func fail(_ call: IRCCall, _ command: String, _ code: String, _ context: [String] = [], _ text: String) {
        call.reply(IRCOutgoing("FAIL", [command, code] + context, source: serverName, text: text))
    }

    func warn(_ call: IRCCall, _ command: String, _ code: String, _ context: [String] = [], _ text: String) {
        call.reply(IRCOutgoing("WARN", [command, code] + context, source: serverName, text: text))
    }

    func needMoreParameters(_ call: IRCCall) {
        numeric(.needMoreParameters, call, [call.message.verb], "Not enough parameters")
    }

    /// Puts the replies to a command into the client's output: with its label, in a batch when they are several (IRCv3 labeled-response).
    func finish(_ call: IRCCall) {
        guard !call.isDeferred else { return }
        var replies = call.replies
        if let label = call.label {
            let tag = IRCMessage.Tag("label", label)
            switch replies.count {
            case 0:
                var ack = IRCOutgoing("ACK", source: serverName)
                ack.responseTags = [tag]
                replies = [.message(ack)]
            case 1:
                switch replies[0] {
                case .message(var message):
                    message.responseTags.insert(tag, at: 0)
                    replies = [.message(message)]
                case .batch(let type, let parameters, var opening, let inner):
                    if opening == nil { opening = IRCOutgoing("BATCH", source: serverName) }
                    opening?.responseTags.insert(tag, at: 0)
                    replies = [.batch(type: type, parameters: parameters, opening: opening, inner)]
                }
            default:
                if call.client.capabilities.contains(.batch) {
                    var opening = IRCOutgoing("BATCH", source: serverName)
                    opening.responseTags = [tag]
                    replies = [.batch(type: "labeled-response", parameters: [], opening: opening, replies)]
                }
            }
        }
        guard !replies.isEmpty else { return }
        send(to: call.client) { bytes in
            for reply in replies { write(reply, in: nil, for: call.client.capabilities, to: &bytes) }
        }
    }

    /// Puts the replies there are so far into the output, before something is waited for. Those to a command with a label stay together.
    func tellSoFar(_ call: IRCCall) {
        guard call.label == nil else { return }
        finish(call)
        call.replies = []
    }

    func write(_ reply: IRCReply, in batch: String?, for capabilities: IRCCapabilities, to bytes: inout ByteBuffer) {
        let inside = batch.map { [IRCMessage.Tag("batch", $0)] } ?? []
        switch reply {
        case .message(let message) where batch == nil:
            message.write(for: capabilities, to: &bytes)
        case .message(var message):
            if message.responseTags.first(where: { $0.key == "batch" }) == nil { message.responseTags += inside }
            message.write(for: capabilities, to: &bytes)
        case .batch(let type, let parameters, let opening, let replies):
            // Who does not know batches gets what is in them.
            guard capabilities.contains(.batch) else {
                for reply in replies { write(reply, in: nil, for: capabilities, to: &bytes) }
                return
            }
            let reference = nextBatch()
            var start = opening ?? IRCOutgoing("BATCH", source: serverName)
            start.command = "BATCH"
            start.parameters = ["+" + reference, type] + parameters
            start.endsInText = false
            start.responseTags += inside
            start.write(for: capabilities, to: &bytes)
            for reply in replies { write(reply, in: reference, for: capabilities, to: &bytes) }
            var end = IRCOutgoing("BATCH", ["-" + reference], source: start.source ?? serverName)
            end.responseTags = inside
            end.write(for: capabilities, to: &bytes)
        }
    }
}
