internal import SingerCore

/// MARKREAD (IRCv3 draft/read-marker).
extension IRCServer {
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

    func replyMarker(_ call: IRCCall, _ target: String) {
        guard let user = call.client.user else { return }
        call.reply(marker(user, target))
    }

    private func marker(_ user: IRCUser, _ target: String) -> IRCOutgoing {
        let time = readMarkers[user.key]?[target.ircFolded].map { "timestamp=" + Timestamp.utc($0) }
        return IRCOutgoing("MARKREAD", [target, time ?? "*"], source: serverName)
    }
}
