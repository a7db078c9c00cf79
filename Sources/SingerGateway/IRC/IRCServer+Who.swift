internal import SingerCore
internal import SingerNode

/// WHO, WHOX and WHOIS.
extension IRCServer {
    func who(_ call: IRCCall) async {
        guard let asker = call.client.user else { return }
        let mask = call.parameter(0) ?? "*"
        let fields = call.parameters.dropFirst().last { $0.hasPrefix("%") }.map { Fields($0) }
        if IRCName.isView(mask) {
            if let view = call.client.views[mask.ircFolded] {
                whoReply(Person(asker, now: now), (view.channel, ""), fields, call)
                if view.view == .home {
                    for followee in await followees(of: call.client) {
                        whoReply(person(followee), (view.channel, followee.followsBack ? "+" : ""), fields, call)
                    }
                }
            }
        } else if mask.utf8.first == UInt8(ascii: "#") {
            if let channel = channels[mask.ircFolded], isVisible(channel, to: asker) {
                let isInside = channel.members[asker.number] != nil
                for member in channel.sortedMembers where isInside || !member.user.isInvisible {
                    whoReply(
                        Person(member.user, now: now), (channel.name, member.prefix(isMulti: call.client.capabilities.contains(.multiPrefix))), fields, call)
                }
            }
        } else if let user = users[mask.ircFolded] {
            whoReply(Person(user, now: now), nil, fields, call)
        } else if IRCName.isMask(mask) {
            for user in users.values.sorted(by: { $0.number < $1.number }) where IRCName.matches(user.nick, mask: mask) {
                guard !user.isInvisible || user === asker || user.channels.keys.contains(where: { asker.channels[$0] != nil }) else { continue }
                whoReply(Person(user, now: now), nil, fields, call)
            }
        } else if let followee = await followees(of: call.client, unlessHere: [mask])[mask.ircFolded] {
            whoReply(person(followee), nil, fields, call)
        }
        numeric(.endOfWho, call, [mask], "End of WHO list")
    }

    /// WHOX: `%fields,token`
    private struct Fields {
        let letters: Set<Character>
        let token: String

        init(_ text: String) {
            let parts = text.dropFirst().split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            letters = Set(parts.first ?? "")
            let token = parts.count > 1 ? String(parts[1]) : ""
            self.token = (1...3).contains(token.utf8.count) && token.utf8.allSatisfy { (48...57).contains($0) } ? token : "0"
        }
    }

    /// Who is told of: a user here, or somebody whom the asker follows.
    fileprivate struct Person {
        let nick: String
        let userName: String
        let host: String
        let realName: String
        let account: String?
        let isHere: Bool
        var isBot = false
        var idleSeconds: Milliseconds = 0
    }

    private func person(_ followee: IRCFollowee) -> Person {
        guard let user = users[followee.user.name.ircFolded], user.account?.key == followee.user.account else {
            let name = followee.user.name
            return Person(
                nick: name, userName: name, host: IRCAccount.host(of: followee.user.account), realName: name, account: name, isHere: followee.isOnline)
        }
        return Person(user, now: now)
    }

    private func whoReply(_ person: Person, _ place: (channel: String, prefix: String)?, _ fields: Fields?, _ call: IRCCall) {
        let flags = (person.isHere ? "H" : "G") + (place?.prefix ?? "") + (person.isBot ? "B" : "")
        let channel = place?.channel ?? "*"
        guard let fields else {
            return numeric(.whoReply, call, [channel, person.userName, person.host, serverName, person.nick, flags], "0 " + person.realName)
        }
        let values: [(Character, String)] = [
            ("t", fields.token), ("c", channel), ("u", person.userName), ("i", "255.255.255.255"), ("h", person.host), ("s", serverName),
            ("n", person.nick), ("f", flags), ("d", "0"), ("l", String(person.idleSeconds)), ("a", person.account ?? "0"), ("o", "n/a"),
            ("r", person.realName),
        ]
        numeric(.whoSpecialReply, call, values.filter { fields.letters.contains($0.0) }.map(\.1))
    }

