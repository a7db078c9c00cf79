internal import SingerCore

/// PRIVMSG, NOTICE, TAGMSG: in channels, between users, to views and to the service.
extension IRCServer {
    func privateMessage(_ call: IRCCall) async {
        let verb = call.message.verb
        guard let list = call.parameter(0) else { return numeric(.noRecipient, call, [], "No recipient given (\(verb))") }
        let isTagMessage = verb == "TAGMSG"
        let text = call.parameters.count > 1 ? call.parameters[1] : ""
        guard isTagMessage || !text.isEmpty else { return numeric(.noTextToSend, call, [], "No text to send") }
        guard !isTagMessage || !call.message.clientTags.isEmpty else { return }
        let targets = Self.targets(list)
        guard targets.count <= IRCLimits.targetsMax else { return numeric(.tooManyTargets, call, [list], "Too many targets") }
        let lines = isTagMessage ? [] : [IRCHistoryItem.Line(text: text)]
        for target in targets { await say(verb, to: target, lines, call.message.clientTags, call) }
    }

    /// One message, of one line or more, to one target.
    func say(_ verb: String, to target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        guard let user = call.client.user else { return }
        if IRCName.isView(target) { return await sayToView(verb, target, lines, tags, call) }
        if target.ircFolded == IRCName.service {
            if verb != "TAGMSG" { await sayToService(lines.map(\.text).joined(separator: "\n"), call) }
            return
        }
        let item = IRCHistoryItem(
            messageID: newMessageID(), time: now, source: user.source, party: user.key, account: user.account?.name, isBot: user.isBot, command: verb,
            target: target, lines: lines, clientTags: tags)
        guard item.lines.allSatisfy({ item.outgoing($0).isWhole }) else {
            return numeric(.inputTooLong, call, [], "The line would be too long for its receivers")
        }
        if target.utf8.first == UInt8(ascii: "#") {
            sayInChannel(item, user, call)
        } else {
            await sayToUser(item, user, call)
        }
    }

    private func sayInChannel(_ item: IRCHistoryItem, _ user: IRCUser, _ call: IRCCall) {
        let isSilent = item.command == "NOTICE"
        guard let channel = channels[item.target.ircFolded] else {
            if !isSilent { numeric(.noSuchChannel, call, [item.target], "No such channel") }
            return
        }
        let member = channel.members[user.number]
        let isMuted = channel.modes.contains("m") && member?.isOperator != true && member?.isVoiced != true
        guard member != nil || !channel.modes.contains("n"), !isMuted else {
            if !isSilent { numeric(.cannotSendToChannel, call, [item.target], "Cannot send to channel") }
            return
        }
        let item = item.to(channel.name)
        if item.isKept { channel.history.append(item) }
        if call.client.capabilities.contains(.echoMessage) { call.replies += replies(of: item, for: call.client.capabilities) }
        var fanout = fanout(item)
        send(&fanout, to: channel, except: call.client) { item.command != "TAGMSG" || $0.contains(.messageTags) }
    }

    private func sayToUser(_ item: IRCHistoryItem, _ user: IRCUser, _ call: IRCCall) async {
        guard let receiver = users[item.target.ircFolded] else {
            guard item.command != "NOTICE" else { return }
            let isKnown = await followees(of: call.client, unlessHere: [item.target])[item.target.ircFolded] != nil
            let text = isKnown ? "Private words reach only those who are connected to this peer" : "No such nick/channel"
            return numeric(.noSuchNick, call, [item.target], text)
        }
        let item = item.to(receiver.nick)
        if item.isKept {
            keep(item, in: user.key, with: receiver.nick)
            if receiver !== user { keep(item, in: receiver.key, with: user.nick) }
        }
        var fanout = fanout(item)
        for client in receiver.clients where item.command != "TAGMSG" || client.capabilities.contains(.messageTags) {
            send(fanout.bytes(for: client.capabilities), to: client)
        }
        if call.client.capabilities.contains(.echoMessage) { call.replies += replies(of: item, for: call.client.capabilities) }
        if receiver !== user {
            for client in user.clients where client !== call.client && (item.command != "TAGMSG" || client.capabilities.contains(.messageTags)) {
                send(fanout.bytes(for: client.capabilities), to: client)
            }
        }
        if item.command == "PRIVMSG", let away = receiver.away { numeric(.away, call, [receiver.nick], away) }
    }

