internal import Glibc
internal import SingerCore

/// What becomes of the lines of a peer.
extension Interactive {
    /// Sends one command under a tag of the client's own, unless it has one already.
    func send(_ line: String, for purpose: Request.Purpose) {
        let tag: String
        if let own = TypedLine(line)?.tag, !own.isEmpty {
            tag = String(own.dropFirst())
            connection.send(line)
        } else {
            lastTag += 1
            tag = "c\(lastTag)"
            connection.send("#\(tag) \(line)")
        }
        requests[tag] = Request(purpose: purpose, since: .now)
        sent.append(tag)
    }

    /// Rows that are kept of one reply; a peer gives no more.
    private static let rowsMax = 20_000

    func take(_ message: Message) {
        switch message {
        case .pushed(let event): take(event)
        case .row(let row, let tag):
            if let tag, requests[tag] != nil {
                if (requests[tag]?.rows.count ?? 0) < Self.rowsMax { requests[tag]?.rows.append(row) }
            } else {
                show(row)
            }
        case .done(let done, let tag):
            guard let request = finish(tag) else { return show(done.words) }
            take(done, of: request)
        // The code is for programs; the text says it all.
        case .failed(let code, let text, let tag):
            // Of a line that could not be read the peer does not know the tag. Replies come in order: it is the oldest that is open.
            guard let request = finish(tag ?? sent.first) else {
                output += renderer.error(text)
                return
            }
            fail(code, text, request)
        }
    }

    private func finish(_ tag: String?) -> Request? {
        guard let tag, let request = requests.removeValue(forKey: tag) else { return nil }
        sent.removeAll { $0 == tag }
        return request
    }

    /// After the connection was lost: what was not answered may have been done or not.
    func forgetRequests() {
        for tag in sent {
            if case .typed(let typed)? = requests[tag]?.purpose {
                output += renderer.error("no answer came to \(typed.isSecret ? typed.verb : "\(typed.verb) \(typed.rest)"); look before you repeat it")
            }
        }
        if requests.values.contains(where: { if case .help = $0.purpose { true } else { false } }) { knowsCommands = false }
        requests = [:]
        sent = []
        if question == .busy { ask(openQuestion) }
    }

    private func take(_ event: Message.Event) {
        switch event {
        case .post(let post):
            completion.learn(post)
            guard shown.note(post) else { return }
            status.arrived(at: .now)
        case .about(let user, _): completion.learn(name: user)
        case .deleted, .like, .notice, .other: break
        }
        output += renderer.lines(event)
    }

    private func show(_ row: Message.Row) {
        learn(row)
        output += renderer.lines(row)
    }

    private func learn(_ row: Message.Row) {
        switch row {
        case .post(let post): completion.learn(post)
        case .user(let name): completion.learn(name: name)
        case .help(let usage, _): completion.learn(usage: usage)
        case .field, .note, .other: break
        }
    }

    private func show(_ words: String) {
        if !words.isEmpty { output += renderer.info(words) }
    }

    private func take(_ done: Message.Done, of request: Request) {
        for row in request.rows { learn(row) }
        if let id = done.value["id"]?.string { completion.learn(id: id) }
        switch request.purpose {
        case .typed(let typed): finish(typed, done, request.rows)
        case .login(let credentials, let isReturn):
            loggedIn(credentials, done, isReturn: isReturn)
        case .register(let credentials): loggedIn(credentials, done, isReturn: false)
        case .names, .help: break
        case .mark:
            for case .post(let post) in request.rows { shown.meet(post.time) }
        case .missed:
            let posts = request.rows.compactMap { row in if case .post(let post) = row { post } else { nil } }
            for post in shown.missed(posts) where shown.note(post) { output += renderer.lines(post) }
        }
    }

