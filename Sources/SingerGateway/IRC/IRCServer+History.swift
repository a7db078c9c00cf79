internal import SingerCore
internal import SingerNode

/// CHATHISTORY (IRCv3 draft/chathistory).
extension IRCServer {
    func chatHistory(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        guard let subcommand = call.parameter(0)?.asciiUppercased else {
            return fail(call, "CHATHISTORY", "INVALID_PARAMS", ["*"], "Insufficient parameters")
        }
        func refuse(_ code: String, _ text: String) { fail(call, "CHATHISTORY", code, [subcommand], text) }
        let counts = ["LATEST": 4, "BEFORE": 4, "AFTER": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4]
        guard let count = counts[subcommand] else { return refuse("INVALID_PARAMS", "Unknown command") }
        guard call.parameters.count >= count else { return refuse("INVALID_PARAMS", "Insufficient parameters") }
        guard call.parameters.count == count else { return refuse("INVALID_PARAMS", "Too many parameters") }
        guard let limit = Int(call.parameters[count - 1]), limit >= 0 else { return refuse("INVALID_PARAMS", "The limit must be a number") }
        let rows = limit == 0 ? IRCLimits.historyRowsMax : min(limit, IRCLimits.historyRowsMax)
        let bounds = call.parameters[(subcommand == "TARGETS" ? 1 : 2)..<(count - 1)]
        var selectors: [HistoryBound?] = []
        var messageIDs: [String?] = []
        for bound in bounds {
            if bound == "*", subcommand == "LATEST" {
                selectors.append(nil)
                messageIDs.append(nil)
            } else if bound.hasPrefix("timestamp="), let time = Timestamp.parse(String(bound.dropFirst(10))) {
                selectors.append(.time(time))
                messageIDs.append(nil)
            } else if bound.hasPrefix("msgid="), subcommand != "TARGETS" {
                selectors.append(nil)
                messageIDs.append(String(bound.dropFirst(6)))
            } else {
                return refuse("INVALID_PARAMS", "A place is msgid=… or timestamp=…")
            }
        }
        if subcommand == "TARGETS" {
            guard case .time(let from)? = selectors[0], case .time(let to)? = selectors[1] else { return }
            return await targets(from, to, rows, user, call)
        }
        let target = call.parameters[1]
        let places = zip(selectors, messageIDs).map { IRCPlace(bound: $0, messageID: $1) }
        if IRCName.isView(target) { return await viewHistory(subcommand, target, places, rows, call) }
        let history: IRCHistory?
        if target.utf8.first == UInt8(ascii: "#") {
            guard let channel = channels[target.ircFolded], channel.members[user.number] != nil else {
                return fail(call, "CHATHISTORY", "INVALID_TARGET", [subcommand, target], "No history of that can be shown")
            }
            history = channel.history
        } else {
            history = conversations[user.key]?[target.ircFolded]?.history
        }
        let items = history?.items(subcommand, places, rows, for: call.client.capabilities) ?? []
        // As it was asked for: by that clients find what they asked.
        call.batch("chathistory", [target], items.flatMap { replies(of: $0, for: call.client.capabilities) })
    }

    /// With whom, and where, something was said last in a span of time.
    private func targets(_ a: Milliseconds, _ b: Milliseconds, _ limit: Int, _ user: IRCUser, _ call: IRCCall) async {
        var found: [(name: String, time: Milliseconds)] = []
        for channel in user.channels.values { if let last = channel.history.lastMessage { found.append((channel.name, last)) } }
        for conversation in (conversations[user.key] ?? [:]).values {
            if let last = conversation.history.lastMessage { found.append((conversation.nick, last)) }
        }
        for view in call.client.views.values { if let last = await lastPost(in: view, call.client) { found.append((view.channel, last)) } }
        let span = min(a, b)...max(a, b)
        found = found.filter { $0.time > span.lowerBound && $0.time < span.upperBound }.sorted { $0.time < $1.time }
        // The limit counts from the first bound on.
        found = a <= b ? Array(found.prefix(limit)) : Array(found.suffix(limit))
        let replies = found.map { IRCReply.message(IRCOutgoing("CHATHISTORY", ["TARGETS", $0.name, Timestamp.utc($0.time)], source: serverName)) }
        call.batch("draft/chathistory-targets", [], replies)
    }
}
