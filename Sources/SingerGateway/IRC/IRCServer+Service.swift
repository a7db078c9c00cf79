internal import SingerCore
internal import SingerNode

/// The commands that all dialects share, reached by `/quote`, `/msg singer` and lines in `&home` that begin with a dot.
extension IRCServer {
    nonisolated var serviceSource: String { "\(IRCName.service)!\(IRCName.service)@\(serverName)" }

    func serviceNotice(_ text: String, in target: String) -> IRCOutgoing {
        IRCOutgoing("NOTICE", [target], source: serviceSource, text: PlainDialect.safe(text))
    }

    /// A verb that IRC itself does not know: `/quote FOLLOW diogo`.
    func runFromTable(_ call: IRCCall) async {
        let verb = call.message.command
        do {
            _ = try CommandTable.command(verb)
        } catch {
            numeric(.unknownCommand, call, [Failure.quote(verb)], error.text)
            // A client that labels its commands waits for one reply.
            if call.label == nil { failure(call, error, command: Failure.quote(verb)) }
            return
        }
        await runFromTable(verb, call.rest(textAfter: ["POST", "SEARCH"].contains(verb.asciiUppercased) ? 0 : 1), call)
    }

    func sayToService(_ text: String, _ call: IRCCall) async {
        // CTCP: a client that asks a robot for its version gets no answer.
        guard text.utf8.first != 1 else { return }
        var arguments = Arguments(text)
        guard let verb = arguments.word() else { return }
        await runFromTable(verb.utf8.count > 1 && verb.hasPrefix("/") ? String(verb.dropFirst()) : verb, String(arguments.rest), call, in: call.client.nick)
    }

    func runDotCommand(_ text: String, _ call: IRCCall) async {
        var arguments = Arguments(text)
        let typed = arguments.word() ?? ""
        do {
            await runFromTable(try Self.abbreviated(typed), String(arguments.rest), call, in: Self.home)
        } catch {
            failure(call, error, command: typed.isEmpty ? "*" : typed.asciiUppercased)
            numeric(.unknownCommand, call, ["." + Failure.quote(typed)], error.text)
            refuse(error, call, in: Self.home)
        }
    }

    /// Clients show errors among the server's messages; who typed the command looks at the place where it was typed.
    private func refuse(_ failure: Failure, _ call: IRCCall, in place: String?) {
        guard let place else { return }
        call.reply(
            IRCOutgoing("NOTICE", [place], source: serviceSource, text: "\(failure.code.rawValue) \(failure.text)".prefix(bytes: IRCLimits.topicBytesMax)))
    }

    /// What people call some commands elsewhere, and abbreviations that would be ambiguous.
    private static let nicknames = ["FW": "FORWARD", "FWD": "FORWARD", "RT": "FORWARD", "RE": "REPLY", "FAV": "LIKE", "DEL": "DELETE", "F": "FOLLOW"]

    /// The verb that a prefix of it means.
    static func abbreviated(_ typed: String) throws(Failure) -> String {
        let verb = typed.asciiUppercased
        guard !verb.isEmpty else { throw Failure(.unknownCommand, "a command belongs after the dot: .help lists them") }
        if let nickname = nicknames[verb] { return nickname }
        let verbs = CommandTable.all.map(\.verb)
        if verbs.contains(verb) { return verb }
        let longer = verbs.filter { $0.hasPrefix(verb) }
        if longer.count == 1 { return longer[0] }
        if longer.count > 1 { throw Failure(.unknownCommand, "more than one command begins with .\(typed): \(longer.joined(separator: ", "))") }
        _ = try CommandTable.command(typed)
        return verb
    }

    /// Carries a command out, and says in IRC's words what came of it.
    ///
    /// - Parameters:
    ///   - place: where the reply is shown; `nil`: as a server's notice to the client.
    ///   - isQuiet: success needs no words.
    func runFromTable(_ verb: String, _ arguments: String, _ call: IRCCall, in place: String? = nil, isQuiet: Bool = false) async {
        let client = call.client
        let outcome: Outcome
        do {
            let command = try CommandTable.command(verb)
            let context = CommandContext(node: node, login: client.login, arguments: Arguments(arguments), logger: logger)
            outcome = try await command.run(context)
        } catch {
            return refuse(error, verb, arguments, call, in: place)
        }
        switch outcome {
        case .reply(let reply):
            if !isQuiet { answer(reply, call, in: place) }
            if case .done(let done) = reply.end { await follow(up: done, call, in: place) }
        case .loggedIn(let login, let reply):
            guard !client.isGone else { return await node.logout(login) }
            answer(reply, call, in: place)
            await become(login, call, takesName: true)
        case .loggedOut(let reply):
            await leaveAccount(client)
            if let user = client.user {
                numeric(.loggedOut, call, [user.source], "You are now logged out")
                if user.clients.contains(where: { $0.login != nil }) { detach(client, from: user, call) } else { setAccount(user, nil, call) }
            }
            answer(reply, call, in: place)
        case .format: refuse(Failure(.badParameter, "IRC has a format of its own"), verb, arguments, call, in: place)
        case .text: refuse(Failure(.needMoreParameters, "the text belongs on the same line"), verb, arguments, call, in: place)
        case .quit:
            end(call, "Quit")
        }
    }

