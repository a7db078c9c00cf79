internal import SingerCore
internal import SingerNode

/// MARKREAD (IRCv3 draft/read-marker).
extension IRCServer {
    func markRead(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        guard let target = call.parameter(0) else { return fail(call, "MARKREAD", "NEED_MORE_PARAMS", [], "Missing parameters") }
        guard target.utf8.count <= Limits.clientNameBytesMax else {
            return fail(call, "MARKREAD", "INVALID_PARAMS", [], "No name is that long")
        }
        guard call.parameters.count > 1 else { return replyMarker(call, target) }
        let value = call.parameters[1]
        guard value.hasPrefix("timestamp="), let time = Timestamp.parse(String(value.dropFirst(10))), time >= 0 else {
            return fail(call, "MARKREAD", "INVALID_PARAMS", [target], "A marker is timestamp=YYYY-MM-DDThh:mm:ss.sssZ, of 1970 or later")
        }
        let folded = target.ircFolded
        let key = user.key
        if let old = kept[key]?.readMarkers[folded], old >= time { return replyMarker(call, target) }
        do {
            if let login = call.client.login { try await node.setReadMarker(login, at: folded, time) }
        } catch {
            return fail(call, "MARKREAD", "INTERNAL_ERROR", [target], Failure(error).text)
        }
        guard user.key == key, !call.client.isGone else { return }
        kept[key, default: ClientState()].mark(folded, time)
        replyMarker(call, target)
        for client in sessions(of: user) where client !== call.client && client.capabilities.contains(.readMarker) {
            send(marker(user, target), to: client)
        }
    }

    func replyMarker(_ call: IRCCall, _ target: String) {
        guard let user = call.client.user else { return }
        call.reply(marker(user, target))
    }

    private func marker(_ user: IRCUser, _ target: String) -> IRCOutgoing {
        let time = kept[user.key]?.readMarkers[target.ircFolded].map { "timestamp=" + Timestamp.utc($0) }
        return IRCOutgoing("MARKREAD", [target, time ?? "*"], source: serverName)
    }
}
