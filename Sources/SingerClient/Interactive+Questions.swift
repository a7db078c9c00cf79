/// What the line being typed is an answer to.
extension Interactive {
    enum Question: Hashable {
        case command
        /// The peer's answer decides what is asked next.
        case busy
        case name
        case newName
        case passphrase(name: String)
        case newPassphrase(Novelty)
        /// A new passphrase, a second time.
        case repeated(Novelty, passphrase: String)
        case oldPassphrase
        /// Further lines of a text.
        case text(opening: String, lines: [String])
        case pasted(PastedText)

        /// What a new passphrase is for.
        enum Novelty: Hashable {
            case account(name: String)
            case change(old: String)
        }

        /// What is pasted may have several lines.
        var takesLines: Bool {
            switch self {
            case .command, .busy, .text: true
            case .name, .newName, .passphrase, .newPassphrase, .repeated, .oldPassphrase, .pasted: false
            }
        }

        /// A passphrase is typed. Nothing is shown meanwhile.
        var isHidden: Bool {
            switch self {
            case .passphrase, .newPassphrase, .repeated, .oldPassphrase: true
            case .command, .busy, .name, .newName, .text, .pasted: false
            }
        }
    }

    /// What is asked of somebody who has nothing else to answer.
    var openQuestion: Question { renderer.me == nil && credentials == nil ? .name : .command }

    func ask(_ question: Question) {
        self.question = question
        flush()
        terminal.setPrompt(prompt(of: question), isHidden: question.isHidden)
    }

    private func prompt(of question: Question) -> String {
        switch question {
        case .command:
            guard let name = renderer.me else { return "> " }
            return renderer.palette.paintPrompt(name, .name(name)) + "> "
        case .busy: return ""
        case .name: return "Your name (or \"new\" to make an account): "
        case .newName: return "A name for the new account: "
        case .passphrase(let name): return "Passphrase of \(Sanitised.line(name)): "
        case .newPassphrase(.account): return "A passphrase (or just Enter, for six words that are made up for you): "
        case .newPassphrase(.change): return "New passphrase: "
        case .repeated: return "Once more: "
        case .oldPassphrase: return "Passphrase until now: "
        case .text: return "… "
        case .pasted(let text): return text.question
        }
    }

    /// Connected to a peer: for the first time, or again.
    func begin() {
        if wasReady {
            isOutageTold = false
            output += renderer.info("connected again")
            if let credentials { send("LOGIN \(credentials.name) \(credentials.passphrase)", for: .login(credentials, isReturn: true)) }
            return
        }
        wasReady = true
        renderer.columns = terminal.columns
        let name = settings.user
        if let name, let passphrase = settings.environment.passphrase {
            ask(.busy)
            send(login: Credentials(name: name, passphrase: passphrase))
        } else {
            output += renderer.info("Connected to \(settings.endpoint.name). Type HELP for the commands, Ctrl-D to leave.")
            learnCommands()
            ask(name.map(Question.passphrase) ?? .name)
        }
        terminal.start()
    }

    /// Ctrl-C: out of the question.
    func interruptedQuestion() {
        switch question {
        case .command, .busy, .name: break
        case .text, .pasted: ask(.command)
        case .newName, .passphrase, .newPassphrase, .repeated, .oldPassphrase: ask(openQuestion)
        }
    }

    func send(login credentials: Credentials) {
        send("LOGIN \(credentials.name) \(credentials.passphrase)", for: .login(credentials, isReturn: false))
    }

    /// A line was typed.
    func entered(_ line: String?) {
        guard let entered = line else {
            // Ctrl-D
            output.append("")
            return leave()
        }
        // What is pasted often has its ending.
        let line = question.takesLines ? entered : String(entered.reversed().drop { $0.isNewline }.reversed())
        guard question.takesLines || !line.contains(where: \.isNewline) else {
            output += renderer.error("one line is asked for")
            return ask(question)
        }
        switch (phase, question) {
        case (.ready, _), (_, .command): break
        // A text grows without a peer, too.
        case (_, .text) where line != ".": break
        case (_, .text):
            output += renderer.error("not connected; your text is kept: close it with a dot in a moment")
            return flush()
        default:
            // Nobody is there to answer; the same is asked again when it is.
            output += renderer.error("not connected; try again in a moment")
            return flush()
        }
        switch question {
        case .command: enteredCommand(line)
        case .busy: break
        case .name: enteredName(line)
        case .newName:
            guard let name = line.split(separator: " ").first else { return ask(.name) }
            let novelty = Question.Novelty.account(name: String(name))
            if let passphrase = settings.environment.passphrase { enteredNew(passphrase, for: novelty) } else { ask(.newPassphrase(novelty)) }
        case .passphrase(let name):
            guard !line.isEmpty else { return ask(openQuestion) }
            ask(.busy)
            send(login: Credentials(name: name, passphrase: line))
        case .newPassphrase(let novelty):
            // For an account that is how to get one made up.
            if line.isEmpty { enteredNew("", for: novelty) } else { ask(.repeated(novelty, passphrase: line)) }
        case .repeated(let novelty, let passphrase):
            guard line == passphrase else {
                output += renderer.error("that was another passphrase than before")
                return ask(.newPassphrase(novelty))
            }
            enteredNew(passphrase, for: novelty)
        case .oldPassphrase: ask(line.isEmpty ? .command : .newPassphrase(.change(old: line)))
        case .text(let opening, let lines):
            guard line != "." else {
                ask(.command)
                return sendTyped((["\(opening)"] + lines).joined(separator: "\n"))
            }
            // Of what was pasted no line is a command, and no dot closes it.
            let pasted = PastedText.lines(of: line)
            question = .text(opening: opening, lines: lines + (pasted.map { $0.map { $0.hasPrefix(".") ? "." + $0 : $0 } } ?? [line]))
        case .pasted(let pasted):
            switch line.trimmedLowercase {
            case "y", "yes":
                ask(.command)
                if case .text(let opening, let lines) = ScriptStep.text(opening: pasted.opening, whole: pasted.text) {
                    sendTyped(([opening] + lines).joined(separator: "\n"))
                }
            case "e", "edit":
                ask(.command)
                draftToRestore = pasted.whole
            case "n", "no":
                ask(.command)
                output += renderer.info("nothing was posted")
            default: break
            }
        }
        flush()
    }

