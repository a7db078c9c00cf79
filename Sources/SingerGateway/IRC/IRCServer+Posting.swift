internal import Logging
internal import SingerCore
internal import SingerNode

/// What is said in views, and what is new there.
extension IRCServer {
    func sayToView(_ verb: String, _ target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        let client = call.client
        guard let login = client.login else {
            failure(call, .needLogin)
            return numeric(.cannotSendToChannel, call, [target], "Log in first: /quote LOGIN name passphrase")
        }
        let view = client.views[target.ircFolded]?.view ?? (target.ircFolded == Self.home ? .home : nil)
        guard let view else { return numeric(.cannotSendToChannel, call, [target], "Open the view first: /join \(target)") }
        let parent = tags.first { $0.key == "+draft/reply" || $0.key == "+reply" }?.value
        if verb == "TAGMSG" { return await react(to: parent, tags, call) }
        // Clients and bots use NOTICE for what nobody shall answer: it is not a post, and gets no error (RFC 2812, section 3.3.2).
        guard verb == "PRIVMSG" else { return }
        var text = ""
        for (index, line) in lines.enumerated() { text += (index > 0 && !line.isContinued ? "\n" : "") + line.text }
        if lines.count == 1, text.utf8.first == UInt8(ascii: "."), view == .home { return await runDotCommand(String(text.dropFirst()), call) }
        if text.hasPrefix("\u{1}ACTION ") { text = String(text.dropFirst(8)).filter { $0 != "\u{1}" } }
        do {
            let id: ShownID
            if let parent {
                id = try await node.reply(to: parent, text, by: login)
            } else if case .thread(let hash) = view {
                id = try await node.reply(to: hash.text, text, by: login)
            } else if view == .home {
                id = try await node.post(text, by: login)
            } else {
                return numeric(.cannotSendToChannel, call, [target], "Posts are written in &home")
            }
            let isEchoed = client.capabilities.contains(.echoMessage)
            await posted(id, in: client.views[target.ircFolded]?.channel ?? target, login, call, isShown: isEchoed)
        } catch {
            let failure = Failure(error)
            self.failure(call, failure, command: "PRIVMSG", context: [target])
            numeric(.cannotSendToChannel, call, [target], failure.text)
        }
    }

    /// Shows a post to the connection that wrote it, and makes it the topic.
    ///
    /// - Parameter isShown: whether the client does not show it by itself.
    func posted(_ id: ShownID, in channel: String, _ login: Login, _ call: IRCCall, isShown: Bool) async {
        guard let post = try? await node.show(id.hash.text, login).post, let user = call.client.user else { return }
        var places = isShown ? [channel] : []
        // What is said in a conversation is in the timeline too, and no client knows that by itself.
        if channel.ircFolded != Self.home, let home = call.client.views[Self.home] { places.append(home.channel) }
        for place in places { call.replies += replies(of: item(post, in: place, call.client), for: call.client.capabilities) }
        for client in sessions(of: user) where client.views[Self.home] != nil {
            // A client that sees its own post again has its id already.
            guard client !== call.client || !isShown else { continue }
            let message = IRCOutgoing("TOPIC", [Self.home], source: client.user?.source ?? user.source, text: topic(post, client))
            if client === call.client { call.reply(message) } else { send(message, to: client) }
        }
    }

    /// `+draft/react` likes a post, `+draft/unreact` takes it back; who is typing is told to nobody.
    private func react(to parent: String?, _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        guard let parent else { return }
        let keys = Set(tags.map(\.key))
        if !keys.isDisjoint(with: ["+draft/react", "+react"]) { await runFromTable("LIKE", parent, call, isQuiet: true) }
        if !keys.isDisjoint(with: ["+draft/unreact", "+unreact"]) { await runFromTable("UNLIKE", parent, call, isQuiet: true) }
    }

    func redactInView(_ target: String, _ messageID: String, _ call: IRCCall) async {
        guard let login = call.client.login, let user = call.client.user else {
            return fail(call, "REDACT", "INVALID_TARGET", [target], "Log in first")
        }
        do {
            let id = try await node.delete(messageID, by: login)
            let reason = call.parameter(2)
            for client in sessions(of: user) where client.capabilities.contains(.messageRedaction) {
                let message = IRCOutgoing("REDACT", [target, id.hash.text], source: client.user?.source ?? user.source, text: reason)
                if client === call.client { call.reply(message) } else { send(message, to: client) }
            }
        } catch .notYours {
            fail(call, "REDACT", "REDACT_FORBIDDEN", [target, messageID], "Only its author may do that")
        } catch .noSuchPost, .badID, .deleted {
            fail(call, "REDACT", "UNKNOWN_MSGID", [target, messageID], "There is no such post")
        } catch {
            failure(call, Failure(error), command: "REDACT", context: [target])
        }
    }

