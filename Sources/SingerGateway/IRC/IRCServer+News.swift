internal import SingerCore
internal import SingerNode

/// What is new for an account, shown without being asked for.
extension IRCServer {
    private struct Receiver: NewsReceiver {
        let server: IRCServer
        let client: Int
        let login: Login

        func isReady() -> Bool { server.assumeIsolated { $0.client(of: self) != nil } }
        func take(_ news: News) { server.assumeIsolated { $0.take(news, self) } }
    }

    /// Once for each login.
    func startPushing(_ client: IRCClient, _ login: Login) {
        guard client.told !== login else { return }
        client.told = login
        // A client that fetches history by itself is not shown it twice.
        client.postsToSkip = client.capabilities.contains(.chatHistory) ? min(login.unseen, Limits.unseenPostsMax) : 0
        let receiver = Receiver(server: self, client: client.number, login: login)
        login.whenWoken { [newsPump] in newsPump.wake(receiver) }
    }

    private func client(of receiver: Receiver) -> IRCClient? {
        guard let client = clients[receiver.client], client.login === receiver.login else { return nil }
        return client
    }

    private func take(_ news: News, _ receiver: Receiver) {
        guard let client = client(of: receiver) else { return }
        if news.isShared, client.postsToSkip == 0 {
            showShared(news, to: client)
        } else {
            for push in news.pushes {
                if client.postsToSkip > 0, case .post = push {
                    client.postsToSkip -= 1
                    continue
                }
                show(push, to: client)
            }
        }
        receiver.login.didShow()
        if news.isFull { receiver.login.wake() } else { client.postsToSkip = 0 }
    }

    /// Posts of others in `&home`: the same bytes for all that agree in what changes them.
    private func showShared(_ news: News, to client: IRCClient) {
        // Not the whole view, which would be copied when it changes.
        guard client.user != nil, !news.isEmpty, let channel = client.views[Self.home]?.channel else { return }
        client.views[Self.home]?.didShow(news.sharedPosts)
        let way = IRCWay(capabilities: client.capabilities.intersection(.saying), idStyle: client.idStyle, channel: channel)
        let bytes = renderings.bytes(of: news, as: way) { bytes in
            for case .post(let post, in: _) in news.pushes {
                write(item(post, in: channel, by: IRCAccount.source(of: post.author), client), for: way.capabilities, to: &bytes)
            }
        }
        send(bytes, to: client)
    }

    private func show(_ push: Push, to client: IRCClient) {
        guard let user = client.user else { return }
        switch push {
        case .post(let post, in: let views):
            for view in client.views.values.sorted(by: { $0.channel < $1.channel }) where views.contains(view.view) {
                let item = item(post, in: view.channel, client)
                send(to: client) { write(item, for: client.capabilities, to: &$0) }
            }
            if post.author.account == client.login?.account, let topic = newTopic(post, client) { send(topic, to: client) }
        case .deleted(let id, by: let author, in: let views):
            for message in deletions(of: id, by: source(of: author, to: client), in: views, client) { send(message, to: client) }
            guard let login = client.login, author.account == login.account else { return }
            Task { if let topic = await newTopic(without: id, login, client) { send(topic, to: client) } }
        case .follow(let follower):
            tell(client, "\(follower.name) follows you", in: user.nick)
            Task { await showVoice(of: follower, "+v", to: client) }
        case .unfollow(let follower):
            tell(client, "\(follower.name) follows you no more", in: user.nick)
            Task { await showVoice(of: follower, "-v", to: client) }
        case .like(let liker, let id):
            if client.capabilities.contains(.messageTags) {
                var message = IRCOutgoing("TAGMSG", [Self.home], source: IRCAccount.source(of: liker))
                message.time = now
                message.account = liker.name
                message.clientTags = [
                    IRCMessage.Tag("+draft/react", "👍"), IRCMessage.Tag("+reply", id.hash.text), IRCMessage.Tag("+draft/reply", id.hash.text),
                ]
                send(message, to: client)
            } else {
                tell(client, "\(liker.name) likes \(id.shown)", in: user.nick)
            }
        case .online(let other): showPresence(of: other, isOnline: true, to: client)
        case .offline(let other): showPresence(of: other, isOnline: false, to: client)
        case .held(let id, let peers): tell(client, "\(id.shown) is held by \(peers) other peer\(peers == 1 ? "" : "s")", in: user.nick)
        case .rival(let rival): tell(client, PlainDialect.words(of: rival), in: user.nick)
        case .notice(let text): tell(client, text, in: user.nick)
        }
    }

    private func tell(_ client: IRCClient, _ text: String, in target: String) {
        send(serviceNotice(text, in: target), to: client)
    }
}
