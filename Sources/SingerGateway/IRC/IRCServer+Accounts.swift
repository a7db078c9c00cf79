internal import SingerCore
internal import SingerNode

private import struct Foundation.Data

/// A SASL exchange under way (IRCv3 sasl-3.2, RFC 4616).
struct IRCSASL: Sendable {
    var response = ""
}

/// PASS, AUTHENTICATE, REGISTER: from guest to account.
extension IRCServer {
    func pass(_ call: IRCCall) async {
        let client = call.client
        guard client.user == nil else { return numeric(.alreadyRegistered, call, [], "You may not reregister") }
        let given = call.parameters[0]
        if !client.registration.isAdmitted {
            guard configuration.accepts(password: given) else {
                numeric(.passwordMismatch, call, [], "Password incorrect")
                return end(call, "Password incorrect")
            }
            client.registration.isAdmitted = true
            return
        }
        guard let colon = given.firstIndex(of: ":") else { return }
        do {
            let login = try await logIn(String(given[..<colon]), String(given[given.index(after: colon)...]))
            await become(login, call, takesName: true)
        } catch {
            numeric(.passwordMismatch, call, [], Failure(error).text)
            end(call, "Password incorrect")
        }
    }

    private func logIn(_ name: String, _ passphrase: String) async throws(NodeError) -> Login {
        // What can't be a name is an unknown name: the answer is the same.
        guard let name = Username(name), !passphrase.isEmpty else { throw .badLogin }
        return try await node.login(name, passphrase: passphrase)
    }

    func authenticate(_ call: IRCCall) async {
        let client = call.client
        let given = call.parameters[0]
        guard client.registration.isAdmitted || client.user != nil else { return numeric(.passwordMismatch, call, [], "Give the peer's password first") }
        guard var sasl = client.sasl else {
            guard given.asciiUppercased == "PLAIN" else {
                numeric(.saslMechanisms, call, ["PLAIN"], "are available SASL mechanisms")
                return numeric(.saslFail, call, [], "SASL authentication failed")
            }
            client.sasl = IRCSASL()
            return call.reply(IRCOutgoing("AUTHENTICATE", ["+"]))
        }
        client.sasl = nil
        if given == "*" { return numeric(.saslAborted, call, [], "SASL authentication aborted") }
        guard given.utf8.count <= IRCLimits.authenticateBytesMax else { return numeric(.saslTooLong, call, [], "SASL message too long") }
        if given != "+" { sasl.response += given }
        guard sasl.response.utf8.count <= IRCLimits.authenticateTotalBytesMax else {
            return numeric(.saslFail, call, [], "SASL authentication failed: message too long")
        }
        if given.utf8.count == IRCLimits.authenticateBytesMax {
            client.sasl = sasl
            return
        }
        do throws(NodeError) {
            guard let (name, passphrase) = Self.plain(sasl.response) else { throw .badLogin }
            let login = try await logIn(name, passphrase)
            guard !client.isGone else { return await node.logout(login) }
            await become(login, call, takesName: false) { numeric(.saslSuccess, call, [], "Authentication successful") }
        } catch {
            numeric(.saslFail, call, [], "SASL authentication failed: \(Failure(error).text)")
        }
    }

    /// RFC 4616: `[authzid] NUL authcid NUL passwd`. Nobody may act for another.
    private static func plain(_ response: String) -> (name: String, passphrase: String)? {
        guard let bytes = Data(base64Encoded: response) else { return nil }
        let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map { String(validating: $0, as: UTF8.self) }
        guard parts.count == 3, let authorization = parts[0], let name = parts[1], let passphrase = parts[2] else { return nil }
        guard authorization.isEmpty || authorization.ircFolded == name.ircFolded, !name.isEmpty, !passphrase.isEmpty else { return nil }
        return (name, passphrase)
    }

    /// IRCv3 account-registration has three parameters; with fewer it is the command that all dialects share.
    func register(_ call: IRCCall) async {
        let client = call.client
        let asked = call.parameters[0] == "*" ? client.nick : call.parameters[0]
        guard client.user != nil else {
            return fail(call, "REGISTER", "COMPLETE_CONNECTION_REQUIRED", [asked], "Finish connecting first")
        }
        guard call.parameters.count >= 3 else { return await runFromTable(call) }
        let passphrase = call.parameters[2]
        guard client.login == nil else { return fail(call, "REGISTER", "ALREADY_AUTHENTICATED", [asked], "You are logged in already") }
        guard let name = Username(asked) else {
            return fail(call, "REGISTER", "BAD_ACCOUNT_NAME", [asked], Failure(.invalidName(asked)).text)
        }
        guard !passphrase.isEmpty else { return fail(call, "REGISTER", "INVALID_PASSWORD", [asked], "A passphrase has at least one character") }
        do {
            // Clients that register by protocol show no advice: what they send is taken, and a weak one is told of. It never leaves this peer.
            let login = try await node.register(name, passphrase: passphrase, charactersMin: 1)
            if passphrase.count < Limits.passphraseCharactersMin {
                warn(call, "REGISTER", "WEAK_PASSWORD", [asked], Failure(.weakPassphrase).text)
            }
            call.reply(IRCOutgoing("REGISTER", ["SUCCESS", name.text], source: serverName, text: "Account created, and logged in to"))
            guard !client.isGone else { return await node.logout(login) }
            await become(login, call, takesName: true)
        } catch {
            fail(call, "REGISTER", Self.registrationCode(error), [asked], Failure(error).text)
        }
    }

