internal import SingerCore
internal import SingerNode

/// METADATA (IRCv3 draft/metadata-2 and -3): of users and of ordinary channels. An account's is kept in the store, else as long as it is there.
extension IRCServer {
    func metadata(_ call: IRCCall) async {
        let client = call.client
        let target = call.parameters[0]
        let subcommand = call.parameters[1].asciiUppercased
        let keys = call.parameters.dropFirst(2).filter { !$0.isEmpty }
        switch subcommand {
        case "SUB": return keys.isEmpty ? needMoreParameters(call) : subscribe(call, Array(keys))
        case "UNSUB": return keys.isEmpty ? needMoreParameters(call) : unsubscribe(call, Array(keys))
        case "SUBS":
            let subscriptions = client.subscriptions.isEmpty ? [] : keyLists(.metadataSubscriptions, client.subscriptions.sorted(), client)
            return call.batch("metadata-subs", [], subscriptions.map { .message($0) })
        case "GET", "LIST", "SET", "CLEAR", "SYNC": break
        default: return fail(call, "METADATA", IRCMetadataVersion(client.capabilities).invalidSubcommand, [call.parameters[1]], "Invalid subcommand")
        }
        guard let owner = owner(of: target, client) else {
            return fail(call, "METADATA", "INVALID_TARGET", [target], "No such user or channel")
        }
        switch subcommand {
        case "GET": keys.isEmpty ? needMoreParameters(call) : get(Array(keys), of: owner, call)
        case "LIST":
            let values = owner.values(client).sorted { $0.key < $1.key }
            call.batch("metadata", [owner.name], values.map { .message(keyValue(owner.name, $0.key, $0.value, client)) })
        case "SYNC": sync(owner, call)
        case "CLEAR": await clear(owner, target, call)
        default:
            guard let key = keys.first else { return needMoreParameters(call) }
            await set(key, call.parameters.count > 3 ? call.parameters[3] : nil, of: owner, target, call)
        }
    }

    private func owner(of target: String, _ client: IRCClient) -> IRCMetadataOwner? {
        if target == "*" || target.ircFolded == client.nick.ircFolded { return client.user.map { .user($0) } ?? .unregistered(client) }
        // Who has not registered learns nothing of others.
        guard client.user != nil else { return nil }
        if let channel = channels[target.ircFolded] { return isVisible(channel, to: client.user) ? .channel(channel) : nil }
        return users[target.ircFolded].map { .user($0) }
    }

    private func invalidKey(_ key: String, _ client: IRCClient) -> IRCOutgoing {
        IRCOutgoing("FAIL", ["METADATA", IRCMetadataVersion(client.capabilities).invalidKey, key], source: serverName, text: "Invalid key")
    }

    // MARK: Reading

    private func get(_ keys: [String], of owner: IRCMetadataOwner, _ call: IRCCall) {
        let values = owner.values(call.client)
        let replies = keys.map { key -> IRCReply in
            .message(IRCName.isMetadataKey(key) ? keyValue(owner.name, key, values[key], call.client) : invalidKey(key, call.client))
        }
        call.batch("metadata", [owner.name], replies)
    }

    private func sync(_ owner: IRCMetadataOwner, _ call: IRCCall) {
        let messages =
            switch owner {
            case .channel(let channel) where call.client.user.map({ channel.members[$0.number] != nil }) == true: subscribed(in: channel, call.client)
            case .channel, .user, .unregistered: subscribed(owner.name, owner.values(call.client), call.client)
            }
        call.batch("metadata", [owner.name], messages.map { .message($0) })
    }

    // MARK: Writing

    private func set(_ key: String, _ value: String?, of owner: IRCMetadataOwner, _ target: String, _ call: IRCCall) async {
        let version = IRCMetadataVersion(call.client.capabilities)
        guard IRCName.isMetadataKey(key) else { return call.reply(invalidKey(key, call.client)) }
        guard owner.isOwn(call.client) else { return fail(call, "METADATA", "KEY_NO_PERMISSION", [target, key], "Only its owner may do that") }
        let values = owner.values(call.client)
        if let value {
            guard value.utf8.count <= IRCLimits.metadataValueBytesMax else {
                let text = "A value has at most \(IRCLimits.metadataValueBytesMax) bytes"
                return fail(call, "METADATA", version.invalidValue, version == .two ? [] : [key], text)
            }
            guard values[key] != nil || values.count < IRCLimits.metadataKeysMax else {
                return fail(call, "METADATA", "LIMIT_REACHED", [target], "At most \(IRCLimits.metadataKeysMax) keys can be set")
            }
        } else if values[key] == nil, version == .two {
            return fail(call, "METADATA", "KEY_NOT_SET", [target, key], "key not set")
        }
        let isNew = values[key] != value
        if isNew { guard await keep([key: value], of: owner, call) else { return } }
        call.reply(keyValue(owner.name, key, value, call.client))
        if isNew { tell(of: owner, key, value, except: call.client) }
    }

