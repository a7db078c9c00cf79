internal import Glibc

/// A TCP connection to a peer that never blocks: whoever owns it polls `descriptor` for `interest`, and says when it is ready.
///
/// No NIO here: one connection and one thread need no event loop, and a client should be there at once.
package final class Connection {
    package enum State: Hashable {
        case connecting
        case open
        /// With the reason why it never opened, if it did not.
        case closed(ClientError)
    }

    package private(set) var state = State.connecting
    private(set) var descriptor: Int32 = -1
    private let endpoint: Endpoint
    private var untried: ArraySlice<(family: Int32, bytes: [UInt8])>
    private var input = LineBuffer()
    private var output: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: chunkBytes)

    /// What is read at once, and so shown at once: a few hundred lines.
    private static let chunkBytes = 1 << 16

    /// Begins to connect.
    package init(to endpoint: Endpoint) {
        self.endpoint = endpoint
        untried = endpoint.addresses[...]
        tryNext(after: ECONNREFUSED)
    }

    deinit { close() }

    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
        if case .closed = state { return }
        state = .closed(.lost(peer: endpoint.name))
    }

    /// For poll(2).
    var interest: Int16 {
        switch state {
        case .connecting: Int16(POLLOUT)
        case .open: Int16(POLLIN) | (output.isEmpty ? 0 : Int16(POLLOUT))
        case .closed: 0
        }
    }

    private func tryNext(after error: Int32) {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
        var error = error
        while let (family, bytes) = untried.popFirst() {
            descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else {
                error = errno
                continue
            }
            // Short lines, each of them waited for.
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            let result = bytes.withUnsafeBytes { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
            }
            if result == 0 {
                state = .open
                return
            }
            error = errno
            if error == EINPROGRESS { return }
            _ = Glibc.close(descriptor)
            descriptor = -1
        }
        state = .closed(.unreachable(peer: endpoint.name, reason: String(cString: strerror(error)), isHere: endpoint.isHere))
    }

    /// Gives up connecting, after a time.
    func timeOut() {
        untried = []
        tryNext(after: ETIMEDOUT)
    }

    /// Does what poll(2) says can be done. Lines are there to be taken afterwards.
    func handle(_ events: Int16) {
        guard events != 0 else { return }
        switch state {
        case .connecting:
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            if error != 0 {
                tryNext(after: error)
            } else {
                state = .open
                flush()
            }
        case .open:
            if events & Int16(POLLOUT) != 0 { flush() }
            if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 { read() }
        case .closed: break
        }
    }

    private func read() {
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 {
            input.feed(chunk[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            isEnded = true
        }
    }

    /// The other side has closed; lines that came before may still be there.
    private var isEnded = false

    /// The next line that has come.
    func nextLine() -> String? {
        do {
            if let line = try input.next() { return line }
            if isEnded { close() }
        } catch {
            close()
            state = .closed(.lineTooLong(peer: endpoint.name))
        }
        return nil
    }

    /// What came of a line that never ended.
    var unfinished: String { input.rest }

    /// Queues a line, and sends as much as goes.
    package func send(_ line: String) {
        output += line.utf8
        output.append(UInt8(ascii: "\n"))
        flush()
    }

    private func flush() {
        guard state == .open else { return }
        while !output.isEmpty {
            let count = output.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else {
                // A lost connection shows when it is read.
                if errno != EAGAIN && errno != EINTR { output = [] }
                return
            }
            output.removeFirst(count)
        }
    }
}