    func whois(_ call: IRCCall) async {
        guard let asker = call.client.user, let nick = call.parameters.count > 1 ? call.parameter(1) : call.parameter(0) else {
            return numeric(.noNicknameGiven, call, [], "No nickname given")
        }
        for nick in Self.targets(nick).prefix(1) {
            if let user = users[nick.ircFolded] {
                whois(user, by: asker, call)
                if let account = user.account, let whois = await knowledge(of: account.name, call) { profileReplies(whois, user.nick, call) }
                numeric(.endOfWhois, call, [user.nick], "End of /WHOIS list")
            } else if nick.ircFolded == IRCName.service {
                numeric(.whoisUser, call, [IRCName.service, IRCName.service, serverName, "*"], "Carries out commands: /msg \(IRCName.service) HELP")
                numeric(.whoisServer, call, [IRCName.service, serverName], "Singer")
                numeric(.endOfWhois, call, [IRCName.service], "End of /WHOIS list")
            } else {
                if await !whoisAccount(nick, call) { numeric(.noSuchNick, call, [nick], "No such nick/channel") }
                numeric(.endOfWhois, call, [nick], "End of /WHOIS list")
            }
        }
    }

    private func whois(_ user: IRCUser, by asker: IRCUser, _ call: IRCCall) {
        numeric(.whoisUser, call, [user.nick, user.userName, user.host, "*"], user.realName)
        let shown = user.channels.values.sorted { $0.name < $1.name }.filter { channel in
            channel.members[asker.number] != nil || !(user.isInvisible || channel.modes.contains("s"))
        }
        if !shown.isEmpty {
            let names = shown.map { (($0.members[user.number]?.prefix(isMulti: call.client.capabilities.contains(.multiPrefix))) ?? "") + $0.name }
            for line in Self.packed(names) { numeric(.whoisChannels, call, [user.nick], line.joined(separator: " ")) }
        }
        numeric(.whoisServer, call, [user.nick, serverName], "Singer")
        if let away = user.away { numeric(.away, call, [user.nick], away) }
        if let account = user.account { numeric(.whoisAccount, call, [user.nick, account.name], "is logged in as") }
        if user.isBot { numeric(.whoisBot, call, [user.nick], "is a bot") }
        numeric(.whoisIdle, call, [user.nick, String((now - user.lastActive) / 1_000), String(user.signedOn / 1_000)], "seconds idle, signon time")
        if call.client.capabilities.hasMetadata {
            for (key, value) in user.metadata.sorted(by: { $0.key < $1.key }) { numeric(.whoisKeyValue, call, [user.nick, key, "*"], value) }
        }
    }

    /// Somebody who has no connection here: what the peer knows of the account.
    private func whoisAccount(_ name: String, _ call: IRCCall) async -> Bool {
        guard let whois = await knowledge(of: name, call) else { return false }
        let user = whois.user
        let about = whois.profile.first { $0.field == "bio" }?.text.string.replacing("\n", with: " ") ?? user.name
        numeric(.whoisUser, call, [user.name, user.name, IRCAccount.host(of: user.account), "*"], about)
        numeric(.whoisServer, call, [user.name, serverName], whois.address?.description ?? "Singer")
        if whois.presence != .online { numeric(.away, call, [user.name], "offline") }
        numeric(.whoisAccount, call, [user.name, user.name], "is logged in as")
        profileReplies(whois, user.name, call)
        return true
    }

    /// What the peer knows of an account, for those who have logged in.
    private func knowledge(of name: String, _ call: IRCCall) async -> WhoIs? {
        guard let login = call.client.login else { return nil }
        return try? await node.whois(name, login)
    }

    private func profileReplies(_ whois: WhoIs, _ nick: String, _ call: IRCCall) {
        for row in PeopleCommands.rows(of: whois) { numeric(.whoisSpecial, call, [nick], PlainDialect.safe(PlainDialect.text(of: row))) }
    }
}

extension IRCServer.Person {
    fileprivate init(_ user: IRCUser, now: Milliseconds) {
        self.init(
            nick: user.nick, userName: user.userName, host: user.host, realName: user.realName, account: user.account?.name, isHere: user.away == nil,
            isBot: user.isBot, idleSeconds: (now - user.lastActive) / 1_000)
    }
}
