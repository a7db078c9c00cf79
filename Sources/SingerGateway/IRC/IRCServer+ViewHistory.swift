internal import SingerCore
internal import SingerNode

/// Posts as messages, and the history of views.
extension IRCServer {
    func viewHistory(_ subcommand: String, _ name: String, _ places: [IRCPlace], _ limit: Int, _ call: IRCCall) async {
        func refuse() { fail(call, "CHATHISTORY", "INVALID_TARGET", [subcommand, name], "No history of that can be shown") }
        guard let login = call.client.login else { return refuse() }
        let view: View
        if let opened = call.client.views[name.ircFolded] {
            view = opened.view
        } else if let named = try? await self.view(named: name, login) {
            view = named
        } else {
            return refuse()
        }
        var bounds: [HistoryBound?] = []
        for place in places {
            guard let id = place.messageID else {
                bounds.append(place.bound)
                continue
            }
            // A message id is the whole hash of a post; another one is not in any view.
            guard let prefix = EntryIDPrefix(id), prefix.text.utf8.count == 52 else { return call.batch("chathistory", [name], []) }
            bounds.append(.post(prefix.lowest))
        }
        guard let range = Self.range(subcommand, bounds) else { return refuse() }
        do {
            let posts = try await node.history(of: view, login, range, limit: limit)
            call.batch(
                "chathistory", [name], posts.flatMap { replies(of: item($0, in: name, call.client), for: call.client.capabilities) })
        } catch {
            fail(call, "CHATHISTORY", "MESSAGE_ERROR", [subcommand, name], Failure(error).text)
        }
    }

    private static func range(_ subcommand: String, _ bounds: [HistoryBound?]) -> HistoryRange? {
        switch (subcommand, bounds.first ?? nil, bounds.count > 1 ? bounds[1] : nil) {
        case ("LATEST", let after, _): .latest(after: after)
        case ("BEFORE", let bound?, _): .before(bound)
        case ("AFTER", let bound?, _): .after(bound)
        case ("AROUND", let bound?, _): .around(bound)
        case ("BETWEEN", let from?, let to?): .between(from, to)
        default: nil
        }
    }

    func lastPost(in view: IRCView, _ client: IRCClient) async -> Milliseconds? {
        guard let login = client.login else { return nil }
        return try? await node.history(of: view.view, login, .latest(after: nil), limit: 1).last?.created
    }

    /// A post as a message to a view.
    func item(_ post: PostView, in channel: String, _ client: IRCClient) -> IRCHistoryItem {
        client.views[channel.ircFolded]?.didShow(post.id.hash)
        return item(post, in: channel, by: source(of: post.author, to: client), client)
    }

    /// The same for all clients that agree in what `IRCWay` holds.
    func item(_ post: PostView, in channel: String, by source: String, _ client: IRCClient) -> IRCHistoryItem {
        // `:source PRIVMSG channel :`
        let bytesMax = IRCMessage.bytesMax - source.utf8.count - channel.utf8.count - 12
        let isPast = !client.capabilities.contains(.serverTime) && now - post.created > IRCLimits.untoldTimeMax
        let text = PostLines.text(of: post, client.idStyle, stamp: isPast ? Timestamp.short(post.created, now: now) : nil)
        let tags = post.replyTo.map { [IRCMessage.Tag("+reply", $0.hash.text), IRCMessage.Tag("+draft/reply", $0.hash.text)] } ?? []
        return IRCHistoryItem(
            messageID: .post(post.id.hash), time: post.created, source: source, party: .account(post.author.account), account: post.author.name,
            isBot: false,
            command: "PRIVMSG", target: channel, lines: PostLines.lines(text, bytesMax: bytesMax), clientTags: tags)
    }

    /// The source of what somebody wrote: of one's own it is the connection's, whatever nick it has.
    func source(of author: UserView, to client: IRCClient) -> String {
        let own = author.account == client.login?.account ? client.user?.source : nil
        return own ?? IRCAccount.source(of: author)
    }
}
