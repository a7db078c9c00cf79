internal import SingerCore
internal import SingerNode

/// Connections become sessions of accounts, and cease to be; with them, users take on and leave accounts and nicks.
extension IRCServer {
    /// The client's connection becomes a session of the account.
    ///
    /// - Parameters:
    ///   - takesName: whether its nick becomes the account's name, whatever it is now.
    ///   - confirm: replies that come before the timeline.
    func become(_ login: Login, _ call: IRCCall, takesName: Bool, confirm: () -> Void = {}) async {
        let client = call.client
        let parts = await closeAccount(client)
        guard !client.isGone else { return await node.logout(login) }
        setLogin(login, client)
        await recall(login)
        guard client.login === login else { return }
        let account = IRCAccount(key: login.account, name: login.name.text)
        let source = client.user?.source ?? "\(client.nick)!\(client.registration.userName ?? "*")@\(account.host)"
        numeric(.loggedIn, call, [source, account.name], "You are now logged in as \(account.name)")
        confirm()
        for part in parts { call.reply(part) }
        guard let user = client.user else {
            evict(from: account.name, by: account)
            // WeeChat and others say NICK before they log in, and hear that another session of theirs has it.
            let isWanted = client.registration.nickRefused?.ircFolded == account.name.ircFolded && canTake(account.name, client)
            if takesName || isWanted {
                client.registration.nick = account.name
                client.registration.isNamed = true
            }
            if takesName { completeIfReady(call) }
            return await settle(call)
        }
        if user.account?.key != account.key {
            if user.clients.count > 1 { detach(client, from: user, call) }
            let user = client.user ?? user
            setAccount(user, account, call)
            takeMetadata(user, login)
        }
        if takesName {
            evict(from: account.name, by: account)
            if let holder = users[account.name.ircFolded], holder !== client.user {
                if !accountsAlone.contains(account.key) { await attach(client, to: holder, call) }
            } else if let user = client.user {
                rename(user, to: account.name, call)
            }
        }
        if takesName { return await settle(call) }
        // A client that logs in again at once, to another account, is not shown the timeline of this one.
        let number = client.number
        Task {
            try? await Task.sleep(for: .milliseconds(200))
            await self.settleLate(number, login)
        }
    }

    /// Shows the timeline to a client that was given time to log in again, unless it is just doing so.
    func settleLate(_ number: Int, _ login: Login) async {
        guard let client = clients[number], client.login === login, client.sasl == nil else { return }
        let call = IRCCall(client: client, message: IRCMessage(command: "JOIN"))
        await settle(call)
        // It may have logged out meanwhile, and knows that the view is closed.
        guard client.login === login else { return }
        finish(call)
    }

    /// Nobody else, guest or account, keeps a nick that is the name of an account which is here.
    private func evict(from name: String, by account: IRCAccount) {
        guard let holder = users[name.ircFolded], holder.account?.key != account.key else { return }
        guard !holder.clients.contains(where: { $0.login?.account == account.key }) else { return }
        let advice = holder.account == nil ? " REGISTER keeps a name for you." : ""
        let note = "\(holder.nick) is the name of an account, and its owner is here.\(advice)"
        send(IRCOutgoing("NOTICE", [holder.nick], source: serverName, text: note), to: holder)
        rename(holder, to: freeNick(), nil)
    }

    func freeNick() -> String {
        var nick: String
        repeat { nick = "Guest\(nextNumber())" } while users[nick.ircFolded] != nil
        return nick
    }

    func setAccount(_ user: IRCUser, _ account: IRCAccount?, _ call: IRCCall) {
        let source = user.source
        if let account {
            user.take(account)
        } else {
            user.account = nil
            user.host = IRCUser.guestHost
            user.metadata = [:]
        }
        var told = action(of: user, "ACCOUNT", [account?.name ?? "*"])
        told.source = source
        sendToPeers(of: user, told, includingSelf: true, except: call.client, having: .accountNotify, monitors: true)
        if user.source != source { tellHost(of: user, from: source, call) }
    }

    /// The connection joins another user of its account.
    func attach(_ client: IRCClient, to user: IRCUser, _ call: IRCCall) async {
        if let old = client.user {
            call.reply(IRCOutgoing("NICK", [user.nick], source: old.source))
            old.clients.removeAll { $0 === client }
            if old.clients.isEmpty { remove(old, "Now \(user.nick)", isLost: false) }
        }
        user.clients.append(client)
        client.user = user
        showChannels(of: user, call)
    }

    /// The connection leaves a user whose other connections go on.
    func detach(_ client: IRCClient, from user: IRCUser, _ call: IRCCall) {
        let nick = freeNick()
        call.reply(action(of: user, "NICK", [nick]))
        for channel in user.channels.values { call.reply(action(of: user, "PART", [channel.name])) }
        user.clients.removeAll { $0 === client }
        let new = IRCUser(number: nextNumber(), nick: nick, userName: user.userName, realName: user.realName, now: now)
        new.clients = [client]
        users[nick.ircFolded] = new
        usersMax = max(usersMax, users.count)
        client.user = new
    }

    /// Ends the connection's session of its account, if it has one.
    func leaveAccount(_ client: IRCClient) async {
        for part in await closeAccount(client) { send(part, to: client) }
    }

    /// - Returns: what the client is to be told of the views that close with it.
    private func closeAccount(_ client: IRCClient) async -> [IRCOutgoing] {
        let views = client.views
        client.views = [:]
        guard let login = client.login else { return [] }
        setLogin(nil, client)
        leave(Set(views.values.map(\.view)), login)
        let parts = client.user.map { user in views.values.map { action(of: user, "PART", [$0.channel]) } }
        await settleAccount(login)
        await node.logout(login)
        return parts ?? []
    }

    private func setLogin(_ login: Login?, _ client: IRCClient) {
        if let old = client.login?.account {
            loggedIn[old]?.removeAll { $0 === client }
            if loggedIn[old]?.isEmpty == true { loggedIn[old] = nil }
        }
        client.login = login
        client.told = nil
        if let login { loggedIn[login.account, default: []].append(client) }
    }

    private func leave(_ views: Set<View>, _ login: Login) {
        var left = viewsLeft[login.account] ?? [:]
        if left.count + views.count > Limits.viewsMax { left = [:] }
        for view in views where view != .home { left[view] = now }
        viewsLeft[login.account] = left.isEmpty ? nil : left
    }
}
