internal import SingerCore

/// A message of several lines while it is sent (IRCv3 draft/multiline).
struct IRCMultiline: Sendable {
    let reference: String
    let target: String
    let label: String?
    let clientTags: [IRCMessage.Tag]
    var verb: String?
    var lines: [IRCHistoryItem.Line] = []
    var bytes = 0
}

extension IRCServer {
    func batch(_ call: IRCCall) async {
        let client = call.client
        let reference = String(call.parameters[0].dropFirst())
        if call.parameters[0].hasPrefix("+") {
            guard client.multiline == nil else { return invalid(call, "MULTILINE_INVALID", [], "Another batch is open") }
            guard call.parameter(1) == "draft/multiline", let target = call.parameter(2), !reference.isEmpty else {
                return fail(call, "BATCH", "UNKNOWN_TYPE", [call.parameter(1) ?? "*"], "Only draft/multiline may be sent in a batch")
            }
            client.multiline = IRCMultiline(reference: reference, target: target, label: call.label, clientTags: call.message.clientTags)
            call.isDeferred = true
            return
        }
        guard call.parameters[0].hasPrefix("-"), let multiline = client.multiline, multiline.reference == reference else {
            return fail(call, "BATCH", "INVALID_REFTAG", [call.parameters[0]], "No such batch is open")
        }
        client.multiline = nil
        if let label = multiline.label { call.label = label }
        guard multiline.lines.contains(where: { !$0.text.isEmpty }), let verb = multiline.verb else {
            return invalid(call, "MULTILINE_INVALID", [], "There is nothing in it")
        }
        await say(verb, to: multiline.target, multiline.lines, multiline.clientTags, call)
    }

    /// One more line of a message.
    func takeInBatch(_ call: IRCCall, _ reference: String) {
        guard var multiline = call.client.multiline else {
            return fail(call, "BATCH", "INVALID_REFTAG", [reference], "No such batch is open")
        }
        let verb = call.message.verb
        guard multiline.reference == reference, verb == "PRIVMSG" || verb == "NOTICE", multiline.verb ?? verb == verb else {
            return invalid(call, "MULTILINE_INVALID", [], "This line does not belong in the batch that is open")
        }
        guard call.parameters.count > 1, call.parameters[0].ircFolded == multiline.target.ircFolded else {
            return invalid(call, "MULTILINE_INVALID_TARGET", [multiline.target, call.parameters.first ?? "*"], "All lines go to one target")
        }
        let text = call.parameters[1]
        let isContinued = call.message.tag("draft/multiline-concat") != nil
        guard !isContinued || !text.isEmpty else { return invalid(call, "MULTILINE_INVALID", [], "A blank line can't continue another") }
        multiline.verb = verb
        multiline.bytes += text.utf8.count + (isContinued || multiline.lines.isEmpty ? 0 : 1)
        guard multiline.bytes <= IRCLimits.multilineBytesMax else {
            return invalid(call, "MULTILINE_MAX_BYTES", [String(IRCLimits.multilineBytesMax)], "The message is too long")
        }
        guard multiline.lines.count < IRCLimits.multilineLinesMax else {
            return invalid(call, "MULTILINE_MAX_LINES", [String(IRCLimits.multilineLinesMax)], "The message has too many lines")
        }
        multiline.lines.append(IRCHistoryItem.Line(text: text, isContinued: isContinued))
        call.client.multiline = multiline
        call.isDeferred = true
    }

    private func invalid(_ call: IRCCall, _ code: String, _ context: [String], _ text: String) {
        if let label = call.client.multiline?.label { call.label = label }
        call.client.multiline = nil
        fail(call, "BATCH", code, context, text)
    }
}