    private func clear(_ owner: IRCMetadataOwner, _ target: String, _ call: IRCCall) async {
        guard owner.isOwn(call.client) else { return fail(call, "METADATA", "KEY_NO_PERMISSION", [target, "*"], "Only its owner may do that") }
        let keys = owner.values(call.client).keys.sorted()
        if !keys.isEmpty { guard await keep(Dictionary(uniqueKeysWithValues: keys.map { ($0, nil) }), of: owner, call) else { return } }
        call.batch("metadata", [owner.name], keys.map { .message(keyValue(owner.name, $0, nil, call.client)) })
        for key in keys { tell(of: owner, key, nil, except: call.client) }
    }

    /// An account's stand in the store before anybody is told, and are the same under each nick that it has here.
    private func keep(_ changes: [String: String?], of owner: IRCMetadataOwner, _ call: IRCCall) async -> Bool {
        switch owner {
        case .unregistered(let client): client.metadata.take(changes)
        case .channel(let channel): channel.metadata.take(changes)
        case .user(let user):
            if let login = call.client.login {
                do {
                    try await node.setMetadata(login, changes)
                } catch {
                    failure(call, Failure(error))
                    return false
                }
                guard !call.client.isGone else { return false }
                kept[.account(login.account), default: ClientState()].metadata.take(changes)
                for client in sessions(of: user) where client.user !== user { client.user?.metadata.take(changes) }
            }
            user.metadata.take(changes)
        }
        return true
    }

    // MARK: Subscriptions

    private func subscribe(_ call: IRCCall, _ keys: [String]) {
        let client = call.client
        let old = client.subscriptions
        var accepted: [String] = []
        var failures: [IRCOutgoing] = []
        for key in keys {
            guard IRCName.isMetadataKey(key) else {
                failures.append(invalidKey(key, client))
                continue
            }
            guard client.subscriptions.count < IRCLimits.subscriptionsMax || client.subscriptions.contains(key) else {
                let code = IRCMetadataVersion(client.capabilities).tooManySubscriptions
                let text = "At most \(IRCLimits.subscriptionsMax) keys can be subscribed to"
                failures.append(IRCOutgoing("FAIL", ["METADATA", code, key], source: serverName, text: text))
                break
            }
            client.subscriptions.insert(key)
            accepted.append(key)
        }
        for message in accepted.isEmpty ? failures : keyLists(.metadataSubscribed, accepted, client) + failures { call.reply(message) }
        showNewlySubscribed(client.subscriptions.subtracting(old), call)
    }

    /// The values that keys have now, wherever the client is told of changes.
    private func showNewlySubscribed(_ keys: Set<String>, _ call: IRCCall) {
        guard let user = call.client.user, !keys.isEmpty, call.client.capabilities.hasMetadata else { return }
        var isShown: Set<String> = []
        func show(_ messages: [IRCOutgoing]) {
            for message in messages where isShown.insert(message.body).inserted { call.reply(message) }
        }
        show(subscribed(user.nick, user.metadata, call.client, only: keys))
        for channel in user.channels.values.sorted(by: { $0.name < $1.name }) { show(subscribed(in: channel, call.client, only: keys)) }
        for nick in call.client.monitored.keys.sorted() {
            if let other = users[nick] { show(subscribed(other.nick, other.metadata, call.client, only: keys)) }
        }
    }

    private func unsubscribe(_ call: IRCCall, _ keys: [String]) {
        let valid = keys.filter { IRCName.isMetadataKey($0) }
        for key in valid { call.client.subscriptions.remove(key) }
        if !valid.isEmpty { for message in keyLists(.metadataUnsubscribed, valid, call.client) { call.reply(message) } }
        for key in keys where !IRCName.isMetadataKey(key) { call.reply(invalidKey(key, call.client)) }
    }

    /// As many lines as the keys need.
    private func keyLists(_ numeric: IRCNumeric, _ keys: [String], _ client: IRCClient) -> [IRCOutgoing] {
        Self.packed(keys, itemsMax: IRCMessage.parametersMax - 1).map { line in
            var list = message(numeric, to: client, line)
            list.endsInText = false
            return list
        }
    }
}

extension [String: String] {
    fileprivate mutating func take(_ changes: [String: String?]) {
        for (key, value) in changes { self[key] = value }
    }
}