    private func enteredName(_ line: String) {
        let words = line.split(separator: " ")
        guard let first = words.first else { return }
        // Whoever knows the commands may use them at once.
        if words.count > 1 || first.hasPrefix("/") || completion.isVerb(first.uppercased()) { return enteredCommand(line) }
        if first.lowercased() == "new" { return ask(.newName) }
        guard let passphrase = settings.environment.passphrase, !hasTriedEnvironment else { return ask(.passphrase(name: String(first))) }
        hasTriedEnvironment = true
        ask(.busy)
        send(login: Credentials(name: String(first), passphrase: passphrase))
    }

    private func enteredNew(_ passphrase: String, for novelty: Question.Novelty) {
        switch novelty {
        case .account(let name):
            ask(.busy)
            send(passphrase.isEmpty ? "REGISTER \(name)" : "REGISTER \(name) \(passphrase)", for: .register(Credentials(name: name, passphrase: passphrase)))
        case .change(let old):
            ask(.command)
            guard !passphrase.isEmpty else { return output += renderer.info("the passphrase stays as it was") }
            guard let command = PassphraseChange(old: old, new: passphrase).command else {
                return output += renderer.error(
                    "an old passphrase with both spaces and quotation marks in it cannot be given to a peer; the passphrase stays as it was")
            }
            sendTyped(command)
        }
    }

    private func enteredCommand(_ entered: String) {
        let lines = PastedText.lines(of: entered)
        // One line with its ending is a command as any other.
        let line = lines?.count == 1 ? lines?[0] ?? "" : entered
        if let pasted = PastedText(line) { return ask(.pasted(pasted)) }
        guard let typed = TypedLine(line) else { return }
        remember(line, typed)
        guard case .ready = phase else {
            output += renderer.error("not connected; your line is kept")
            draftToRestore = line
            return flush()
        }
        switch typed.verb {
        case "QUIT": leave()
        case "FORMAT": output += renderer.info("here replies are shown for people; for JSON lines there is singer --json -e COMMAND")
        case "LOGIN" where typed.words.count == 1: ask(.passphrase(name: String(typed.words[0])))
        case "PASSWD" where typed.words.isEmpty: ask(.oldPassphrase)
        case _ where typed.opensText:
            output += renderer.info("type the text; a line with a single dot ends it, Ctrl-C drops it")
            ask(.text(opening: typed.opening, lines: []))
        default: sendTyped(line)
        }
        flush()
    }

    /// Keeps a line for the arrow keys, and in the file if it is a command for sure: who knows what else it could be.
    private func remember(_ line: String, _ typed: TypedLine) {
        guard !typed.isSecret, credentials.map({ !line.contains($0.passphrase) }) ?? true else { return }
        terminal.remember(line)
        if completion.isVerb(typed.verb) { history?.append(line) }
    }

    /// Sends a command of the person; further lines are a text, which a dot closes.
    func sendTyped(_ line: String) {
        let lines = line.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let typed = TypedLine(lines[0]) else { return }
        let isText = typed.opensText
        let purpose: Request.Purpose =
            switch typed.verb {
            case "LOGIN", "REGISTER":
                credentials(in: typed).map { typed.verb == "LOGIN" ? .login($0, isReturn: false) : .register($0) } ?? .typed(typed)
            default: .typed(typed)
            }
        // Without a login the peer would take the lines of a text as commands.
        if isText, renderer.me == nil { return send(lines[0], for: purpose) }
        send(lines[0], for: purpose)
        guard isText else { return }
        for line in lines.dropFirst() { connection.send(line) }
        connection.send(".")
    }

    private func credentials(in typed: TypedLine) -> Credentials? {
        guard let name = typed.words.first else { return nil }
        // REGISTER without a passphrase: the peer makes one.
        guard typed.words.count > 1 else { return typed.verb == "REGISTER" ? Credentials(name: String(name), passphrase: "") : nil }
        return Credentials(name: String(name), passphrase: String(typed.rest[name.endIndex...].drop { $0 == " " }))
    }
}

extension String {
    fileprivate var trimmedLowercase: String { filter { $0 != " " }.lowercased() }
}
