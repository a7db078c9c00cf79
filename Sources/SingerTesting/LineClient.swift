import Foundation
import Synchronization

/// A person at `nc`: types lines at a gateway and reads what comes back. Every wait ends.
public final class LineClient: Sendable {
    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// One reply: its rows, and the line that ends it.
    public struct Reply: Sendable {
        public let rows: [String]
        public let last: String

        public var isOK: Bool { last == "OK" || last.hasPrefix("OK ") }
        /// The word in brackets or behind `posted`: an id.
        public var id: String { String(last.split(separator: " ").last ?? "") }
    }

    private struct State {
        var lines: [String] = []
        var pushes: [String] = []
        var isClosed = false
        var waiter: (id: UInt64, continuation: CheckedContinuation<String?, Never>)?
        var waits: UInt64 = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    public init(port: Int, host: String = "127.0.0.1") throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else {
            _ = Foundation.close(descriptor)
            throw TimedOut(description: "cannot connect to \(host):\(port): \(String(cString: strerror(errno)))")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        Thread.detachNewThread { [weak self] in
            var pending: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                pending += chunk[..<count]
                while let end = pending.firstIndex(of: 10) {
                    var line = pending[..<end]
                    if line.last == 13 { line.removeLast() }
                    self?.arrived(String(decoding: line, as: UTF8.self))
                    pending.removeSubrange(...end)
                }
            }
            if !pending.isEmpty { self?.arrived(String(decoding: pending, as: UTF8.self)) }
            self?.ended()
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        _ = Foundation.close(descriptor)
    }

    // MARK: Typing

    public func send(_ line: String) { send(bytes: Array((line + "\n").utf8)) }

    public func send(bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Closes the sending half, as `nc -N` does at the end of its input.
    public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    // MARK: Reading

    /// The next line of any kind; `nil` when the other side has closed.
    public func line(within limit: Duration = .seconds(10)) async throws -> String? {
        let (line, timedOut) = await next(within: limit)
        if timedOut { throw TimedOut(description: "no line within \(limit)") }
        return line
    }

    /// Sends a command and reads its reply; pushes that come between are kept for `push`.
    @discardableResult
    public func ask(_ command: String, within limit: Duration = .seconds(20)) async throws -> Reply {
        send(command)
        return try await reply(to: command, within: limit)
    }

    public func reply(to command: String = "", within limit: Duration = .seconds(20)) async throws -> Reply {
        var rows: [String] = []
        while true {
            let (line, timedOut) = await next(within: limit)
            guard let line else {
                throw TimedOut(
                    description: timedOut ? "no reply to \(command) within \(limit); rows: \(rows)" : "closed instead of a reply to \(command); rows: \(rows)")
            }
            if line.hasPrefix("* ") {
                state.withLock { $0.pushes.append(line) }
            } else if line.hasPrefix("  ") {
                rows.append(String(line.dropFirst(2)))
            } else if line == "OK" || line.hasPrefix("OK ") || line.hasPrefix("ERR ") {
                return Reply(rows: rows, last: line)
            } else if !line.hasPrefix("NOTICE ") {
                throw TimedOut(description: "neither row nor end nor push: \(line)")
            }
        }
    }

    /// The first push that holds the text; those before it are dropped.
    @discardableResult
    public func push(with text: String, within limit: Duration = .seconds(20)) async throws -> String {
        let deadline = ContinuousClock.now + limit
        var skipped: [String] = []
        while true {
            let kept = state.withLock { state in state.pushes.isEmpty ? nil : state.pushes.removeFirst() }
            if let kept {
                if kept.contains(text) { return kept }
                skipped.append(kept)
                continue
            }
            let (line, timedOut) = await next(within: deadline - .now)
            guard let line else { throw TimedOut(description: "no push with \"\(text)\" \(timedOut ? "within \(limit)" : "before the end"); got \(skipped)") }
            if line.hasPrefix("* ") { state.withLock { $0.pushes.append(line) } }
        }
    }

    private func next(within limit: Duration) async -> (line: String?, timedOut: Bool) {
        let wait = state.withLock { state in
            state.waits += 1
            return state.waits
        }
        let line = await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            let ready: (Bool, String?) = state.withLock { state in
                if !state.lines.isEmpty { return (true, state.lines.removeFirst()) }
                if state.isClosed || limit <= .zero { return (true, nil) }
                state.waiter = (wait, continuation)
                return (false, nil)
            }
            if ready.0 {
                continuation.resume(returning: ready.1)
            } else {
                DispatchQueue.global().asyncAfter(deadline: .now() + limit / .seconds(1)) { [weak self] in self?.expire(wait) }
            }
        }
        return (line, line == nil && !state.withLock { $0.isClosed })
    }

    private func expire(_ wait: UInt64) {
        let waiter = state.withLock { state in
            guard state.waiter?.id == wait else { return nil as CheckedContinuation<String?, Never>? }
            defer { state.waiter = nil }
            return state.waiter?.continuation
        }
        waiter?.resume(returning: nil)
    }

    private func arrived(_ line: String) {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter else {
                state.lines.append(line)
                return nil as CheckedContinuation<String?, Never>?
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: line)
    }

    private func ended() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter?.continuation
        }
        waiter?.resume(returning: nil)
    }
}
