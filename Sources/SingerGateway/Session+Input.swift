internal import NIOCore
internal import SingerCore

/// How a session comes by its lines: what the channel's handler tells it, and what it waits for.
extension Session {
    enum InputEnd: Hashable, Sendable {
        /// The client will send no more, and still reads.
        case closed
        case lost
    }

    // MARK: From the handler

    /// A client that sends a command and waits for its answer never has a second chunk unread: its channel goes on reading all the time, which spares
    /// two system calls a command, and what it sends next is heard of when it comes.
    static let chunksMax = 2

    func noteWants() { handler.value.isReading = chunksUnread < Self.chunksMax || isDraining }

    func received(_ bytes: ByteBuffer) {
        guard !isDraining else { return }
        bytes.withUnsafeReadableBytes { decoder.feed($0) }
        if !hasBegun {
            // A telnet client that has only said what it can do is greeted, too.
            guard !decoder.isEmpty else { return }
            hasBegun = true
            cancelGreeting()
            // TLS where none is configured.
            if bytes.readableBytesView.first == FirstLine.tlsByte { isToClose = true }
        }
        if inputWaiting == nil || isToClose || !takeAtOnce() { wakeForInput() }
    }

    func dropUnfinishedLine() { decoder.dropUnfinished() }

    func inputEnded(isLost: Bool) {
        guard inputEnd == nil else { return }
        inputEnd = isLost ? .lost : .closed
        resumeInput()
    }

    private func wakeForInput() {
        chunksUnread += 1
        if isIdle, case .irc = phase, !isCounted {
            isCounted = true
            gateway.irc.assumeIsolated { $0.woken += 1 }
        }
        resumeInput()
    }

    private func resumeInput() {
        inputWaiting?.resume()
        inputWaiting = nil
    }

    // MARK: At once

    /// Carries out the lines that need nothing from elsewhere, up to the first that does.
    ///
    /// - Returns: whether there is nothing left to do.
    private func takeAtOnce() -> Bool {
        guard !gateway.connections.isClosing else { return false }
        return switch phase {
        case .new: false
        case .singer: takeCommandsAtOnce()
        case .irc(let number): takeIRCAtOnce(number)
        }
    }

    private func takeCommandsAtOnce() -> Bool {
        guard block == nil else { return false }
        let output = output
        while output.hasRoom {
            guard let item = nextItem() else { return true }
            guard case .line(let line) = item, let request = try? Request(line), let command = try? CommandTable.command(request.verb),
                case .now(let handle) = command.handler
            else {
                held = item
                return false
            }
            let reply: Reply
            do {
                reply = try handle(context(request.arguments))
            } catch {
                reply = Reply(failure: error)
            }
            output.append(dialect.lines(of: reply, tag: request.tag).text(ending))
        }
        return false
    }

    private func takeIRCAtOnce(_ number: Int) -> Bool {
        var lines = LineDecoder()
        swap(&lines, &decoder)
        let (next, waits, isDone) = gateway.irc.assumeIsolated { irc in
            // What clients do to each other happens in the order in which it was read: nobody overtakes one who was woken before.
            guard irc.woken == 0 else { return (Next.more, LineDecoder.Item?.none, false) }
            let (next, waits) = irc.takeAtOnce(&lines, from: number)
            return (next, waits, waits == nil && next == .more)
        }
        swap(&lines, &decoder)
        held = waits
        isToClose = next == .close
        return isDone
    }

    // MARK: For the session's task

    func nextItem() -> LineDecoder.Item? {
        guard let item = held else { return decoder.next() }
        held = nil
        return item
    }

    /// Waits for lines that can't be carried out at once.
    ///
    /// - Returns: `false` at the end of the input.
    func moreInput() async throws -> Bool {
        while chunksUnread == 0 {
            switch inputEnd {
            case nil: await awaitInput()
            case .closed: return false
            case .lost: throw ChannelError.eof
            }
        }
        chunksUnread = 0
        return true
    }

    func awaitInput() async {
        isIdle = true
        await withTaskExecutorPreference(gateway.loopTasks) {
            await withCheckedContinuation { continuation in
                // On the way here something may have come.
                guard chunksUnread == 0, inputEnd == nil else { return continuation.resume() }
                inputWaiting = continuation
            }
        }
        isIdle = false
        didWake()
    }

    private func didWake() {
        guard isCounted else { return }
        isCounted = false
        gateway.irc.assumeIsolated { $0.woken -= 1 }
    }
}