    // MARK: News

    func startPushing(_ client: IRCClient, _ login: Login) {
        client.pushing?.cancel()
        // A client that fetches history by itself is not shown it twice.
        client.postsToSkip = client.capabilities.contains(.chatHistory) ? min(login.unseen, Limits.unseenPostsMax) : 0
        let number = client.number
        client.pushing = Task {
            await pushNews(number, login)
            for await _ in login.wakes {
                if Task.isCancelled { return }
                await pushNews(number, login)
            }
        }
    }

    private func pushNews(_ number: Int, _ login: Login) async {
        while !Task.isCancelled {
            let news: [Push]
            do {
                news = try await login.pushes()
            } catch {
                // Nothing is lost: the session's place is kept, and the next wake tries again.
                logger.warning("News of an account can't be read", metadata: ["error": "\(error)"])
                return
            }
            guard !news.isEmpty, let client = clients[number], client.login === login else { return }
            for push in news {
                if client.postsToSkip > 0, case .post = push {
                    client.postsToSkip -= 1
                    continue
                }
                show(push, to: client)
            }
            flush()
        }
    }

    private func show(_ push: Push, to client: IRCClient) {
        guard let user = client.user else { return }
        switch push {
        case .post(let post, in: let views):
            for view in client.views.values.sorted(by: { $0.channel < $1.channel }) where views.contains(view.view) {
                var text = ""
                for reply in replies(of: item(post, in: view.channel, client), for: client.capabilities) {
                    write(reply, in: nil, for: client.capabilities, to: &text)
                }
                send(text, to: client)
            }
        case .deleted(let id):
            if client.capabilities.contains(.messageRedaction) {
                send(IRCOutgoing("REDACT", [Self.home, id.hash.text], source: serverName), to: client)
            } else {
                tell(client, "\(id.shown) was deleted by its author", in: Self.home)
            }
        case .follow(let follower):
            tell(client, "\(follower.name) follows you", in: user.nick)
            if client.views[Self.home] != nil { send(IRCOutgoing("MODE", [Self.home, "+v", follower.name], source: serverName), to: client) }
        case .unfollow(let follower):
            tell(client, "\(follower.name) follows you no more", in: user.nick)
            if client.views[Self.home] != nil { send(IRCOutgoing("MODE", [Self.home, "-v", follower.name], source: serverName), to: client) }
        case .like(let liker, let id):
            if client.capabilities.contains(.messageTags) {
                var message = IRCOutgoing("TAGMSG", [Self.home], source: IRCAccount.source(of: liker))
                message.time = now
                message.account = liker.name
                message.clientTags = [IRCMessage.Tag("+draft/react", "👍"), IRCMessage.Tag("+draft/reply", id.hash.text)]
                send(message, to: client)
            } else {
                tell(client, "\(liker.name) likes \(id.shown)", in: user.nick)
            }
        case .online(let other): showPresence(of: other, isOnline: true, to: client)
        case .offline(let other): showPresence(of: other, isOnline: false, to: client)
        case .notice(let text): tell(client, text, in: user.nick)
        }
    }

    private func tell(_ client: IRCClient, _ text: String, in target: String) {
        send(IRCOutgoing("NOTICE", [target], source: serviceSource, text: PlainDialect.safe(text)), to: client)
    }

    /// Somebody who is followed, at another peer: away is who has no session.
    private func showPresence(of other: UserView, isOnline: Bool, to client: IRCClient) {
        guard users[other.name.ircFolded] == nil else { return }
        let source = IRCAccount.source(of: other)
        if client.capabilities.contains(.awayNotify) { send(IRCOutgoing("AWAY", source: source, text: isOnline ? nil : "offline"), to: client) }
        guard client.monitored[other.name.ircFolded] != nil else { return }
        send(message(isOnline ? .monitorOnline : .monitorOffline, to: client, [], isOnline ? source : other.name), to: client)
    }
}