    private func refuse(_ failure: Failure, _ verb: String, _ arguments: String, _ call: IRCCall, in place: String?) {
        let verb = verb.asciiUppercased
        // Which command failed is the one that was sent, where IRC has one for it.
        self.failure(call, failure, command: ["INVITE", "KICK", "TAGMSG"].contains(call.message.verb) ? call.message.verb : verb)
        numeric(Self.numeric(for: failure.code), call, Self.context(for: failure.code, verb, arguments), failure.text)
        refuse(failure, call, in: place)
    }

    /// What a reply changes in the channels that are open.
    private func follow(up done: Done, _ call: IRCCall, in place: String?) async {
        switch done {
        case .following, .unfollowed: await showFollowing(done, call)
        case .posted(let id):
            // It was not typed where it belongs, so no client shows it there by itself.
            guard let login = call.client.login, let home = call.client.views[Self.home], let post = try? await node.posts([id]).first else { return }
            await posted(post, in: home.channel, login, call, isShown: true)
        case .deleted(let id):
            guard let user = call.client.user, let login = call.client.login else { return }
            for message in deletions(of: id, by: user.source, in: [.home, .user(login.account)], call.client, except: place) { call.reply(message) }
            if let topic = await newTopic(without: id, login, call.client) { call.reply(topic) }
        default: break
        }
    }

    private func answer(_ reply: Reply, _ call: IRCCall, in place: String?) {
        let target = place ?? call.client.nick
        let source = place == nil ? serverName : serviceSource
        for line in PlainDialect.lines(of: reply, tag: nil) {
            let text = line.hasPrefix("OK ") ? String(line.dropFirst(3)) : line
            let bytesMax = IRCMessage.bytesMax - source.utf8.count - target.utf8.count - 12
            for piece in PostLines.split(text, bytesMax: bytesMax) { call.reply(IRCOutgoing("NOTICE", [target], source: source, text: piece)) }
        }
    }

    func failure(_ call: IRCCall, _ failure: Failure, command: String? = nil, context: [String] = []) {
        fail(call, command ?? call.message.verb, failure.code.rawValue, context, failure.text)
    }

    /// The numeric that says nearly the same as a code.
    private static func numeric(for code: ErrorCode) -> IRCNumeric {
        switch code {
        case .needLogin: .needAccount
        case .nameTaken: .nicknameInUse
        case .invalidName: .erroneousNickname
        case .badLogin: .passwordMismatch
        case .noSuchUser: .noSuchNick
        case .unknownCommand: .unknownCommand
        case .needMoreParameters: .needMoreParameters
        case .lineTooLong, .tooLong: .inputTooLong
        case .weakPassphrase, .noSuchPost, .ambiguousID, .emptyText, .alreadyFollowing, .notFollowing, .selfFollow, .notYours, .badParameter, .invalidUTF8,
            .rateLimited, .storageFull, .unavailable, .internal:
            .unknownError
        }
    }

    private static func context(for code: ErrorCode, _ verb: String, _ arguments: String) -> [String] {
        switch code {
        case .badLogin, .lineTooLong, .tooLong: []
        case .noSuchUser, .nameTaken, .invalidName: [Arguments(arguments).firstWord ?? "*"]
        default: [verb]
        }
    }

    /// `SET ids off|prefix|suffix`
    func set(_ call: IRCCall) {
        guard call.parameters[0].asciiUppercased == "IDS", let style = IRCClient.IDStyle(rawValue: call.parameters[1].ircFolded) else {
            failure(call, Failure(.badParameter, "usage: SET ids off|prefix|suffix"))
            return numeric(.unknownError, call, ["SET"], "usage: SET ids off|prefix|suffix")
        }
        call.client.idStyle = style
        notice(call, "ids \(style.rawValue)")
    }
}

extension Arguments {
    fileprivate var firstWord: String? {
        var rest = self
        return rest.word()
    }
}
