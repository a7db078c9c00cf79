internal import SingerCore
internal import SingerNode

/// What the server tells of itself: 001 to 005, LUSERS, MOTD, VERSION, INFO, TIME, HELP.
extension IRCServer {
    func welcome(_ call: IRCCall) {
        guard let user = call.client.user else { return }
        numeric(.welcome, call, [], "Welcome to Singer, \(user.source)")
        numeric(.yourHost, call, [], "Your host is \(serverName), running version \(versionName)")
        numeric(.created, call, [], "This server was started \(Timestamp.utc(started))")
        numeric(.myInfo, call, [serverName, versionName, "Bi", "imnostvk", "kov"])
        isSupport(call)
        lusers(call)
        showOwnMetadata(call)
        motd(call)
    }

    private var versionName: String { "singer-\(Node.version)" }

    private static let supported: [String] = [
        "NETWORK=Singer", "CASEMAPPING=ascii", "CHANTYPES=#&", "PREFIX=(ov)@+", "CHANMODES=b,k,,imnst", "CHANLIMIT=#&:\(IRCLimits.channelsPerUserMax)",
        "NICKLEN=\(IRCLimits.nickBytesMax)", "USERLEN=\(IRCLimits.userBytesMax)", "CHANNELLEN=\(IRCLimits.channelBytesMax)",
        "TOPICLEN=\(IRCLimits.topicBytesMax)", "AWAYLEN=\(IRCLimits.awayBytesMax)", "KICKLEN=\(IRCLimits.kickBytesMax)",
        "NAMELEN=\(IRCLimits.realNameBytesMax)", "LINELEN=512", "MODES=4",
        "TARGMAX=JOIN:,PART:,NAMES:,LIST:,KICK:1,WHOIS:1,PRIVMSG:\(IRCLimits.targetsMax),NOTICE:\(IRCLimits.targetsMax),TAGMSG:\(IRCLimits.targetsMax),MONITOR:",
        "MONITOR=\(IRCLimits.monitorMax)", "WHOX", "BOT=B", "UTF8ONLY", "ELIST=CMNTU", "SAFELIST", "CHATHISTORY=\(IRCLimits.historyRowsMax)",
        "MSGREFTYPES=msgid,timestamp", "METADATA=\(IRCLimits.metadataKeysMax)",
    ]

    /// Twelve tokens a line: with the nick and the text they are fewer than the 15 parameters that a message may have.
    private func isSupport(_ call: IRCCall) {
        for start in stride(from: 0, to: Self.supported.count, by: 12) {
            let tokens = Self.supported[start..<min(start + 12, Self.supported.count)]
            numeric(.isSupport, call, Array(tokens), "are supported by this server")
        }
    }

    func lusers(_ call: IRCCall) {
        let count = users.count
        let invisible = users.values.count { $0.isInvisible }
        numeric(.lUserClient, call, [], "There are \(count - invisible) users and \(invisible) invisible on 1 servers")
        numeric(.lUserOperators, call, ["0"], "operator(s) online")
        numeric(.lUserUnknown, call, [String(clients.values.count { $0.user == nil })], "unknown connection(s)")
        numeric(.lUserChannels, call, [String(channels.count)], "channels formed")
        numeric(.lUserMe, call, [], "I have \(count) clients and 0 servers")
        numeric(.localUsers, call, [String(count), String(usersMax)], "Current local users \(count), max \(usersMax)")
        numeric(.globalUsers, call, [String(count), String(usersMax)], "Current global users \(count), max \(usersMax)")
    }

    private static let messageOfTheDay = [
        "Singer: a timeline that no server owns.",
        "New here?  /quote REGISTER name passphrase     Been here?  /quote LOGIN name passphrase",
        "Then &home is your timeline: what you say there is posted; /invite name &home follows somebody.",
        "A line that begins with a dot is a command: .help     So is everything you tell /msg singer",
        "/join &mentions, &@name, &#hashtag or &thread-id opens a view. #channels are for talk on this peer.",
    ]

    func motd(_ call: IRCCall) {
        if call.client.user != nil, call.message.verb == "MOTD", !isHere(call) { return }
        numeric(.motdStart, call, [], "- \(serverName) Message of the day -")
        for line in Self.messageOfTheDay { numeric(.motd, call, [], "- " + line) }
        numeric(.endOfMotd, call, [], "End of /MOTD command.")
    }

    /// Whether the server that a query names is this one; answers 402 when it is not.
    func isHere(_ call: IRCCall) -> Bool {
        guard let target = call.parameter(0) else { return true }
        if IRCName.matches(serverName, mask: target) || users[target.ircFolded] != nil { return true }
        numeric(.noSuchServer, call, [target], "No such server")
        return false
    }

    func version(_ call: IRCCall) {
        guard isHere(call) else { return }
        numeric(.version, call, [versionName + ".", serverName], "a decentralized timeline")
        isSupport(call)
    }

    func info(_ call: IRCCall) {
        guard isHere(call) else { return }
        for line in ["Singer \(Node.version), a decentralized timeline", "Posts are signed by their authors, and kept by those who follow them."] {
            numeric(.info, call, [], line)
        }
        numeric(.endOfInfo, call, [], "End of /INFO list")
    }

    func time(_ call: IRCCall) {
        guard isHere(call) else { return }
        numeric(.time, call, [serverName], Timestamp.local(now))
    }

    func links(_ call: IRCCall) {
        numeric(.links, call, [serverName, serverName], "0 Singer")
        numeric(.endOfLinks, call, ["*"], "End of /LINKS list")
    }

    func help(_ call: IRCCall) {
        guard let subject = call.parameter(0) else {
            numeric(.helpStart, call, ["*"], "Commands of Singer; /quote them, or tell them to /msg \(IRCName.service)")
            for (group, commands) in CommandTable.groups {
                numeric(.helpText, call, ["*"], group.rawValue + ":")
                for command in commands { numeric(.helpText, call, ["*"], "  \(command.usage) - \(command.summary)") }
            }
            numeric(.helpText, call, ["*"], "Commands of IRC: " + IRCCommandTable.all.map(\.verb).joined(separator: " "))
            return numeric(.endOfHelp, call, ["*"], "HELP and a command tells more of it")
        }
        let verb = subject.asciiUppercased
        var lines: [String] = []
        if let command = IRCCommandTable.byVerb[verb] { lines.append("In IRC: " + command.usage) }
        if let command = try? CommandTable.command(verb) { lines += [command.usage, command.meaning, "For example: " + command.example] }
        guard !lines.isEmpty else { return numeric(.helpNotFound, call, [subject], "No help on that; HELP lists the commands") }
        numeric(.helpStart, call, [subject], "Help on \(verb)")
        for line in lines.flatMap({ PostLines.split($0, bytesMax: 300) }) { numeric(.helpText, call, [subject], line) }
        numeric(.endOfHelp, call, [subject], "End of /HELP")
    }
}