    private static func registrationCode(_ error: NodeError) -> String {
        switch error {
        case .nameTaken: "ACCOUNT_EXISTS"
        case .invalidName: "BAD_ACCOUNT_NAME"
        case .weakPassphrase: "WEAK_PASSWORD"
        case .tooLong: "INVALID_PASSWORD"
        default: "TEMPORARILY_UNAVAILABLE"
        }
    }

    func verify(_ call: IRCCall) {
        fail(call, "VERIFY", "INVALID_CODE", [call.parameters[0]], "Accounts need no verification here")
    }

    /// The client's connection becomes a session of the account.
    ///
    /// - Parameters:
    ///   - takesName: whether its nick becomes the account's name, whatever it is now.
    ///   - confirm: replies that come before the timeline.
    func become(_ login: Login, _ call: IRCCall, takesName: Bool, confirm: () -> Void = {}) async {
        let client = call.client
        let parts = await closeAccount(client)
        client.login = login
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
            setAccount(client.user ?? user, account, call)
        }
        if takesName {
            evict(from: account.name, by: account)
            if let holder = users[account.name.ircFolded], holder !== client.user {
                await attach(client, to: holder, call)
            } else if let user = client.user {
                rename(user, to: account.name, call)
            }
        }
        if takesName { return await settle(call) }
        // A client that logs in again at once, to another account, is not shown the timeline of this one.
        let number = client.number
        Task {
            try? await Task.sleep(for: .milliseconds(200))
            await self.settleLater(number, login)
        }
    }

    private func settleLater(_ number: Int, _ login: Login) async {
        guard let client = clients[number], client.login === login, client.sasl == nil else { return }
        let call = IRCCall(client: client, message: IRCMessage(command: "JOIN"))
        await settle(call)
        finish(call)
        flush()
    }

    /// A guest does not keep a nick that is the name of an account which is here.
    private func evict(from name: String, by account: IRCAccount) {
        guard let holder = users[name.ircFolded], holder.account == nil else { return }
        guard !holder.clients.contains(where: { $0.login?.account == account.key }) else { return }
        let note = "\(holder.nick) is the name of an account, and its owner is here. REGISTER keeps a name for you."
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
        }
        sendToPeers(
            of: user, IRCOutgoing("ACCOUNT", [account?.name ?? "*"], source: source), includingSelf: true, except: call.client, having: .accountNotify,
            monitors: true)
        guard user.source != source else { return }
        let change = IRCOutgoing("CHGHOST", [user.userName, user.host], source: source)
        if call.client.capabilities.contains(.changeHost) { call.reply(change) }
        sendToPeers(of: user, change, includingSelf: true, except: call.client, having: .changeHost, monitors: true)
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
    private func detach(_ client: IRCClient, from user: IRCUser, _ call: IRCCall) {
        let nick = freeNick()
        call.reply(IRCOutgoing("NICK", [nick], source: user.source))
        for channel in user.channels.values { call.reply(IRCOutgoing("PART", [channel.name], source: user.source)) }
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
        client.pushing?.cancel()
        client.pushing = nil
        let views = client.views
        client.views = [:]
        guard let login = client.login else { return [] }
        client.login = nil
        leave(Set(views.values.map(\.view)), login)
        let parts = client.user.map { user in views.values.map { IRCOutgoing("PART", [$0.channel], source: user.source) } }
        await node.logout(login)
        return parts ?? []
    }

    private func leave(_ views: Set<View>, _ login: Login) {
        var left = viewsLeft[login.account] ?? [:]
        if left.count + views.count > Limits.viewsMax { left = [:] }
        for view in views where view != .home { left[view] = now }
        viewsLeft[login.account] = left.isEmpty ? nil : left
    }

    /// `NS SET MULTICLIENT`: whether the sessions of an account may share a nick.
    func serviceSettings(_ call: IRCCall) {
        let words = call.parameters.joined(separator: " ").asciiUppercased.split(separator: " ")
        guard words.count == 3, words[0] == "SET", words[1] == "MULTICLIENT", ["ON", "OFF"].contains(words[2]) else {
            return notice(call, "There are no services here: accounts are the peer's own. /msg \(IRCName.service) HELP")
        }
        guard let account = call.client.login?.account else { return failure(call, .needLogin) }
        if words[2] == "ON" { accountsAlone.remove(account) } else { accountsAlone.insert(account) }
        notice(call, "Sessions of your account \(words[2] == "ON" ? "may share a nick" : "each have a nick of their own")")
    }

    func notice(_ call: IRCCall, _ text: String) {
        call.reply(IRCOutgoing("NOTICE", [call.client.nick], source: serverName, text: text))
    }
}
