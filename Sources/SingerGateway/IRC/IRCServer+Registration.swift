internal import NIOCore
internal import SingerCore
internal import SingerNode

/// CAP, NICK, USER, PING, QUIT: until somebody is there, and until they go.
extension IRCServer {
    func cap(_ call: IRCCall) async {
        let client = call.client
        let subcommand = call.parameters[0].asciiUppercased
        let rest = call.parameters.dropFirst().joined(separator: " ").split(separator: " ").map(String.init)
        switch subcommand {
        case "LS":
            if client.user == nil { client.registration.isNegotiating = true }
            if let version = call.parameters.dropFirst().first.flatMap({ Int($0) }) { client.capVersion = max(client.capVersion, version) }
            if client.capVersion >= 302 { client.capabilities.insert(.capNotify) }
            capLines(call, "LS", IRCCapabilities.list(version: client.capVersion, isSecure: configuration.tls != nil))
        case "LIST":
            capLines(call, "LIST", client.capabilities.list)
        case "REQ":
            if client.user == nil { client.registration.isNegotiating = true }
            request(call, rest)
        case "END":
            guard client.user == nil else { return }
            client.registration.isNegotiating = false
            completeIfReady(call)
            await settle(call)
        default:
            numeric(.invalidCapCommand, call, [call.parameters[0]], "Invalid CAP command")
        }
    }

    private func capLines(_ call: IRCCall, _ subcommand: String, _ names: [String]) {
        // Older clients know of one line only.
        let lines = Self.packed(names, bytesMax: call.client.capVersion >= 302 ? Self.listBytesMax : .max)
        for (index, line) in (lines.isEmpty ? [[]] : lines).enumerated() {
            let more = index < lines.count - 1 ? ["*"] : []
            call.reply(IRCOutgoing("CAP", [call.client.nick, subcommand] + more, source: serverName, text: line.joined(separator: " ")))
        }
    }

    /// All of what is asked for, or nothing.
    private func request(_ call: IRCCall, _ words: [String]) {
        let client = call.client
        var capabilities = client.capabilities
        for word in words {
            let isRemoved = word.hasPrefix("-")
            guard let capability = IRCCapabilities.byName[isRemoved ? String(word.dropFirst()) : word] else {
                call.reply(IRCOutgoing("CAP", [client.nick, "NAK"], source: serverName, text: words.joined(separator: " ")))
                return
            }
            if !isRemoved {
                capabilities.insert(capability)
            } else if capability != .capNotify || client.capVersion < 302 {
                capabilities.remove(capability)
            }
        }
        client.capabilities = capabilities
        call.reply(IRCOutgoing("CAP", [client.nick, "ACK"], source: serverName, text: words.joined(separator: " ")))
    }

    func ping(_ call: IRCCall) {
        call.reply(IRCOutgoing("PONG", [serverName], source: serverName, text: call.parameters[0]))
    }

    func user(_ call: IRCCall) async {
        let client = call.client
        guard client.user == nil else { return numeric(.alreadyRegistered, call, [], "You may not reregister") }
        guard let name = call.parameter(0), let realName = call.parameter(3) else { return needMoreParameters(call) }
        client.registration.userName = IRCName.userName(name)
        client.registration.realName = realName.prefix(bytes: IRCLimits.realNameBytesMax)
        completeIfReady(call)
        await settle(call)
    }

    func nick(_ call: IRCCall) async {
        let client = call.client
        guard let nick = call.parameter(0) else { return numeric(.noNicknameGiven, call, [], "No nickname given") }
        if client.user == nil, client.registration.isNamed {
            completeIfReady(call)
            return await settle(call)
        }
        guard IRCName.isNick(nick) else { return numeric(.erroneousNickname, call, [nick], "Erroneous nickname") }
        guard canTake(nick, client) else {
            if client.user == nil { client.registration.nickRefused = nick }
            return numeric(.nicknameInUse, call, [nick], "Nickname is already in use")
        }
        guard let user = client.user else {
            client.registration.nick = nick
            completeIfReady(call)
            return await settle(call)
        }
        if let other = users[nick.ircFolded], other !== user { return await attach(client, to: other, call) }
        rename(user, to: nick, call)
    }

    /// Whether a nick is free, or that of a user of the same account.
    func canTake(_ nick: String, _ client: IRCClient) -> Bool {
        let folded = nick.ircFolded
        if folded == IRCName.service { return false }
        guard let holder = users[folded], holder !== client.user else { return true }
        guard let account = client.login?.account, holder.account?.key == account else { return false }
        return !accountsAlone.contains(account)
    }

