internal import SingerCore
internal import SingerNode

/// CHATHISTORY (IRCv3 draft/chathistory) and MARKREAD (draft/read-marker).
extension IRCServer {
    func chatHistory(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        guard let subcommand = call.parameter(0)?.asciiUppercased else {
            return fail(call, "CHATHISTORY", "NEED_MORE_PARAMS", ["*"], "Missing parameters")
        }
        func refuse(_ code: String, _ text: String) { fail(call, "CHATHISTORY", code, [subcommand], text) }
        let counts = ["LATEST": 4, "BEFORE": 4, "AFTER": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4]
        guard let count = counts[subcommand] else { return refuse("UNKNOWN_COMMAND", "Unknown subcommand") }
        guard call.parameters.count >= count else { return refuse("NEED_MORE_PARAMS", "Missing parameters") }
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
        let history: IRCHistory
        if target.utf8.first == UInt8(ascii: "#") {
            guard let channel = channels[target.ircFolded], channel.members[user.number] != nil else {
                return fail(call, "CHATHISTORY", "INVALID_TARGET", [subcommand, target], "No history of that can be shown")
            }
            history = channel.history
        } else {
            history = conversations[user.key]?[target.ircFolded]?.history ?? IRCHistory()
        }
        let items = history.items(subcommand, places, rows, withEvents: call.client.capabilities.contains(.eventPlayback))
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

    // MARK: Read markers

    func markRead(_ call: IRCCall) {
        guard let user = call.client.user else { return }
        guard let target = call.parameter(0) else { return fail(call, "MARKREAD", "NEED_MORE_PARAMS", [], "Missing parameters") }
        guard call.parameters.count > 1 else { return replyMarker(call, target) }
        let value = call.parameters[1]
        guard value.hasPrefix("timestamp="), let time = Timestamp.parse(String(value.dropFirst(10))) else {
            return fail(call, "MARKREAD", "INVALID_PARAMS", [target], "A marker is timestamp=YYYY-MM-DDThh:mm:ss.sssZ")
        }
        let folded = target.ircFolded
        let old = readMarkers[user.key]?[folded]
        guard old != nil || (readMarkers[user.key]?.count ?? 0) < IRCLimits.readMarkersMax else {
            return fail(call, "MARKREAD", "INTERNAL_ERROR", [target], "Too many markers")
        }
        readMarkers[user.key, default: [:]][folded] = max(old ?? time, time)
        replyMarker(call, target)
        guard time > old ?? .min else { return }
        for client in sessions(of: user) where client !== call.client && client.capabilities.contains(.readMarker) {
            send(marker(user, target), to: client)
        }
    }

    /// All connections of a user, and of its account under other nicks.
    func sessions(of user: IRCUser) -> [IRCClient] {
        guard let account = user.account?.key else { return user.clients }
        return clients.values.filter { $0.user != nil && $0.login?.account == account }
    }

    func replyMarker(_ call: IRCCall, _ target: String) {
        guard let user = call.client.user else { return }
        call.reply(marker(user, target))
    }

    private func marker(_ user: IRCUser, _ target: String) -> IRCOutgoing {
        let time = readMarkers[user.key]?[target.ircFolded].map { "timestamp=" + Timestamp.utc($0) }
        return IRCOutgoing("MARKREAD", [target, time ?? "*"], source: serverName)
    }
}

/// A place in a history as a client names it: nothing at all is `*`.
struct IRCPlace: Hashable, Sendable {
    let bound: HistoryBound?
    let messageID: String?
}

extension IRCHistory {
    var lastMessage: Milliseconds? { items.last { $0.command == "PRIVMSG" || $0.command == "NOTICE" }?.time }

    /// A piece of it, oldest first. Bounds are exclusive, except for AROUND. A place that is not known gives nothing.
    func items(_ subcommand: String, _ places: [IRCPlace], _ limit: Int, withEvents: Bool) -> [IRCHistoryItem] {
        let all = withEvents ? items : items.filter { $0.command == "PRIVMSG" || $0.command == "NOTICE" }
        /// The first after a place, and the first not before it.
        func cut(_ place: IRCPlace) -> (from: Int, upTo: Int)? {
            if let id = place.messageID { return all.firstIndex { $0.messageID == id }.map { ($0 + 1, $0) } }
            guard case .time(let time)? = place.bound else { return (0, all.count) }
            return (all.firstIndex { $0.time > time } ?? all.count, all.firstIndex { $0.time >= time } ?? all.count)
        }
        guard let first = cut(places[0]) else { return [] }
        switch subcommand {
        case "LATEST": return Array(all[first.from...].suffix(limit))
        case "BEFORE": return Array(all[..<first.upTo].suffix(limit))
        case "AFTER": return Array(all[first.from...].prefix(limit))
        case "AROUND":
            let start = Swift.max(0, first.upTo - (limit - 1) / 2)
            return Array(all[start...].prefix(limit))
        default:
            guard places.count > 1, let second = cut(places[1]) else { return [] }
            if first.upTo <= second.upTo { return first.from < second.upTo ? Array(all[first.from..<second.upTo].prefix(limit)) : [] }
            return second.from < first.upTo ? Array(all[second.from..<first.upTo].suffix(limit)) : []
        }
    }
}

extension Timestamp {
    /// RFC 3339 in UTC: `2019-01-04T14:33:26.123Z`, with or without a fraction of the second.
    static func parse(_ text: String) -> Milliseconds? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var milliseconds: Int64 = 0
        if bytes.count > 20 {
            let digits = bytes[20..<(bytes.count - 1)]
            guard bytes[19] == UInt8(ascii: "."), (1...9).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
            for index in 0..<3 { milliseconds = milliseconds * 10 + (index < digits.count ? Int64(digits[20 + index] - 48) : 0) }
        }
        // Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + milliseconds
    }
}
