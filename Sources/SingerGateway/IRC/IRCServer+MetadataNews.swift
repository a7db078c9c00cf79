internal import SingerCore

/// What clients are told of metadata without asking at that moment.
extension IRCServer {
    /// One key as an answer to a request.
    func keyValue(_ target: String, _ key: String, _ value: String?, _ client: IRCClient) -> IRCOutgoing {
        if let value { return message(.keyValue, to: client, [target, key, "*"], value) }
        return message(.keyNotSet, to: client, [target, key], "key not set")
    }

    /// One key as news. Version 2 has a message for that, version 3 the same numerics as for answers.
    func keyNews(_ target: String, _ key: String, _ value: String?, _ client: IRCClient) -> IRCOutgoing {
        switch IRCMetadataVersion(client.capabilities) {
        case .two: IRCOutgoing("METADATA", [target, key, "*"], source: serverName, text: value)
        case .three: keyValue(target, key, value, client)
        }
    }

    /// Everything of a target that a client has subscribed to, or one key of it.
    func subscribed(_ target: String, _ values: [String: String], _ client: IRCClient, only keys: Set<String>? = nil) -> [IRCOutgoing] {
        guard client.capabilities.hasMetadata else { return [] }
        let wanted = keys ?? client.subscriptions
        return values.sorted { $0.key < $1.key }.filter { wanted.contains($0.key) }.map { keyNews(target, $0.key, $0.value, client) }
    }

    /// Tells those who can see it, and asked to be told.
    func tell(of owner: IRCMetadataOwner, _ key: String, _ value: String?, except: IRCClient?) {
        var receivers: [Int: IRCClient] = [:]
        switch owner {
        case .unregistered: return
        case .channel(let channel): for client in channel.members.values.flatMap(\.user.clients) { receivers[client.number] = client }
        case .user(let user):
            for client in user.clients { receivers[client.number] = client }
            for client in user.channels.values.flatMap(\.members.values).flatMap(\.user.clients) { receivers[client.number] = client }
            for number in watchers[user.nick.ircFolded] ?? [] { receivers[number] = clients[number] }
        }
        for client in receivers.values where client !== except && client.user != nil && client.subscriptions.contains(key) {
            guard client.capabilities.hasMetadata else { continue }
            send(keyNews(owner.name, key, value, client), to: client)
        }
    }

    /// A channel's metadata, and that of its members, for somebody who comes to it.
    func showMetadata(of channel: IRCChannel, _ call: IRCCall) {
        for message in subscribed(in: channel, call.client) { call.reply(message) }
    }

    /// Of a channel and of the others who are in it.
    func subscribed(in channel: IRCChannel, _ client: IRCClient, only keys: Set<String>? = nil) -> [IRCOutgoing] {
        guard client.capabilities.hasMetadata, keys?.isEmpty != true, !client.subscriptions.isEmpty else { return [] }
        return subscribed(channel.name, channel.metadata, client, only: keys)
            + channel.sortedMembers.filter { $0.user !== client.user }.flatMap { subscribed($0.user.nick, $0.user.metadata, client, only: keys) }
    }

    /// The metadata of somebody who comes to a channel, for those who are in it.
    func shareMetadata(of user: IRCUser, in channel: IRCChannel) {
        guard !user.metadata.isEmpty else { return }
        for client in channel.members.values.filter({ $0.user !== user }).flatMap(\.user.clients) {
            for message in subscribed(user.nick, user.metadata, client) { send(message, to: client) }
        }
    }

    /// What a client that just registered has set of itself; a batch with nothing in it says so.
    func showOwnMetadata(_ call: IRCCall) {
        guard let user = call.client.user, call.client.capabilities.hasMetadata else { return }
        call.batch("metadata", [user.nick], user.metadata.sorted { $0.key < $1.key }.map { .message(keyNews(user.nick, $0.key, $0.value, call.client)) })
    }
}
