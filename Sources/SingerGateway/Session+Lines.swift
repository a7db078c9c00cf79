internal import SingerCore
internal import SingerNode

/// What a session makes of the lines it reads.
extension Session {
    func take(_ item: LineDecoder.Item) async throws -> Next {
        switch phase {
        case .new(let admission): try await takeFirst(item, admission)
        case .singer: try await takeCommand(item)
        case .irc(let number): await gateway.irc.take([IRCServer.Input(item, decoder)], from: number)
        }
    }

    /// Everything that was read.
    func takeIRC(_ number: Int) async -> Next {
        var inputs: [IRCServer.Input] = []
        while let item = nextItem() { inputs.append(IRCServer.Input(item, decoder)) }
        return inputs.isEmpty ? .more : await gateway.irc.take(inputs, from: number)
    }

    /// Finds out what the client is.
    private func takeFirst(_ item: LineDecoder.Item, _ admission: Admission) async throws -> Next {
        switch item {
        case .tooLong:
            if FirstLine.mayBeRequest(decoder.droppedStart) { return .close }
            try await answer(Reply(failure: .lineTooLong), tag: Request.tag(of: decoder.droppedStart))
            return .more
        case .invalidUTF8:
            if FirstLine(String(decoding: decoder.refused, as: UTF8.self)) == .http { return .close }
            try await answer(Reply(failure: .invalidUTF8), tag: Request.tag(of: decoder.refused))
            return .more
        case .line(let line):
            guard !Arguments(line).isEmpty else { return .more }
            let kind = FirstLine(line)
            if kind == .http { return .close }
            // Which password was given stands before anything else; in which dialect to answer, the next line tells.
            if admission == .needed, let password = gatewayPassword(in: line) {
                phase = .new(gateway.configuration.accepts(password: password) ? .given : .wrong)
                return .more
            }
            switch kind {
            case .http: return .close
            case .irc:
                await startIRC(isAdmitted: admission == .given)
                if admission == .wrong { return try await take(.line("PASS *")) }
            case .plain:
                guard admission == .given else {
                    try await answer(Reply(failure: .gatewayPassword), tag: Request.tag(of: Array(line.utf8)))
                    return .close
                }
                phase = .singer
            }
            return try await take(item)
        }
    }

    /// What stands in `PASS password`; IRC clients may put a `:` before it.
    private func gatewayPassword(in line: String) -> String? {
        var arguments = Arguments(line)
        guard arguments.word()?.asciiUppercased == "PASS" else { return nil }
        let given = arguments.text
        let isBare = gateway.configuration.accepts(password: given) || !given.hasPrefix(":")
        return isBare ? given : String(given.dropFirst())
    }

    /// From here on the connection is a client of the IRC server.
    func startIRC(isAdmitted: Bool) async {
        phase = .irc(await gateway.irc.connect(handler, isAdmitted: isAdmitted))
    }

    private func takeCommand(_ item: LineDecoder.Item) async throws -> Next {
        if block != nil { return try await takeText(item) }
        switch item {
        case .tooLong:
            try await writeWaitingPosts()
            try await answer(Reply(failure: .lineTooLong), tag: Request.tag(of: decoder.droppedStart))
        case .invalidUTF8:
            try await writeWaitingPosts()
            try await answer(Reply(failure: .invalidUTF8), tag: Request.tag(of: decoder.refused))
        case .line(let line):
            let request: Request?
            do {
                request = try Request(line)
            } catch {
                try await writeWaitingPosts()
                try await answer(Reply(failure: error), tag: nil)
                return .more
            }
            guard let request else { return .more }
            if try await holdBack(request) { return .more }
            try await writeWaitingPosts()
            return try await carryOut(tag: request.tag) { context throws(Failure) in
                guard !request.verb.isEmpty else { throw Failure(.needMoreParameters, "a command belongs after the tag: #42 POST hi") }
                return try await CommandTable.command(request.verb).run(context(request.arguments))
            }
        }
        return .more
    }

    /// One more line of a text of several.
    private func takeText(_ item: LineDecoder.Item) async throws -> Next {
        guard var open = block else { return .more }
        let text: String
        do {
            let closed = try open.take(item)
            guard let closed else {
                block = open
                return .more
            }
            text = closed
        } catch {
            block = nil
            try await answer(Reply(failure: error), tag: open.tag)
            return .more
        }
        block = nil
        return try await carryOut(tag: open.tag) { [open] context throws(Failure) in
            let context = context(Arguments(""))
            guard let login = context.login else { throw .needLogin }
            return try await PostCommands.submit(text, open.purpose, context, login)
        }
    }

    /// Runs one command, does what its outcome asks of the session, and writes its reply.
    private func carryOut(
        tag: String?, _ command: (_ context: (Arguments) -> CommandContext) async throws(Failure) -> Outcome
    ) async throws -> Next {
        isReplying = true
        defer { endReply() }
        let outcome: Outcome
        do {
            outcome = try await command(context)
        } catch {
            try await answer(Reply(failure: error), tag: tag)
            return .more
        }
        switch outcome {
        case .reply(let reply):
            try await answer(reply, tag: tag)
        case .loggedIn(let login, let reply):
            await leave()
            self.login = login
            try await answer(reply, tag: tag)
            startPushing(login)
        case .loggedOut(let reply):
            await leave()
            try await answer(reply, tag: tag)
        case .format(let dialect, let reply):
            self.dialect = dialect
            try await answer(reply, tag: tag)
        case .text(let purpose):
            block = TextBlock(purpose, tag: tag)
        case .quit(let reply):
            await leave()
            try await answer(reply, tag: tag)
            return .close
        }
        return .more
    }

    func context(_ arguments: Arguments) -> CommandContext {
        CommandContext(node: gateway.node, login: login, arguments: arguments, logger: gateway.logger)
    }

    func answer(_ reply: Reply, tag: String?) async throws {
        try await write(dialect.lines(of: reply, tag: tag).text(ending))
    }

    /// Ends the session's login, if there is one. Nothing is pushed to it any more when this returns.
    func leave() async {
        if case .irc(let number) = phase { await gateway.irc.disconnect(number, reason: "Connection closed") }
        guard let login else { return }
        self.login = nil
        pushes = Pushes()
        await gateway.node.logout(login)
    }
}
