internal import SingerCore
internal import SingerNode

/// The timeline as IRC: `&home`, `&mentions`, `&@name`, `&#hashtag`, `&thread-id`.
extension IRCServer {
    static let home = "&home"

    func openHome(_ client: IRCClient, _ login: Login, _ call: IRCCall) async {
        let view = IRCView(view: .home, channel: Self.home, opened: now)
        client.views[Self.home] = view
        await show(view, login, call)
    }

    func joinView(_ name: String, _ call: IRCCall) async {
        let client = call.client
        guard let login = client.login else {
            failure(call, .needLogin)
            return numeric(.needAccount, call, [name], "Log in first: /quote LOGIN name passphrase")
        }
        let folded = name.ircFolded
        guard client.views[folded] == nil else { return }
        guard name.utf8.count <= IRCLimits.channelBytesMax, name.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
            return numeric(.noSuchChannel, call, [name], "No such channel")
        }
        do {
            let view = try await view(named: name, login)
            if view != .home, await !login.open(view) { return numeric(.tooManyChannels, call, [name], "You have opened too many views") }
            guard client.login === login, client.views[folded] == nil else { return }
            let opened = IRCView(view: view, channel: name, opened: now)
            client.views[folded] = opened
            await show(opened, login, call)
            if view != .home, !client.capabilities.contains(.chatHistory) { await showLatest(opened, login, call) }
        } catch {
            failure(call, error)
            numeric(.noSuchChannel, call, [name], error.text)
        }
    }

    func view(named name: String, _ login: Login) async throws(Failure) -> View {
        let rest = String(name.dropFirst())
        switch rest.ircFolded {
        case "home": return .home
        case "mentions": return .mentions
        default: break
        }
        do {
            if rest.hasPrefix("@"), rest.utf8.count > 1 { return .user(try await node.user(named: String(rest.dropFirst())).account) }
            if rest.hasPrefix("#"), rest.utf8.count > 1 { return .hashtag(String(rest.dropFirst()).lowercased()) }
            if rest.ircFolded.hasPrefix("thread-") { return .thread(try await node.show(String(rest.dropFirst(7)), login).post.id.hash) }
        } catch {
            throw Failure(error)
        }
        throw Failure(.badParameter, "no view \(Failure.quote(name)); there are &home, &mentions, &@name, &#hashtag and &thread-id")
    }

    /// What a client is told of a view that it opened.
    private func show(_ view: IRCView, _ login: Login, _ call: IRCCall) async {
        guard let user = call.client.user else { return }
        let isExtended = call.client.capabilities.contains(.extendedJoin)
        let more = isExtended ? [user.account?.name ?? "*"] : []
        call.reply(action(of: user, "JOIN", [view.channel] + more, text: isExtended ? user.realName : nil))
        await topicReplies(of: view, login, call, withNone: false)
        if call.client.capabilities.contains(.readMarker) { replyMarker(call, view.channel) }
        guard !call.client.capabilities.hasNoImplicitNames else { return }
        await viewNames(view.channel, call)
        numeric(.endOfNames, call, [view.channel], "End of /NAMES list")
    }

    /// A view that was just opened would be empty for a client that fetches no history by itself. One that opens its views again
    /// after its connection was lost is not shown the same twice.
    private func showLatest(_ view: IRCView, _ login: Login, _ call: IRCCall) async {
        let left = viewsLeft[login.account]?[view.view].map(HistoryBound.time)
        let posts = (try? await node.history(of: view.view, login, .latest(after: left), limit: IRCLimits.viewPostsShown)) ?? []
        for post in posts where !post.isDeleted {
            call.replies += replies(of: item(post, in: view.channel, call.client), for: call.client.capabilities)
        }
    }

    func partView(_ name: String, _ call: IRCCall) {
        guard let user = call.client.user else { return }
        guard let view = call.client.views.removeValue(forKey: name.ircFolded) else {
            return numeric(.notOnChannel, call, [name], "You're not on that channel")
        }
        if let account = call.client.login?.account { viewsLeft[account]?[view.view] = nil }
        if view.view != .home, !call.client.views.values.contains(where: { $0.view == view.view }) { call.client.login?.close(view.view) }
        call.reply(action(of: user, "PART", [view.channel]))
    }

    func viewNames(_ name: String, _ call: IRCCall) async {
        guard let user = call.client.user, let login = call.client.login, let view = call.client.views[name.ircFolded] else { return }
        let withHosts = call.client.capabilities.contains(.userhostInNames)
        var names = [withHosts ? user.source : user.nick]
        if view.view == .home {
            for (followed, followsBack) in (try? await node.followed(by: login)) ?? [] {
                names.append((followsBack ? "+" : "") + (withHosts ? IRCAccount.source(of: followed) : followed.name))
            }
        }
        namesReplies(names, ["=", view.channel], call)
    }

    func viewTopic(_ name: String, _ call: IRCCall) async {
        guard let login = call.client.login, let view = call.client.views[name.ircFolded] else {
            return numeric(.noSuchChannel, call, [name], "No such channel")
        }
        guard call.parameters.count == 1 else {
            return numeric(.operatorPrivilegesNeeded, call, [name], "The topic of a view is made of posts; say something instead")
        }
        await topicReplies(of: view, login, call, withNone: true)
    }

    private func topicReplies(of view: IRCView, _ login: Login, _ call: IRCCall, withNone: Bool) async {
        guard let topic = await topic(of: view, login, call.client) else {
            if withNone { numeric(.noTopic, call, [view.channel], "No topic is set") }
            return
        }
        numeric(.topic, call, [view.channel], topic.text)
        numeric(.topicWhoTime, call, [view.channel, topic.setBy, String(topic.setAt / 1_000)])
    }

    /// Of `&home` it is the last post of its owner; of other views, what they are.
    func topic(of view: IRCView, _ login: Login, _ client: IRCClient) async -> IRCChannel.Topic? {
        let text: String
        switch view.view {
        case .home:
            guard let last = await lastPosts(login).first(where: { !$0.isDeleted }) else { return nil }
            return IRCChannel.Topic(text: topic(last, client), setBy: IRCAccount.source(of: last.author), setAt: last.created)
        case .mentions: text = "Posts that mention you, answer you or forward you"
        case .user: text = "Posts of \(view.channel.dropFirst(2))"
        case .hashtag: text = "Posts with \(view.channel.dropFirst())"
        case .thread: text = "A conversation; what you say here answers it"
        }
        return IRCChannel.Topic(text: text, setBy: serverName, setAt: view.opened)
    }

    /// The last post of an account that stands, if it is among the latest, and behind it at least those that are deleted.
    private func lastPosts(_ login: Login) async -> [PostView] {
        let last = (try? await node.feed(of: login.name.text, login, count: 1, before: nil)) ?? []
        guard last.first?.isDeleted == true else { return last }
        return (try? await node.feed(of: login.name.text, login, count: Limits.rowsMax, before: nil)) ?? last
    }

    private func topic(_ post: PostView, _ client: IRCClient) -> String {
        PostLines.line(of: post, client.idStyle, bytesMax: IRCLimits.topicBytesMax)
    }

    /// How a client with `&home` open is told of its account's last post.
    func newTopic(_ post: PostView, _ client: IRCClient) -> IRCOutgoing? { newTopic(topic(post, client), client) }

    private func newTopic(_ text: String, _ client: IRCClient) -> IRCOutgoing? {
        guard let user = client.user, client.views[Self.home] != nil else { return nil }
        return action(of: user, "TOPIC", [Self.home], text: text)
    }

    /// The same when a post was deleted; `nil` if it was not the topic.
    func newTopic(without deleted: ShownID, _ login: Login, _ client: IRCClient) async -> IRCOutgoing? {
        let posts = await lastPosts(login)
        guard posts.prefix(while: \.isDeleted).contains(where: { $0.id.hash == deleted.hash }) else { return nil }
        return newTopic(posts.first { !$0.isDeleted }.map { topic($0, client) } ?? "", client)
    }

    // MARK: Following

    func inviteToView(_ nick: String, _ name: String, _ call: IRCCall) async {
        guard name.ircFolded == Self.home else { return numeric(.operatorPrivilegesNeeded, call, [name], "Only &home has people in it") }
        await runFromTable("FOLLOW", nick, call)
    }

    func kickFromView(_ nick: String, _ name: String, _ call: IRCCall) async {
        guard name.ircFolded == Self.home else { return numeric(.operatorPrivilegesNeeded, call, [name], "Only &home has people in it") }
        await runFromTable("UNFOLLOW", nick, call)
    }

    /// In `&home` a `+` stands before those who follow back, of those who are in it.
    func showVoice(of other: UserView, _ mode: String, to client: IRCClient) async {
        guard let login = client.login, await node.isFollowing(login.account, other.account), client.views[Self.home] != nil else { return }
        send(IRCOutgoing("MODE", [Self.home, mode, other.name], source: serverName), to: client)
    }

    /// Those who are in `&home` come and go there.
    func showFollowing(_ outcome: Done, _ call: IRCCall) async {
        guard let user = call.client.user, let account = call.client.login?.account else { return }
        for client in sessions(of: user) where client.views[Self.home] != nil && client.login?.account == account {
            var message: IRCOutgoing
            switch outcome {
            case .following(let followed):
                let isExtended = client.capabilities.contains(.extendedJoin)
                message = IRCOutgoing(
                    "JOIN", isExtended ? [Self.home, followed.name] : [Self.home], source: IRCAccount.source(of: followed),
                    text: isExtended ? followed.name : nil)
                message.time = now
                message.account = followed.name
            case .unfollowed(let followed):
                message = action(of: client.user ?? user, "KICK", [Self.home, followed.name], text: "unfollowed")
            default: return
            }
            if client === call.client { call.reply(message) } else { send(message, to: client) }
        }
        guard case .following(let followed) = outcome, await node.isFollowing(followed.account, account) else { return }
        let voice = IRCOutgoing("MODE", [Self.home, "+v", followed.name], source: serverName)
        for client in sessions(of: user) where client.views[Self.home] != nil && client.login?.account == account {
            if client === call.client { call.reply(voice) } else { send(voice, to: client) }
        }
    }
}
