internal import SingerCore

/// METADATA (IRCv3 draft/metadata-3): of users and of ordinary channels. Kept as long as they are here.
extension IRCServer {
    func metadata(_ call: IRCCall) {
        let client = call.client
        let target = call.parameters[0]
        let keys = call.parameters.dropFirst(2).filter { !$0.isEmpty }
        switch call.parameters[1].asciiUppercased {
        case "SUB": return subscribe(call, Array(keys))
        case "UNSUB":
            for key in keys { client.subscriptions.remove(key) }
            return call.reply(keyList(.metadataUnsubscribed, Array(keys), client))
        case "SUBS":
            call.batch(
                "metadata-subs", [], client.subscriptions.isEmpty ? [] : [.message(keyList(.metadataSubscriptions, client.subscriptions.sorted(), client))])
            return
        default: break
        }
        guard let owner = owner(of: target, client) else {
            return fail(call, "METADATA", "INVALID_TARGET", [target], "No such user or channel")
        }
        switch call.parameters[1].asciiUppercased {
        case "GET":
            let values = owner.values(client)
            let replies = keys.map { key -> IRCReply in
                guard IRCName.isMetadataKey(key) else {
                    return .message(IRCOutgoing("FAIL", ["METADATA", "KEY_INVALID", key], source: serverName, text: "Invalid key"))
                }
                return .message(self.keyValue(owner.name, key, values[key], client))
            }
            call.batch("metadata", [owner.name], replies)
        case "LIST":
            replyWithMetadata(call, target: owner.name, owner.values(client))
        case "SYNC":
            replyWithMetadata(call, target: owner.name, owner.values(client).filter { client.subscriptions.contains($0.key) })
        case "CLEAR":
            guard owner.isOwn(client) else { return fail(call, "METADATA", "KEY_NO_PERMISSION", [target, "*"], "Only its owner may do that") }
            let values = owner.values(client)
            owner.set([:], client)
            call.batch("metadata", [owner.name], values.keys.sorted().map { .message(keyValue(owner.name, $0, nil, client)) })
            for key in values.keys { tell(of: owner, key, nil, except: client) }
        case "SET":
            guard let key = keys.first else { return needMoreParameters(call) }
            set(key, call.parameters.count > 3 ? call.parameters[3] : nil, of: owner, target, call)
        default:
            fail(call, "METADATA", "SUBCOMMAND_INVALID", [call.parameters[1]], "Invalid subcommand")
        }
    }

    /// Whose metadata it is.
    enum MetadataOwner {
        case user(IRCUser)
        case channel(IRCChannel)
        /// A connection that is not yet anybody's.
        case unregistered(IRCClient)

        var name: String {
            switch self {
            case .user(let user): user.nick
            case .channel(let channel): channel.name
            case .unregistered(let client): client.nick
            }
        }

        func values(_ client: IRCClient) -> [String: String] {
            switch self {
            case .user(let user): user.metadata
            case .channel(let channel):
                channel.modes.contains("i") && client.user.flatMap { channel.members[$0.number] } == nil ? [:] : channel.metadata
            case .unregistered(let client): client.metadata
            }
        }

        func set(_ values: [String: String], _ client: IRCClient) {
            switch self {
            case .user(let user): user.metadata = values
            case .channel(let channel): channel.metadata = values
            case .unregistered(let client): client.metadata = values
            }
        }

        func isOwn(_ client: IRCClient) -> Bool {
            switch self {
            case .user(let user): user === client.user
            case .channel(let channel): client.user.map { channel.isOperator($0) } ?? false
            case .unregistered: true
            }
        }
    }

    private func owner(of target: String, _ client: IRCClient) -> MetadataOwner? {
        if target == "*" || target.ircFolded == client.nick.ircFolded { return client.user.map { .user($0) } ?? .unregistered(client) }
        if let channel = channels[target.ircFolded] { return .channel(channel) }
        return users[target.ircFolded].map { .user($0) }
    }