    func rename(_ user: IRCUser, to nick: String, _ call: IRCCall?) {
        guard nick != user.nick else { return }
        let message = event(of: user, "NICK", [nick])
        for channel in user.channels.values { keep(message, of: user, in: channel) }
        call?.reply(message)
        sendToPeers(of: user, message, includingSelf: true, except: call?.client)
        let old = user.nick
        user.nick = nick
        guard old.ircFolded != nick.ircFolded else { return }
        remember(user, as: old)
        users[old.ircFolded] = nil
        users[nick.ircFolded] = user
        tellWatchers(of: old, nil)
        tellWatchers(of: nick, user)
    }

    /// Makes the user, once everything needed is there.
    func completeIfReady(_ call: IRCCall) {
        let client = call.client
        guard client.user == nil, client.registration.isComplete, let nick = client.registration.nick, let name = client.registration.userName else { return }
        guard client.registration.isAdmitted else {
            numeric(.passwordMismatch, call, [], "This peer has a password of its own: PASS password")
            return end(call, "Password incorrect")
        }
        guard canTake(nick, client) else {
            client.registration.nick = nil
            client.registration.isNamed = false
            return numeric(.nicknameInUse, call, [nick], "Nickname is already in use")
        }
        let user: IRCUser
        if let shared = users[nick.ircFolded] {
            user = shared
        } else {
            user = IRCUser(number: nextNumber(), nick: nick, userName: name, realName: client.registration.realName, now: now)
            users[nick.ircFolded] = user
            usersMax = max(usersMax, users.count)
            user.metadata = client.metadata
            if let login = client.login {
                user.take(IRCAccount(key: login.account, name: login.name.text))
                takeMetadata(user, login)
            }
        }
        user.clients.append(client)
        client.user = user
        if user.clients.count == 1 { tellWatchers(of: user.nick, user) }
        if client.sasl != nil {
            client.sasl = nil
            numeric(.saslAborted, call, [], "SASL authentication aborted")
        }
        welcome(call)
        if let away = client.away { setAway(user, away) }
        if user.clients.count > 1 { showChannels(of: user, call) } else { rejoin(user, call) }
    }

    /// What a new connection of an account sees besides: its timeline, unless it has opened a view itself, and from then on what is new.
    func settle(_ call: IRCCall) async {
        let client = call.client
        guard client.user != nil, let login = client.login, client.told !== login, client.settling !== login else { return }
        // Before what others say meanwhile.
        tellSoFar(call)
        client.settling = login
        defer { if client.settling === login { client.settling = nil } }
        if client.views.isEmpty { await openHome(client, login, call) }
        if client.login === login { startPushing(client, login) }
    }

    func quit(_ call: IRCCall) async {
        let reason = call.parameters.first.map { "Quit: " + $0 } ?? "Quit"
        if let user = call.client.user { call.reply(action(of: user, "QUIT", text: reason)) }
        finish(call)
        send(Self.farewell(reason), to: call.client)
        await depart(call.client, reason, isLost: false)
        call.closes = true
        call.isDeferred = true
    }

    /// Tells the client why, and closes.
    func end(_ call: IRCCall, _ reason: String) {
        call.reply(IRCOutgoing("ERROR", text: reason))
        call.closes = true
    }

    /// The connection ends; with the last one its user goes.
    func depart(_ client: IRCClient, _ reason: String, isLost: Bool) async {
        guard clients.removeValue(forKey: client.number) != nil else { return }
        // Whatever it has under way finds out, and leaves nothing behind.
        client.isGone = true
        client.liveCheck?.cancel()
        for nick in client.monitored.keys { unwatch(nick, client) }
        if let user = client.user {
            user.clients.removeAll { $0 === client }
            if user.clients.isEmpty { remove(user, reason, isLost: isLost) }
        }
        client.user = nil
        await leaveAccount(client)
    }

    func remove(_ user: IRCUser, _ reason: String, isLost: Bool) {
        if user.account != nil { kept[user.key]?.channels = isLost ? user.channels.values.map(\.name).sorted() : [] }
        let message = event(of: user, "QUIT", text: reason)
        sendToPeers(of: user, message, includingSelf: false)
        for channel in user.channels.values {
            keep(message, of: user, in: channel)
            leave(channel, user)
        }
        users[user.nick.ircFolded] = nil
        remember(user, as: user.nick)
        tellWatchers(of: user.nick, nil)
        // Also of who was a guest before it logged in.
        conversations[.guest(user.number)] = nil
        kept[.guest(user.number)] = nil
    }

    private func remember(_ user: IRCUser, as nick: String) {
        whowas.append(Whowas(nick: nick, userName: user.userName, host: user.host, realName: user.realName, left: now))
        if whowas.count > IRCLimits.whowasMax { whowas.removeFirst(whowas.count - IRCLimits.whowasMax) }
    }
}

extension IRCUser {
    func take(_ account: IRCAccount) {
        self.account = account
        userName = account.name
        host = account.host
    }
}