    private func keep(_ item: IRCHistoryItem, in key: IRCPartyKey, with nick: String) {
        let folded = nick.ircFolded
        var mine = conversations[key, default: [:]]
        if mine[folded] == nil, mine.count >= IRCLimits.historyConversationsMax,
            let oldest = mine.min(by: { $0.value.history.items.last?.time ?? 0 < $1.value.history.items.last?.time ?? 0 })
        {
            mine[oldest.key] = nil
        }
        mine[folded, default: IRCConversation(nick: nick)].nick = nick
        mine[folded]?.history.append(item)
        conversations[key] = mine
    }

    /// The item rendered once for each set of capabilities that changes the bytes.
    func fanout(_ item: IRCHistoryItem) -> IRCFanout {
        IRCFanout(relevant: IRCCapabilities.tagged.union([.batch, .multiline])) { [self] capabilities in
            var text = ""
            for reply in replies(of: item, for: capabilities) { write(reply, in: nil, for: capabilities, to: &text) }
            return text
        }
    }

    /// A message as a client with these capabilities sees it: in one batch, or line by line.
    func replies(of item: IRCHistoryItem, for capabilities: IRCCapabilities) -> [IRCReply] {
        if let event = item.event { return [.message(capabilities.contains(.extendedJoin) ? item.extended ?? event : event)] }
        if item.lines.count > 1, capabilities.isSuperset(of: [.batch, .multiline]) {
            var opening = item.outgoing(nil)
            opening.messageID = item.messageID
            opening.clientTags = item.clientTags
            let lines = item.lines.map { line -> IRCReply in
                var message = IRCOutgoing(item.command, [item.target], source: item.source, text: line.text)
                if line.isContinued { message.responseTags = [IRCMessage.Tag("draft/multiline-concat")] }
                return .message(message)
            }
            return [.batch(type: "draft/multiline", parameters: [item.target], opening: opening, lines)]
        }
        var messages = item.lines.filter { item.lines.count == 1 || !$0.text.isEmpty }.map { item.outgoing($0) }
        if item.lines.isEmpty { messages = capabilities.contains(.messageTags) ? [item.outgoing(nil)] : [] }
        for index in messages.indices {
            messages[index].clientTags = item.clientTags
            if index == 0 { messages[index].messageID = item.messageID }
        }
        return messages.map { .message($0) }
    }

    func redact(_ call: IRCCall) async {
        guard let user = call.client.user else { return }
        let (target, messageID) = (call.parameters[0], call.parameters[1])
        func unknown() { fail(call, "REDACT", "UNKNOWN_MSGID", [target, messageID], "There is no such message, or it is too old") }
        if IRCName.isView(target) { return await redactInView(target, messageID, call) }
        var message = action(of: user, "REDACT", [target, messageID], text: call.parameter(2))
        if target.utf8.first == UInt8(ascii: "#") {
            guard let channel = channels[target.ircFolded], channel.members[user.number] != nil else {
                return fail(call, "REDACT", "INVALID_TARGET", [target], "You're not on that channel")
            }
            guard let item = channel.history.item(messageID), item.event == nil else { return unknown() }
            guard item.party == user.key || channel.isOperator(user) else {
                return fail(call, "REDACT", "REDACT_FORBIDDEN", [target, messageID], "Only its author, or an operator, may do that")
            }
            channel.history.remove(messageID)
            message.parameters[0] = channel.name
            send(message, to: channel, except: call.client, having: .messageRedaction)
        } else {
            guard let item = conversations[user.key]?[target.ircFolded]?.history.item(messageID) else { return unknown() }
            guard item.party == user.key else {
                return fail(call, "REDACT", "REDACT_FORBIDDEN", [target, messageID], "Only its author may do that")
            }
            conversations[user.key]?[target.ircFolded]?.history.remove(messageID)
            if let other = users[target.ircFolded] {
                message.parameters[0] = other.nick
                conversations[other.key]?[user.nick.ircFolded]?.history.remove(messageID)
                if other !== user { send(message, to: other, having: .messageRedaction) }
            }
            send(message, to: user, except: call.client, having: .messageRedaction)
        }
        if call.client.capabilities.contains(.messageRedaction) { call.reply(message) }
    }
}

extension IRCHistoryItem {
    /// With the target as it is written where it goes.
    func to(_ target: String) -> Self {
        var copy = self
        copy.target = target
        return copy
    }

    /// Who is typing is of no interest later.
    fileprivate var isKept: Bool {
        guard command == "TAGMSG" else { return true }
        let lasting: Set<String> = ["+draft/persist", "+draft/react", "+draft/unreact", "+react", "+unreact"]
        return clientTags.contains { lasting.contains($0.key) }
    }
}