    private func set(_ key: String, _ value: String?, of owner: MetadataOwner, _ target: String, _ call: IRCCall) {
        guard IRCName.isMetadataKey(key) else { return fail(call, "METADATA", "KEY_INVALID", [key], "Invalid key") }
        guard owner.isOwn(call.client) else { return fail(call, "METADATA", "KEY_NO_PERMISSION", [target, key], "Only its owner may do that") }
        var values = owner.values(call.client)
        if let value {
            guard value.utf8.count <= IRCLimits.metadataValueBytesMax else {
                return fail(call, "METADATA", "INVALID_VALUE", [target], "A value has at most \(IRCLimits.metadataValueBytesMax) bytes")
            }
            guard values[key] != nil || values.count < IRCLimits.metadataKeysMax else {
                return fail(call, "METADATA", "LIMIT_REACHED", [target], "At most \(IRCLimits.metadataKeysMax) keys can be set")
            }
        }
        values[key] = value
        owner.set(values, call.client)
        call.reply(keyValue(owner.name, key, value, call.client))
        tell(of: owner, key, value, except: call.client)
    }

    private func keyValue(_ target: String, _ key: String, _ value: String?, _ client: IRCClient) -> IRCOutgoing {
        if let value { return message(.keyValue, to: client, [target, key, "*"], value) }
        return message(.keyNotSet, to: client, [target, key], "key not set")
    }

    private func keyList(_ numeric: IRCNumeric, _ keys: [String], _ client: IRCClient) -> IRCOutgoing {
        var list = message(numeric, to: client, keys)
        list.endsInText = false
        return list
    }

    private func subscribe(_ call: IRCCall, _ keys: [String]) {
        var accepted: [String] = []
        for key in keys {
            guard IRCName.isMetadataKey(key) else {
                fail(call, "METADATA", "KEY_INVALID", [key], "Invalid key")
                continue
            }
            guard call.client.subscriptions.count < IRCLimits.subscriptionsMax || call.client.subscriptions.contains(key) else {
                fail(call, "METADATA", "TOO_MANY_SUBS", [key], "At most \(IRCLimits.subscriptionsMax) keys can be subscribed to")
                break
            }
            call.client.subscriptions.insert(key)
            accepted.append(key)
        }
        if !accepted.isEmpty { call.replies.insert(.message(keyList(.metadataSubscribed, accepted, call.client)), at: 0) }
    }

    func replyWithMetadata(_ call: IRCCall, target: String, _ values: [String: String]) {
        let replies = values.sorted { $0.key < $1.key }.map { IRCReply.message(keyValue(target, $0.key, $0.value, call.client)) }
        call.batch("metadata", [target], replies)
    }

    /// Tells those who can see it, and asked to be told.
    private func tell(of owner: MetadataOwner, _ key: String, _ value: String?, except: IRCClient) {
        var receivers: [Int: IRCUser] = [:]
        switch owner {
        case .unregistered: return
        case .channel(let channel):
            for member in channel.members.values { receivers[member.user.number] = member.user }
        case .user(let user):
            receivers[user.number] = user
            for channel in user.channels.values { for member in channel.members.values { receivers[member.user.number] = member.user } }
            for number in watchers[user.nick.ircFolded] ?? [] { if let watcher = clients[number]?.user { receivers[watcher.number] = watcher } }
        }
        for client in receivers.values.flatMap(\.clients) where client !== except && client.subscriptions.contains(key) {
            guard client.capabilities.contains(.metadata) else { continue }
            send(keyValue(owner.name, key, value, client), to: client)
        }
    }

    /// A channel's metadata, and that of its members, for somebody who comes to it.
    func showMetadata(of channel: IRCChannel, _ call: IRCCall) {
        let client = call.client
        guard client.capabilities.contains(.metadata), !client.subscriptions.isEmpty else { return }
        for (key, value) in channel.metadata.sorted(by: { $0.key < $1.key }) where client.subscriptions.contains(key) {
            call.reply(keyValue(channel.name, key, value, client))
        }
        for member in channel.sortedMembers where member.user !== client.user {
            for (key, value) in member.user.metadata.sorted(by: { $0.key < $1.key }) where client.subscriptions.contains(key) {
                call.reply(keyValue(member.user.nick, key, value, client))
            }
        }
    }

    /// The metadata of somebody who comes to a channel, for those who are in it.
    func shareMetadata(of user: IRCUser, in channel: IRCChannel) {
        guard !user.metadata.isEmpty else { return }
        for client in channel.members.values.filter({ $0.user !== user }).flatMap(\.user.clients) where client.capabilities.contains(.metadata) {
            for (key, value) in user.metadata.sorted(by: { $0.key < $1.key }) where client.subscriptions.contains(key) {
                send(keyValue(user.nick, key, value, client), to: client)
            }
        }
    }
}
