internal import SingerCore

/// JOIN, PART, NAMES, TOPIC of ordinary channels. What begins with `&` is handed on to the views.
extension IRCServer {
    func join(_ call: IRCCall) async {
        guard let user = call.client.user else {
            // irssi asks for nothing, before it says who it is.
            if call.parameter(0) != nil { numeric(.notRegistered, call, [], "You have not registered") }
            return
        }
        if call.parameters[0] == "0" {
            for channel in user.channels.values.sorted(by: { $0.name < $1.name }) { part(channel, user, call, nil) }
            return
        }
        let keys = call.parameters.count > 1 ? call.parameters[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
        for (index, name) in Self.targets(call.parameters[0]).enumerated() {
            if IRCName.isView(name) {
                tellSoFar(call)
                await joinView(name, call)
            } else if call.client.user === user {
                join(name, key: keys.indices.contains(index) ? keys[index] : nil, user, call)
            }
        }
    }

    /// The names in a comma-separated list, each once.
    static func targets(_ list: String) -> [String] {
        var seen: Set<String> = []
        return list.split(separator: ",").map(String.init).filter { seen.insert($0.ircFolded).inserted }
    }

    private func join(_ name: String, key: String?, _ user: IRCUser, _ call: IRCCall) {
        guard IRCName.isChannel(name) else { return numeric(.noSuchChannel, call, [name], "No such channel") }
        let folded = name.ircFolded
        guard user.channels[folded] == nil else { return }
        guard user.channels.count < IRCLimits.channelsPerUserMax, channels[folded] != nil || channels.count < IRCLimits.channelsMax else {
            return numeric(.tooManyChannels, call, [name], "You have joined too many channels")
        }
        let channel = channels[folded] ?? IRCChannel(name: name, history: IRCHistory(in: histories), now: now)
        if channel.modes.contains("i"), !channel.invited.contains(user.number) {
            return numeric(.inviteOnlyChannel, call, [name], "Cannot join channel (+i)")
        }
        if let needed = channel.key, key != needed { return numeric(.badChannelKey, call, [name], "Cannot join channel (+k)") }
        enter(channel, user, call)
    }

    func enter(_ channel: IRCChannel, _ user: IRCUser, _ call: IRCCall) {
        let folded = channel.name.ircFolded
        channels[folded] = channel
        channel.invited.remove(user.number)
        channel.members[user.number] = IRCChannel.Member(user: user, isOperator: channel.members.isEmpty)
        user.channels[folded] = channel
        let messageID = newMessageID()
        announce(user, in: channel, messageID, call)
        for client in user.clients where client === call.client { showChannel(channel, call) }
        for client in user.clients where client !== call.client {
            let other = IRCCall(client: client, message: IRCMessage(command: "JOIN"))
            other.reply(joinMessage(user, channel.name, client.capabilities, messageID))
            showChannel(channel, other)
            finish(other)
        }
    }

    func joinMessage(_ user: IRCUser, _ channel: String, _ capabilities: IRCCapabilities, _ messageID: String? = nil) -> IRCOutgoing {
        let isExtended = capabilities.contains(.extendedJoin)
        var message = action(
            of: user, "JOIN", isExtended ? [channel, user.account?.name ?? "*"] : [channel], text: isExtended ? user.realName : nil)
        message.messageID = messageID
        return message
    }

    /// Tells the others in the channel, and the one who joins.
    private func announce(_ user: IRCUser, in channel: IRCChannel, _ messageID: String, _ call: IRCCall) {
        call.reply(joinMessage(user, channel.name, call.client.capabilities, messageID))
        keep(
            joinMessage(user, channel.name, [], messageID), extended: joinMessage(user, channel.name, .extendedJoin, messageID), of: user, in: channel)
        var joined = IRCFanout(relevant: IRCCapabilities.tagged.union(.extendedJoin)) { [self] in
            joinMessage(user, channel.name, $0, messageID).write(for: $0, to: &$1)
        }
        var away = user.away.map { IRCFanout(action(of: user, "AWAY", text: $0)) }
        for member in channel.members.values where member.user !== user {
            for client in member.user.clients {
                send(joined.bytes(for: client.capabilities), to: client)
                if client.capabilities.contains(.awayNotify), let bytes = away?.bytes(for: client.capabilities) { send(bytes, to: client) }
            }
        }
        shareMetadata(of: user, in: channel)
    }

    /// What a client is told of a channel that it came to.
    private func showChannel(_ channel: IRCChannel, _ call: IRCCall) {
        if let topic = channel.topic { topicReplies(channel, topic, call) }
        if call.client.capabilities.contains(.readMarker) { replyMarker(call, channel.name) }
        if !call.client.capabilities.hasNoImplicitNames {
            namesReplies(channel, call)
            numeric(.endOfNames, call, [channel.name], "End of /NAMES list")
        }
        showMetadata(of: channel, call)
    }

    /// For a connection that joins a user who is in channels already.
    func showChannels(of user: IRCUser, _ call: IRCCall) {
        for channel in user.channels.values.sorted(by: { $0.name < $1.name }) {
            call.reply(joinMessage(user, channel.name, call.client.capabilities))
            showChannel(channel, call)
        }
    }

    /// For an account whose last connection was lost. A channel that took a key meanwhile, or only lets in who is invited, lets it in no more.
    func rejoin(_ user: IRCUser, _ call: IRCCall) {
        guard let account = user.account, let names = kept[.account(account.key)]?.channels else { return }
        kept[.account(account.key)]?.channels = []
        for name in names { join(name, key: nil, user, call) }
    }

    // MARK: Leaving

    func part(_ call: IRCCall) {
        guard let user = call.client.user else { return }
        for name in Self.targets(call.parameters[0]) {
            if IRCName.isView(name) {
                partView(name, call)
            } else if let channel = channels[name.ircFolded] {
                guard channel.members[user.number] != nil else { numeric(.notOnChannel, call, [name], "You're not on that channel"); continue }
                part(channel, user, call, call.parameters.count > 1 ? call.parameters[1] : nil)
            } else {
                numeric(.noSuchChannel, call, [name], "No such channel")
            }
        }
    }

    private func part(_ channel: IRCChannel, _ user: IRCUser, _ call: IRCCall, _ reason: String?) {
        let reason = reason.flatMap { $0.isEmpty ? nil : $0 }
        let message = event(of: user, "PART", [channel.name], text: reason)
        keep(message, of: user, in: channel)
        call.reply(message)
        send(message, to: channel, except: call.client)
        leave(channel, user)
    }

    func leave(_ channel: IRCChannel, _ user: IRCUser) {
        channel.members[user.number] = nil
        let folded = channel.name.ircFolded
        user.channels[folded] = nil
        if channel.members.isEmpty { channels[folded] = nil }
    }

    // MARK: NAMES and TOPIC

    func names(_ call: IRCCall) async {
        guard let list = call.parameter(0) else {
            for view in call.client.views.keys.sorted() { await viewNames(view, call) }
            for channel in channels.values.sorted(by: { $0.name < $1.name }).prefix(IRCLimits.channelsPerUserMax) {
                if isVisible(channel, to: call.client.user) { namesReplies(channel, call) }
            }
            return numeric(.endOfNames, call, ["*"], "End of /NAMES list")
        }
        for name in Self.targets(list) {
            if IRCName.isView(name) {
                await viewNames(name, call)
            } else if let channel = channels[name.ircFolded], isVisible(channel, to: call.client.user) {
                namesReplies(channel, call)
            }
            numeric(.endOfNames, call, [name], "End of /NAMES list")
        }
    }

    func isVisible(_ channel: IRCChannel, to user: IRCUser?) -> Bool {
        !channel.modes.contains("s") || user.map { channel.members[$0.number] != nil } ?? false
    }

    private func namesReplies(_ channel: IRCChannel, _ call: IRCCall) {
        let isInside = call.client.user.map { channel.members[$0.number] != nil } ?? false
        let names = channel.sortedMembers.filter { isInside || !$0.user.isInvisible }.map { member in
            member.prefix(isMulti: call.client.capabilities.contains(.multiPrefix))
                + (call.client.capabilities.contains(.userhostInNames) ? member.user.source : member.user.nick)
        }
        namesReplies(names, [channel.modes.contains("s") ? "@" : "=", channel.name], call)
    }

    /// Names in lines that fit.
    func namesReplies(_ names: [String], _ parameters: [String], _ call: IRCCall) {
        for line in Self.packed(names) { numeric(.namesReply, call, parameters, line.joined(separator: " ")) }
    }

    func topic(_ call: IRCCall) async {
        let name = call.parameters[0]
        guard let user = call.client.user else { return }
        if IRCName.isView(name) { return await viewTopic(name, call) }
        guard let channel = channels[name.ircFolded] else { return numeric(.noSuchChannel, call, [name], "No such channel") }
        let isInside = channel.members[user.number] != nil
        guard call.parameters.count > 1 else {
            guard isInside || !channel.modes.contains("s") else { return numeric(.notOnChannel, call, [name], "You're not on that channel") }
            guard let topic = channel.topic else { return numeric(.noTopic, call, [channel.name], "No topic is set") }
            return topicReplies(channel, topic, call)
        }
        guard isInside else { return numeric(.notOnChannel, call, [name], "You're not on that channel") }
        guard !channel.modes.contains("t") || channel.isOperator(user) else {
            return numeric(.operatorPrivilegesNeeded, call, [channel.name], "You're not a channel operator")
        }
        let text = call.parameters[1].prefix(bytes: IRCLimits.topicBytesMax)
        channel.topic = text.isEmpty ? nil : IRCChannel.Topic(text: text, setBy: user.source, setAt: now)
        let item = IRCHistoryItem(
            messageID: messageIDs.next(), time: now, source: user.source, party: user.key, account: user.account?.name, isBot: user.isBot, command: "TOPIC",
            target: channel.name, lines: [IRCHistoryItem.Line(text: text)], clientTags: [])
        channel.history.append(item)
        var message = item.outgoing(item.lines[0])
        message.messageID = item.messageID
        call.reply(message)
        send(message, to: channel, except: call.client)
    }

    private func topicReplies(_ channel: IRCChannel, _ topic: IRCChannel.Topic, _ call: IRCCall) {
        numeric(.topic, call, [channel.name], topic.text)
        numeric(.topicWhoTime, call, [channel.name, topic.setBy, String(topic.setAt / 1_000)])
    }
}
