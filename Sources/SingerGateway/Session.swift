internal import Logging
internal import NIOCore
internal import SingerCore
internal import SingerNode

/// One connection: its lines are commands, carried out in order; what is new for its account is written in between.
///
/// Every reply, and every batch of pushes, is one write. Writing waits while the client does not read, so a slow client holds up
/// only itself, and at most one unread chunk of its input is kept.
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
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    var phase: Phase
    var dialect = Dialect.text
    var login: Login?
    var decoder = LineDecoder()
    /// What an IRC client is sent goes through this.
    var outbox: IRCOutbox?
    /// The text of several lines that is being typed.
    var block: TextBlock?
    /// POSTs that have been read and not been carried out: see Session+Posts.swift.
    var waitingPosts: [WaitingPost] = []

    // Pushes: see Session+Pushes.swift.
    var pushing: Task<Void, Never>?
    var isReplying = false
    var pushWaiting: CheckedContinuation<Void, Never>?

    /// Clients that speak first do so within this time; a person has not typed anything yet.
    private static let silenceMax = Duration.milliseconds(300)
    static let greeting = "NOTICE * :*** Singer 0.1.0. Type HELP, or connect any IRC client.\r\n"

    init(gateway: Gateway, channel: any Channel, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        executor = channel.eventLoop.executor
        self.gateway = gateway
        self.channel = channel
        self.outbound = outbound
        self.phase = .new(gateway.configuration.password == nil ? .given : .needed)
    }

    /// How the client ends its lines.
    var ending: LineDecoder.Ending { decoder.ending ?? .lf }

    /// Serves the connection to its end. What is still to be read by the client has been sent when this returns.
    func run(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async {
        let isUnknown = if case .new = phase { true } else { false }
        let greeting = Task {
            do {
                guard isUnknown else { return }
                try await Task.sleep(for: Self.silenceMax)
                try await outbound.write(ByteBuffer(string: Self.greeting))
            } catch {
                // It spoke first, or it is gone.
            }
        }
        var input = inbound.makeAsyncIterator()
        do {
            var isFirst = true
            var next = Next.more
            var isAtEnd = false
            while next == .more {
                guard let bytes = try await input.next() else {
                    isAtEnd = true
                    break
                }
                greeting.cancel()
                if isFirst, bytes.readableBytesView.first == FirstLine.tlsByte {
                    // TLS where none is configured.
                    next = .close
                } else {
                    isFirst = false
                    decoder.feed(bytes.readableBytesView)
                    next = try await takeLines()
                }
            }
            greeting.cancel()
            if isAtEnd, next == .more, !gateway.connections.isClosing, let item = decoder.finish() { _ = try await take(item) }
            try await writeWaitingPosts()
            if isAtEnd, case .new(.wrong) = phase { try await answer(Reply(failure: .gatewayPassword), tag: nil) }
            // What an IRC client is still to be sent comes before the last line.
            await outbox?.flush()
            await leave()
            await outbox?.flush()
            if gateway.connections.isClosing { try await write(farewell) }
            try await flush()
            if !isAtEnd {
                // Lets the client read the last lines: a connection closed with input unread is reset, and they could be lost.
                outbound.finish()
                let timeout = closeChannel(in: .seconds(2))
                defer { timeout.cancel() }
                while try await input.next() != nil {}
            }
        } catch {
            gateway.logger.debug("Session ended", metadata: ["error": "\(error)"])
        }
        greeting.cancel()
        await leave()
    }

    private func takeLines() async throws -> Next {
        while true {
            if case .irc(let number) = phase {
                return gateway.connections.isClosing || Task.isCancelled ? .close : await takeIRC(number)
            }
            guard let item = decoder.next() else {
                try await writeWaitingPosts()
                return .more
            }
            if gateway.connections.isClosing || Task.isCancelled { return .close }
            if try await take(item) == .close { return .close }
        }
    }

    func write(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
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
    private func flush() async throws {
        let timeout = closeChannel(in: .seconds(30))
        defer { timeout.cancel() }
        try await channel.writeAndFlush(ByteBuffer()).get()
    }

    private func closeChannel(in time: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: time) { [channel] in channel.close(promise: nil) }
    }
}
