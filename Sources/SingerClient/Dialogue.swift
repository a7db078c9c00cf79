internal import Glibc

/// A conversation for programs: one command, one reply, and the wait between them. Pushes are left out.
package final class Dialogue {
    package enum Format: String {
        case text
        case json
    }

    package struct Reply: Hashable {
        package var rows: [String] = []
        package var last = ""
        package var isDone = false

        package init() {}
    }

    private var connection: Connection
    private let endpoint: Endpoint
    private let progress: ProgressLine

    /// A peer answers its first line at once; one that is busy has a little longer.
    private static let greetingTime = Duration.seconds(10)

    /// Connects, and makes sure that it is a peer of Singer that answers.
    ///
    /// - Parameter password: of the gateway, if it wants one.
    package init(with endpoint: Endpoint, format: Format, password: String?, progress: ProgressLine = ProgressLine()) throws(ClientError) {
        self.endpoint = endpoint
        self.progress = progress
        connection = Connection(to: endpoint)
        var first = try greet(format, password: password)
        if password != nil, ReplyLine.isOfPeerWithoutPassword(first) {
            connection = Connection(to: endpoint)
            first = try greet(format, password: nil)
        }
        switch ReplyLine(first) {
        case .done: break
        case .failed: throw .refused(Sanitised.line(first) + (password == nil && first.contains("BAD_LOGIN") ? " (SINGER_GATEWAY_PASSWORD)" : ""))
        case .row, .pushed, .foreign: throw .notSinger(peer: endpoint.name, said: Sanitised.excerpt(first))
        }
    }

    /// - Returns: the first line of the peer's.
    private func greet(_ format: Format, password: String?) throws(ClientError) -> String {
        let deadline = ContinuousClock.now + Self.greetingTime
        while connection.state == .connecting {
            guard wait(until: deadline) else {
                connection.timeOut()
                break
            }
        }
        if case .closed(let error) = connection.state { throw error }
        // The first line decides what a peer takes its client for; this one has an answer that nothing else would give.
        if let password { connection.send("PASS " + password) }
        connection.send("FORMAT " + format.rawValue)
        return try line(before: deadline)
    }

    /// The next line that is no push.
    private func line(before deadline: ContinuousClock.Instant? = nil) throws(ClientError) -> String {
        while true {
            if let line = connection.nextLine() {
                if ReplyLine(line) != .pushed { return line }
                continue
            }
            if case .closed(let error) = connection.state {
                let said = Sanitised.excerpt(connection.unfinished)
                throw deadline == nil || error != .lost(peer: endpoint.name) ? error : .notSinger(peer: endpoint.name, said: said)
            }
            guard wait(until: deadline) else {
                let said = Sanitised.excerpt(connection.unfinished)
                throw said.isEmpty ? .silent(peer: endpoint.name) : .notSinger(peer: endpoint.name, said: said)
            }
        }
    }

    /// Waits until something can be done, and does it.
    ///
    /// - Returns: false when the time is over.
    private func wait(until deadline: ContinuousClock.Instant?) -> Bool {
        if let deadline, deadline <= .now { return false }
        var poll = pollfd(fd: connection.descriptor, events: connection.interest, revents: 0)
        let left = deadline.map { Int32(clamping: ($0 - .now).milliseconds + 1) } ?? ProgressLine.tickMilliseconds
        let ready = Glibc.poll(&poll, 1, left)
        if ready > 0 {
            connection.handle(poll.revents)
        } else if ready == 0 {
            progress.tick()
        }
        return true
    }

    /// Sends lines that make one command, and reads the reply.
    ///
    /// - Parameter row: is given each row as it comes, so that a long reply is not kept.
    package func ask(_ lines: [String], row: (String) -> Void) throws(ClientError) -> Reply {
        for line in lines { connection.send(line) }
        var reply = Reply()
        progress.begin()
        defer { progress.end() }
        while true {
            let line = try line()
            switch ReplyLine(line) {
            case .row:
                progress.end()
                row(line)
            case .done, .failed:
                reply.last = line
                reply.isDone = ReplyLine(line) == .done
                return reply
            case .pushed: continue
            case .foreign: throw .notSinger(peer: endpoint.name, said: Sanitised.excerpt(line))
            }
        }
    }

    /// The same, with the rows in the reply.
    package func ask(_ command: String) throws(ClientError) -> Reply {
        var rows: [String] = []
        var reply = try ask([command]) { rows.append($0) }
        reply.rows = rows
        return reply
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