    private func loggedIn(_ credentials: Credentials, _ done: Message.Done, isReturn: Bool) {
        let name = done.value["user"]?.string ?? credentials.name
        let isSame = isReturn && renderer.me != nil
        let passphrase = done.passphrase ?? credentials.passphrase
        self.credentials = Credentials(name: name, passphrase: passphrase)
        renderer.me = name
        if !isReturn { output += renderer.info(done.words) }
        if let made = done.passphrase {
            output += renderer.info("Your passphrase: \(made)")
            output += renderer.info("Keep it: it is shown this once, and nobody can look it up. It opens your account from any peer.")
        } else if done.word == "registered", passphrase.count < Limits.passphraseCharactersStrong {
            output += renderer.info(
                "Kept on this peer only; with \(Limits.passphraseCharactersStrong) characters or more (PASSWD) it opens from other peers, too.")
        }
        if question == .busy || question == .command || question == .name { ask(.command) }
        learnCommands()
        send("FOLLOWING", for: .names)
        send("FOLLOWERS", for: .names)
        // The peer itself shows what came while nobody was there. Who stayed away alone, with another session of the account open, finds the rest here.
        send(isSame ? "TIMELINE 50" : "TIMELINE 1", for: isSame ? .missed : .mark)
    }

    /// The reply to a command that was typed.
    private func finish(_ typed: TypedLine, _ done: Message.Done, _ rows: [Message.Row]) {
        switch typed.verb {
        // Their author has seen them, and need not see them again.
        case "POST", "REPLY", "FORWARD": if let hash = done.value["hash"]?.string { shown.note(hash: hash) }
        case "LOGOUT":
            credentials = nil
            renderer.me = nil
            if question == .command { ask(.command) }
        case "PASSWD":
            if let name = credentials?.name, let change = PassphraseChange(typed.rest) { credentials = Credentials(name: name, passphrase: change.new) }
        case "FOLLOW": if let user = done.value["user"]?.string { completion.learn(name: user) }
        default: break
        }
        var lines: [String] = []
        var paged = renderer
        for row in rows { lines += paged.lines(row) }
        let words = done.words
        guard lines.count >= terminal.rows, let pager else {
            renderer = paged
            output += lines
            return show(words)
        }
        flush()
        // A page stands alone: its first post has its day.
        var whole = Renderer(palette: renderer.palette, columns: terminal.columns, me: renderer.me)
        terminal.page(rows.flatMap { whole.lines($0) }, with: pager)
        // What was typed at the pager is none of ours, Ctrl-C least of all; who ends this program means it.
        if !Terminal.takeSignals().isDisjoint(with: [SIGTERM, SIGHUP]) { leave() }
        renderer.columns = terminal.columns
        show(words)
    }

    /// What shows long replies; `nil` where there is none, or where the terminal cannot do more than print.
    private var pager: String? {
        let environment = settings.environment
        guard let term = environment.term, term != "dumb" else { return nil }
        guard let pager = environment.pager else { return "less" }
        return pager.isEmpty ? nil : pager
    }

    private func fail(_ code: String, _ text: String, _ request: Request) {
        switch request.purpose {
        case .names, .help, .mark, .missed: return
        case .typed:
            output += renderer.error(text)
        case .login(let credentials, isReturn: true) where ["RATE_LIMITED", "UNAVAILABLE", "INTERNAL"].contains(code):
            output += renderer.error("\(credentials.name) could not be logged in again: \(text); trying again")
            comeBackLater()
        case .login(let credentials, isReturn: true):
            output += renderer.error("\(credentials.name) could not be logged in again: \(text)")
            self.credentials = nil
            renderer.me = nil
            if question == .command { ask(.command) }
        case .login(let credentials, isReturn: false):
            guard question == .busy else { return output += renderer.error(text) }
            // The name is there to be corrected, or to be taken as it is.
            output += renderer.error(code == "BAD_LOGIN" ? "no account has that name and that passphrase; try again" : text)
            ask(.name)
            terminal.setDraft(credentials.name)
        case .register(let credentials):
            output += renderer.error(text)
            guard question == .busy else { return }
            switch code {
            case "WEAK_PASSPHRASE": ask(.newPassphrase(.account(name: credentials.name)))
            case "NAME_TAKEN", "INVALID_NAME": ask(.newName)
            default: ask(.name)
            }
        }
    }

    /// Asks the peer for its commands, once: completion offers them.
    func learnCommands() {
        guard !knowsCommands else { return }
        knowsCommands = true
        send("HELP", for: .help)
    }
}
