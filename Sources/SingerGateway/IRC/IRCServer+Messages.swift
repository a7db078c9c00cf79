internal import NIOCore
internal import SingerCore

/// PRIVMSG, NOTICE, TAGMSG: in channels, between users, to views and to the service.
extension IRCServer {
    /// To several at once, or to others than ordinary channels.
    func privateMessage(_ call: IRCCall) async {
        guard let lines = lines(of: call), let list = call.parameter(0) else { return }
        let targets = Self.targets(list)
        guard targets.count <= IRCLimits.targetsMax else { return numeric(.tooManyTargets, call, [list], "Too many targets") }
        for target in targets { await say(call.message.verb, to: target, lines, call.message.clientTags, call) }
    }

    /// - Returns: whether the message goes to one ordinary channel, and was carried out: that needs nothing from elsewhere.
    func sayInChannel(_ call: IRCCall) -> Bool {
        guard let target = call.parameter(0), target.utf8.first == UInt8(ascii: "#"), !target.utf8.contains(UInt8(ascii: ",")) else { return false }
        if let lines = lines(of: call) { sayInChannel(call.message.verb, target, lines, call.message.clientTags, call) }
        return true
    }

    /// What is said; `nil`: nothing, and if that is wrong it was told.
    private func lines(of call: IRCCall) -> [IRCHistoryItem.Line]? {
        let verb = call.message.verb
        guard call.parameter(0) != nil else {
            numeric(.noRecipient, call, [], "No recipient given (\(verb))")
            return nil
        }
        if verb == "TAGMSG" { return call.message.clientTags.isEmpty ? nil : [] }
        guard let text = call.parameter(1) else {
            numeric(.noTextToSend, call, [], "No text to send")
            return nil
        }
        return [IRCHistoryItem.Line(text: text)]
    }

    /// One message, of one line or more, to one target.
    func say(_ verb: String, to target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        if IRCName.isView(target) {
            await sayToView(verb, target, lines, tags, call)
        } else if target.ircFolded == IRCName.service {
            if verb != "TAGMSG" { await sayToService(lines.map(\.text).joined(separator: "\n"), call) }
        } else if target.utf8.first == UInt8(ascii: "#") {
            sayInChannel(verb, target, lines, tags, call)
        } else {
            await sayToUser(verb, target, lines, tags, call)
        }
    }

    /// A message as it is kept and sent; `nil`: it is too long, and that was told.
    private func item(
        _ verb: String, to target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], by user: IRCUser, _ call: IRCCall
    ) -> IRCHistoryItem? {
        let item = IRCHistoryItem(
            messageID: messageIDs.next(), time: now, source: user.source, party: user.key, account: user.account?.name, isBot: user.isBot, command: verb,
            target: target, lines: lines, clientTags: tags)
        if item.lines.allSatisfy({ item.outgoing($0).isWhole }) { return item }
        numeric(.inputTooLong, call, [], "The line would be too long for its receivers")
        return nil
    }

    private func sayInChannel(_ verb: String, _ target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) {
        guard let user = call.client.user else { return }
        let isSilent = verb == "NOTICE"
        guard let channel = channels[target.ircFolded] else {
            if !isSilent { numeric(.noSuchChannel, call, [target], "No such channel") }
            return
        }
        guard channel.hears(user) else {
            if !isSilent { numeric(.cannotSendToChannel, call, [target], "Cannot send to channel") }
            return
        }
        guard let item = item(verb, to: channel.name, lines, tags, by: user, call) else { return }
        if item.isKept { channel.history.append(item) }
        let client = call.client
        if client.capabilities.contains(.echoMessage) { call.replies += replies(of: item, for: client.capabilities) }
        guard verb != "TAGMSG" else {
            var fanout = fanout(item)
            return send(&fanout, to: channel, except: client) { $0.contains(.messageTags) }
        }
        relay(in: channel, from: client) { write(item, for: $0, to: &$1) }
        if verb == "PRIVMSG", channel.members[user.number] != nil { client.speech = IRCSpeech(to: target, channel, user) }
    }

    private func sayToUser(_ verb: String, _ target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        guard let user = call.client.user else { return }
        guard let receiver = users[target.ircFolded] else {
            guard verb != "NOTICE" else { return }
            let isKnown = await followees(of: call.client, unlessHere: [target])[target.ircFolded] != nil
            let text = isKnown ? "Private words reach only those who are connected to this peer" : "No such nick/channel"
            return numeric(.noSuchNick, call, [target], text)
        }
        guard let item = item(verb, to: receiver.nick, lines, tags, by: user, call) else { return }
        if item.isKept {
            keep(item, in: user.key, with: receiver.nick)
            if receiver !== user { keep(item, in: receiver.key, with: user.nick) }
        }
        var fanout = fanout(item)
        for client in receiver.clients where verb != "TAGMSG" || client.capabilities.contains(.messageTags) {
            send(fanout.bytes(for: client.capabilities), to: client)
        }
        if call.client.capabilities.contains(.echoMessage) { call.replies += replies(of: item, for: call.client.capabilities) }
        if receiver !== user {
            for client in user.clients where client !== call.client && (verb != "TAGMSG" || client.capabilities.contains(.messageTags)) {
                send(fanout.bytes(for: client.capabilities), to: client)
            }
        }
        if verb == "PRIVMSG", let away = receiver.away { numeric(.away, call, [receiver.nick], away) }
    }

    private func keep(_ item: IRCHistoryItem, in key: IRCPartyKey, with nick: String) {
        let folded = nick.ircFolded
        var mine = conversations[key, default: [:]]
        if mine[folded] == nil, mine.count >= IRCLimits.historyConversationsMax,
            let oldest = mine.min(by: { $0.value.history.last?.time ?? 0 < $1.value.history.last?.time ?? 0 })
        {
            mine[oldest.key] = nil
        }
        var conversation = mine[folded] ?? IRCConversation(nick: nick, history: IRCHistory(in: histories))
        conversation.nick = nick
        conversation.history.append(item)
        mine[folded] = conversation
        conversations[key] = mine
    }

    /// The item rendered once for each set of capabilities that changes the bytes.
    private func fanout(_ item: IRCHistoryItem) -> IRCFanout {
        IRCFanout(relevant: .saying) { [self] in write(item, for: $0, to: &$1) }
    }

    /// Writes a message as a client with these capabilities is sent it.
    func write(_ item: IRCHistoryItem, for capabilities: IRCCapabilities, to bytes: inout ByteBuffer) {
        for reply in replies(of: item, for: capabilities) { write(reply, in: nil, for: capabilities, to: &bytes) }
    }

    /// A message as a client with these capabilities sees it: in one batch, or line by line.
    func replies(of item: IRCHistoryItem, for capabilities: IRCCapabilities) -> [IRCReply] {
        if let event = item.event { return [.message(capabilities.contains(.extendedJoin) ? event.extended ?? event.message : event.message)] }
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
    /// Who is typing is of no interest later.
    fileprivate var isKept: Bool {
        guard command == "TAGMSG" else { return true }
        let lasting: Set<String> = ["+draft/persist", "+draft/react", "+draft/unreact", "+react", "+unreact"]
        return clientTags.contains { lasting.contains($0.key) }
    }
}
