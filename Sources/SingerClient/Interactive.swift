internal import Glibc

/// The conversation at a terminal: one thread that waits for keys, the peer and signals, and shows what comes above the line
/// that is being typed.
package final class Interactive {
    /// How far the connection is.
    enum Phase {
        case connecting(until: ContinuousClock.Instant)
        /// Whether it is a peer is yet to be seen.
        case greeting(until: ContinuousClock.Instant)
        case ready
        case waiting(until: ContinuousClock.Instant)
    }

    /// A command that was sent and is not answered yet.
    struct Request {
        enum Purpose {
            case typed(TypedLine)
            case login(Credentials, isReturn: Bool)
            case register(Credentials)
            case names
            case help
            /// What was there before this run shows anything.
            case mark
            case missed
        }

        let purpose: Purpose
        let since: ContinuousClock.Instant
        var rows: [Message.Row] = []

        /// What a person who waits for it is told; `nil` for what nobody asked for.
        var words: String? {
            switch purpose {
            case .typed(let typed): typed.verb
            case .login: "logging in"
            case .register: "making the account"
            case .names, .help, .mark, .missed: nil
            }
        }
    }

    struct Credentials: Hashable {
        let name: String
        let passphrase: String
    }

    let settings: ClientSettings
    let terminal = Terminal()
    let history: HistoryFile?

    var connection: Connection
    var phase: Phase
    var requests: [String: Request] = [:]
    /// Tags in the order in which they were sent.
    var sent: [String] = []
    var lastTag = 0

    var question = Question.command
    /// Who is logged in, or will be again after a reconnect.
    var credentials: Credentials?
    var backoff = Backoff()
    /// It was connected once: from now on it comes back by itself.
    var wasReady = false
    var isOutageTold = false
    /// As far as is known, where one was given.
    var peerHasPassword = true
    var knowsCommands = false
    /// The passphrase of the environment was given for a name that was typed, once.
    var hasTriedEnvironment = false

    var renderer: Renderer
    var completion = Completion()
    var shown = ShownPosts()
    var status = StatusLine()
    /// A text that goes back to the line being typed, when readline has begun the next one.
    var draftToRestore: String?
    /// Lines that go to the screen together.
    var output: [String] = []
    private var exitStatus: Int32?

    static let connectTime = Duration.seconds(10)

    package init(_ settings: ClientSettings) {
        self.settings = settings
        history = settings.environment.stateDirectory.map { HistoryFile(directory: $0, linesMax: Terminal.historyLinesMax) }
        renderer = Renderer(palette: Palette(settings.color, isTerminal: true, settings.environment), columns: 80)
        connection = Connection(to: settings.endpoint)
        phase = .connecting(until: .now + Self.connectTime)
    }

    /// - Returns: the exit status.
    package func run() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // Whatever this process makes is its owner's alone.
        umask(0o077)
        terminal.onLine = { [unowned self] in entered($0) }
        terminal.onCompletion = { [unowned self] in completion.candidates(before: $0, word: $1) }
        for line in history?.load() ?? [] { terminal.remember(line) }
        while exitStatus == nil { turn() }
        flush()
        terminal.stop()
        return exitStatus ?? 0
    }

    func leave(_ status: Int32 = 0) { exitStatus = exitStatus ?? status }

    /// One turn: waits until there is something to do, and does it. Keys come first, so that typing stays smooth.
    private func turn() {
        var descriptors = [
            pollfd(fd: Terminal.signals, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is passed over.
            pollfd(fd: takesKeys ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: question.isHidden ? -1 : connection.descriptor, events: connection.interest, revents: 0),
        ]
        guard poll(&descriptors, nfds_t(descriptors.count), timeout) >= 0 || errno == EINTR else { return leave(1) }
        if descriptors[0].revents != 0 { take(Terminal.takeSignals()) }
        if descriptors[1].revents != 0 { readKeys() }
        connection.handle(descriptors[2].revents)
        advance()
        flush()
    }

    /// While an answer decides what is asked next, keys wait.
    private var takesKeys: Bool { wasReady && question != .busy }

    private var timeout: Int32 {
        let deadline: ContinuousClock.Instant
        switch phase {
        case .connecting(let until), .greeting(let until), .waiting(let until): deadline = until
        case .ready:
            guard !question.isHidden, let change = status.deadline(wait, now: .now) else { return -1 }
            deadline = change
        }
        return Int32(clamping: max(0, (deadline - .now).milliseconds + 1))
    }

    private func take(_ signals: Set<Int32>) {
        if signals.contains(SIGTERM) || signals.contains(SIGHUP) { return leave() }
        if signals.contains(SIGINT) { interrupted() }
        if signals.contains(SIGTSTP) { terminal.suspend() }
        if signals.contains(SIGWINCH) || signals.contains(SIGCONT) || signals.contains(SIGTSTP) {
            terminal.resize()
            renderer.columns = terminal.columns
        }
    }

    private func interrupted() {
        guard takesKeys else { return leave() }
        terminal.interrupt()
        interruptedQuestion()
    }

    /// As long as there is something to read: of a fast typist or a paste nothing waits for the peer.
    private func readKeys() {
        var keys = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        repeat {
            terminal.read()
            if let draft = draftToRestore {
                draftToRestore = nil
                terminal.setDraft(draft)
            }
        } while exitStatus == nil && takesKeys && poll(&keys, 1, 0) > 0
    }

    /// Carries the connection on from what has happened to it.
    private func advance() {
        switch phase {
        case .connecting(let until):
            if connection.state == .connecting, .now >= until { connection.timeOut() }
            if connection.state == .open { greet() }
        case .greeting(let until):
            takeLines()
            if case .greeting = phase, .now >= until { return lose(.silent(peer: settings.endpoint.name)) }
        case .ready:
            if !question.isHidden { takeLines() }
        case .waiting(let until):
            guard .now >= until else { return }
            connection = Connection(to: settings.endpoint)
            phase = .connecting(until: .now + Self.connectTime)
            return advance()
        }
        // What this side gave up meanwhile is not lost besides.
        if case .waiting = phase { return }
        if case .closed(let error) = connection.state { lose(error) }
    }

    private func greet() {
        phase = .greeting(until: .now + Self.connectTime)
        if let password = settings.environment.gatewayPassword, peerHasPassword { connection.send("PASS " + password) }
        connection.send("FORMAT json")
    }

    private func takeLines() {
        while exitStatus == nil, !question.isHidden || !wasReady, let line = connection.nextLine() { take(line) }
    }

    private func take(_ line: String) {
        switch phase {
        case .greeting:
            guard ReplyLine(line) != .pushed else { return }
            guard case .done(let done, tag: nil)? = Message(line), done.word == "format" else {
                if case .failed = ReplyLine(line) { return lose(.refused(Sanitised.line(line))) }
                if peerHasPassword, settings.environment.gatewayPassword != nil, ReplyLine.isOfPeerWithoutPassword(line) {
                    peerHasPassword = false
                    connection = Connection(to: settings.endpoint)
                    phase = .connecting(until: .now + Self.connectTime)
                    return
                }
                return lose(.notSinger(peer: settings.endpoint.name, said: Sanitised.excerpt(line)))
            }
            phase = .ready
            backoff.reset()
            begin()
        case .ready:
            guard let message = Message(line) else { return lose(.notSinger(peer: settings.endpoint.name, said: Sanitised.excerpt(line))) }
            take(message)
        case .connecting, .waiting: break
        }
    }

    /// There is no peer, or none any more.
    private func lose(_ error: ClientError) {
        guard exitStatus == nil else { return }
        connection.close()
        guard wasReady else {
            StandardError.write("singer: \(error)\n")
            if case .refused = error { return leave(Script.Exit.commandFailed) }
            return leave(Script.Exit.unreachable)
        }
        if !isOutageTold {
            isOutageTold = true
            output += renderer.error("\(error); trying to come back")
            forgetRequests()
        }
        var generator = SystemRandomNumberGenerator()
        phase = .waiting(until: .now + backoff.next(using: &generator))
    }

    /// The peer has no time for a login now: attempts at once would only make it longer.
    func comeBackLater() {
        connection.close()
        forgetRequests()
        phase = .waiting(until: .now + Self.refusalWait)
    }

    private static let refusalWait = Duration.seconds(20)

    /// The oldest answer that somebody waits for.
    private var wait: StatusLine.Wait? {
        for tag in sent {
            if let request = requests[tag], let words = request.words { return StatusLine.Wait(what: words, since: request.since) }
        }
        return nil
    }

    func flush() {
        terminal.show(output, status: question.isHidden ? "" : status.text(wait, now: .now))
        output = []
    }
}
