internal import SingerCore
internal import SingerNode

/// What is said in views.
extension IRCServer {
    func sayToView(_ verb: String, _ target: String, _ lines: [IRCHistoryItem.Line], _ tags: [IRCMessage.Tag], _ call: IRCCall) async {
        // Clients and bots use NOTICE for what nobody shall answer: it is not a post, and gets no error (RFC 2812, section 3.3.2).
        guard verb != "NOTICE" else { return }
        let client = call.client
        guard let login = client.login else {
            failure(call, .needLogin)
            return numeric(.cannotSendToChannel, call, [target], "Log in first: /quote LOGIN name passphrase")
        }
        let view = client.views[target.ircFolded]?.view ?? (target.ircFolded == Self.home ? .home : nil)
        guard let view else { return numeric(.cannotSendToChannel, call, [target], "Open the view first: /join \(target)") }
        let parent = tags.first { $0.key == "+draft/reply" || $0.key == "+reply" }?.value
        if verb == "TAGMSG" { return await react(to: parent, tags, call) }
        var text = ""
        for (index, line) in lines.enumerated() { text += (index > 0 && !line.isContinued ? "\n" : "") + line.text }
        // Where what is said is posted: a command that was mistyped must not be.
        if text.utf8.first == UInt8(ascii: "."), view == .home || view.thread != nil {
            guard lines.count == 1 else {
                return refused(Failure(.badParameter, "a command is one line; what begins with a dot is not posted"), in: target, call)
            }
            return await runDotCommand(String(text.dropFirst()), call)
        }
        if text.utf8.first == 1 {
            guard let action = Self.action(text) else { return numeric(.cannotSendToChannel, call, [target], "Posts are texts") }
            text = "* \(login.name.text) \(action)"
        }
        do {
            if let parent = parent ?? view.thread {
                let id = try await node.reply(to: parent, text, by: login)
                guard let post = try? await node.posts([id]).first else { return }
                await posted(post, in: target, login, call)
            } else if view == .home {
                await posted(try await node.post(text, by: login), in: target, login, call)
            } else {
                numeric(.cannotSendToChannel, call, [target], "Posts are written in &home")
            }
        } catch {
            refused(Failure(error), in: target, call)
        }
    }

    /// Answers who wrote a post in a view.
    func posted(_ post: PostView, in target: String, _ login: Login, _ call: IRCCall) async {
        let isEchoed = call.client.capabilities.contains(.echoMessage)
        await posted(post, in: call.client.views[target.ircFolded]?.channel ?? target, login, call, isShown: isEchoed)
    }

    func refused(_ failure: Failure, in target: String, _ call: IRCCall) {
        self.failure(call, failure, command: "PRIVMSG", context: [target])
        numeric(.cannotSendToChannel, call, [target], failure.text)
    }

    /// What `/me` says (CTCP ACTION); `nil`: it is another request of CTCP.
    private static func action(_ text: String) -> String? {
        text.hasPrefix("\u{1}ACTION ") ? text.dropFirst(8).filter { $0 != "\u{1}" } : nil
    }

    /// Shows a post to the connection that wrote it, in all its open views to which the post belongs, and makes it the topic. Other sessions are told by way
    /// of the store.
    ///
    /// - Parameter isShown: whether the client does not show it by itself.
    func posted(_ post: PostView, in channel: String, _ login: Login, _ call: IRCCall, isShown: Bool) async {
        // Nothing is shown twice where it was written: there the client shows it by itself, or asked for the echo.
        let others = call.client.views.values.filter { $0.channel.ircFolded != channel.ircFolded }.sorted { $0.channel < $1.channel }
        let selecting = others.isEmpty ? [] : (try? await node.views(Set(others.map(\.view)), containing: post.id, login)) ?? []
        for channel in (isShown ? [channel] : []) + others.filter({ selecting.contains($0.view) }).map(\.channel) {
            call.replies += replies(of: item(post, in: channel, call.client), for: call.client.capabilities)
        }
        if !isShown { call.client.views[channel.ircFolded]?.didShow(post.id.hash) }
        // A client that sees all its own posts again has their ids already, and would show each twice.
        guard !call.client.capabilities.contains(.echoMessage), let topic = newTopic(post, call.client) else { return }
        call.reply(topic)
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
            // Other sessions are told by way of the store.
            var told = deletions(of: id, by: user.source, in: [.home, .user(login.account)], call.client)
            if call.client.views[target.ircFolded] == nil, call.client.capabilities.contains(.messageRedaction) {
                told.insert(action(of: user, "REDACT", [target, id.hash.text]), at: 0)
            }
            for message in told { call.reply(message.redacted(because: call.parameter(2))) }
            if let topic = await newTopic(without: id, login, call.client) { call.reply(topic) }
        } catch .notYours {
            fail(call, "REDACT", "REDACT_FORBIDDEN", [target, messageID], "Only its author may do that")
        } catch .noSuchPost, .badID, .deleted {
            fail(call, "REDACT", "UNKNOWN_MSGID", [target, messageID], "There is no such post")
        } catch {
            failure(call, Failure(error), command: "REDACT", context: [target])
        }
    }

    /// What a client is told of a deleted post: in every open view that showed it, or that selects it.
    func deletions(of id: ShownID, by source: String, in views: [View], _ client: IRCClient, except place: String? = nil) -> [IRCOutgoing] {
        client.views.values.filter { views.contains($0.view) || $0.hasShown(id.hash) }.sorted { $0.channel < $1.channel }.compactMap { view in
            if client.capabilities.contains(.messageRedaction) {
                var message = IRCOutgoing("REDACT", [view.channel, id.hash.text], source: source)
                message.time = now
                return message
            }
            guard view.channel != place else { return nil }
            return serviceNotice("\(id.shown) was deleted by its author", in: view.channel)
        }
    }
}

extension View {
    /// What is said in the view of a conversation answers its post.
    fileprivate var thread: String? { if case .thread(let post) = self { post.text } else { nil } }
}

extension IRCOutgoing {
    /// With the reason that was given, where there is room for one.
    fileprivate func redacted(because reason: String?) -> Self {
        guard command == "REDACT", let reason else { return self }
        var copy = self
        copy.parameters.append(reason)
        copy.endsInText = true
        return copy
    }
}
