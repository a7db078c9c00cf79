internal import Logging
internal import NIOCore
internal import SingerCore
internal import SingerNode

/// One connection: its lines are commands, carried out in order; what is new for its account is written in between.
///
/// Every reply, and every batch of pushes, is written whole, and what comes in one turn of the event loop goes out together. Who
/// does not read is waited for, so a slow client holds up only itself, and at most `Session.chunksMax` unread chunks of its input are kept.
///
/// Lines that need nothing from elsewhere are carried out as they are read; for others `run` is woken.
actor Session {
    /// What is known of the client.
    enum Phase: Hashable, Sendable {
        /// Nothing yet, except perhaps the gateway's password.
        case new(Admission)
        case singer
        /// With its number in the `IRCServer`.
        case irc(Int)
    }

    /// How the client stands to the gateway's password.
    enum Admission: Hashable, Sendable {
        case needed
        case wrong
        /// Or none is needed.
        case given
    }

    /// Whether the conversation goes on.
    enum Next: Hashable, Sendable {
        case more
        case close
    }

    private let executor: any SerialExecutor
    /// Runs where its connection is served: a line costs no change of threads.
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let gateway: Gateway
    let channel: any Channel
    /// Shared with the `IRCServer`, which runs on the same event loop.
    nonisolated let handler: NIOLoopBound<SessionHandler>

    var phase: Phase
    var dialect = Dialect.text
    var login: Login?
    var decoder = LineDecoder()
    /// A line that was taken from the decoder and could not be carried out at once.
    var held: LineDecoder.Item?
    /// The text of several lines that is being typed.
    var block: TextBlock?
    /// POSTs that have been read and not been carried out: see Session+Posts.swift.
    var waitingPosts: [WaitingPost] = []

    // Pushes: see Session+Pushes.swift.
    var isReplying = false
    var pushes = Pushes()

    // Input: see Session+Input.swift.
    var hasBegun = false
    /// Chunks that were read, and that `run` has not looked at.
    var chunksUnread = 0 { didSet { noteWants() } }
    /// What an IRC client asked for at once.
    var isToClose = false
    /// Nothing is carried out any more.
    var isDraining = false { didSet { noteWants() } }
    var inputEnd: InputEnd?
    var inputWaiting: CheckedContinuation<Void, Never>?
    /// Waiting for input, or on the way there.
    var isIdle = false
    /// Among the sessions that the `IRCServer` knows to be woken.
    var isCounted = false
    private var greeting: Scheduled<Void>?

    /// Clients that speak first do so within this time; a person has not typed anything yet.
    private static let silenceMax = TimeAmount.milliseconds(300)
    static let greeting = "NOTICE * :*** Singer \(Node.version). Type HELP, or connect any IRC client.\r\n"

    init(gateway: Gateway, channel: any Channel, handler: NIOLoopBound<SessionHandler>) {
        executor = channel.eventLoop.executor
        self.gateway = gateway
        self.channel = channel
        self.handler = handler
        self.phase = .new(gateway.configuration.password == nil ? .given : .needed)
    }

    var output: ClientOutput { handler.value.output }

    /// How the client ends its lines.
    var ending: LineDecoder.Ending { decoder.ending ?? .lf }

    /// Serves the connection to its end. What is still to be read by the client has been sent when this returns.
    func run() async {
        if case .new = phase, !hasBegun { scheduleGreeting() }
        do {
            var next = Next.more
            var isAtEnd = false
            while next == .more {
                guard try await moreInput() else {
                    isAtEnd = true
                    break
                }
                next = isToClose ? .close : try await takeLines()
            }
            if isAtEnd, !gateway.connections.isClosing, let item = decoder.finish() { _ = try await take(item) }
            try await writeWaitingPosts()
            if isAtEnd, let block {
                let why = "the input ends inside a text; a line with a single dot closes it. Nothing was posted"
                try await answer(Reply(failure: Failure(.emptyText, why)), tag: block.tag)
            }
            if isAtEnd, case .new(.wrong) = phase { try await answer(Reply(failure: .gatewayPassword), tag: nil) }
            // What is still to be sent comes before the last line.
            await leave()
            if gateway.connections.isClosing { try await write(farewell) }
            await flush()
            if !isAtEnd { await drainInput() }
        } catch {
            gateway.logger.debug("Session ended", metadata: ["error": "\(error)"])
        }
        cancelGreeting()
        await leave()
    }

    private func scheduleGreeting() {
        greeting = channel.eventLoop.scheduleTask(in: Self.silenceMax) {
            self.assumeIsolated { $0.output.append(Self.greeting) }
        }
    }

    /// The client spoke first, or it is gone.
    func cancelGreeting() {
        greeting?.cancel()
        greeting = nil
    }

    private func takeLines() async throws -> Next {
        while true {
            if case .irc(let number) = phase {
                return gateway.connections.isClosing || Task.isCancelled ? .close : await takeIRC(number)
            }
            guard let item = nextItem() else {
                try await writeWaitingPosts()
                return .more
            }
            if gateway.connections.isClosing || Task.isCancelled { return .close }
            if try await take(item) == .close { return .close }
        }
    }

    /// Waits while the client does not read.
    func write(_ text: String) async throws {
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        output.append(text)
        if !output.hasRoom { await output.room() }
    }

    /// The last line at shutdown.
    private var farewell: String {
        let reason = "Singer is shutting down"
        return switch phase {
        case .new: "NOTICE * :*** \(reason)\r\n"
        case .singer: [dialect.line(of: .notice(reason))].text(ending)
        case .irc: IRCServer.farewell(reason)
        }
    }

    /// Waits until the client's machine has taken everything: closing would throw away what has not been sent.
    private func flush() async {
        let timeout = closeChannel(in: .seconds(30))
        defer { timeout.cancel() }
        await output.drained()
    }

    /// Lets the client read the last lines: a connection closed with input unread is reset, and they could be lost.
    private func drainInput() async {
        channel.close(mode: .output, promise: nil)
        let timeout = closeChannel(in: .seconds(2))
        defer { timeout.cancel() }
        isDraining = true
        chunksUnread = 0
        while inputEnd == nil { await awaitInput() }
    }

    private func closeChannel(in time: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: time) { [channel] in channel.close(promise: nil) }
    }
}
