internal import SingerCore

/// From lines to commands.
extension IRCServer {
    /// What came of a line so far.
    enum Begun {
        case done(Session.Next)
        /// Nothing was done yet: it needs something from elsewhere.
        case waits(IRCCall, IRCCommand.Later)
    }

    /// Carries a line out, unless that needs something from elsewhere.
    func begin(_ input: Input, from client: IRCClient) -> Begun {
        switch input {
        case .tooLong(let bytes):
            let call = IRCCall(client: client, message: IRCMessage(command: "*"))
            if bytes > IRCLimits.floodBytes { return .waits(call) { server, call in await server.endForLength(call) } }
            numeric(.inputTooLong, call, [], Self.tooLong)
            failure(call, .lineTooLong)
            return .done(end(call))
        case .invalidUTF8(let bytes):
            refuseEncoding(bytes, client)
            return .done(.more)
        case .line(let line):
            let message: IRCMessage
            do {
                message = try IRCMessage(parsing: line, bytesMax: nil)
                // A line that is short enough with its tags is so without them.
                if line.utf8.count > IRCMessage.bytesMax, Self.bodyBytes(line) > (message.verb == "REGISTER" ? IRCLimits.registerBytesMax : IRCMessage.bytesMax)
                {
                    throw IRCMessage.Objection.tooLong
                }
            } catch IRCMessage.Objection.empty {
                return .done(.more)
            } catch {
                // Nothing besides: irctest has it alone.
                send(self.message(.inputTooLong, to: client, [], Self.tooLong), to: client)
                return .done(.more)
            }
            let call = IRCCall(client: client, message: message, line: line)
            if let later = begin(call) { return .waits(call, later) }
            return .done(end(call))
        }
    }

    func take(_ input: Input, from client: IRCClient) async -> Session.Next {
        switch begin(input, from: client) {
        case .done(let next): return next
        case .waits(let call, let later):
            if call.client.user != nil, !call.isSignOfLife { call.client.user?.lastActive = now }
            await later(self, call)
            return end(call)
        }
    }

    private func end(_ call: IRCCall) -> Session.Next {
        finish(call)
        return call.closes ? .close : .more
    }

    /// - Returns: what is still to be done, if it is not done.
    private func begin(_ call: IRCCall) -> IRCCommand.Later? {
        let client = call.client
        if !call.message.tags.isEmpty, client.user != nil, let batch = call.message.tag("batch")?.value {
            takeInBatch(call, batch)
            return nil
        }
        guard let command = IRCCommandTable.byVerb[call.message.verb] else {
            guard client.user != nil else {
                numeric(.notRegistered, call, [], "You have not registered")
                return nil
            }
            return { await $0.runFromTable($1) }
        }
        guard client.user != nil || command.isForAnyone else {
            numeric(.notRegistered, call, [], "You have not registered")
            return nil
        }
        guard call.parameters.count >= command.parametersMin else {
            needMoreParameters(call)
            return nil
        }
        switch command.handler {
        case .now(let handle):
            if !call.isSignOfLife { client.user?.lastActive = now }
            handle(self, call)
            return nil
        case .later(let later): return later
        case .nowOrLater(let attempt, let later):
            guard attempt(self, call) else { return later }
            client.user?.lastActive = now
            return nil
        }
    }

    private static let tooLong = "Input line was too long"

    /// Far beyond what any client may send.
    private func endForLength(_ call: IRCCall) async {
        send(message(.inputTooLong, to: call.client, [], Self.tooLong), to: call.client)
        send(Self.farewell("Input line too long"), to: call.client)
        await depart(call.client, "Input line too long", isLost: false)
        call.closes = true
        call.isDeferred = true
    }

    /// The length without tags.
    private static func bodyBytes(_ line: String) -> Int {
        guard line.utf8.first == UInt8(ascii: "@") else { return line.utf8.count }
        guard let space = line.utf8.firstIndex(of: 32) else { return 0 }
        return line.utf8[space...].drop { $0 == 32 }.count
    }

    /// UTF8ONLY: the line is dropped; its label is answered, if that much can be read.
    private func refuseEncoding(_ bytes: [UInt8], _ client: IRCClient) {
        let readable = String(decoding: bytes, as: UTF8.self)
        let message = (try? IRCMessage(parsing: readable, bytesMax: nil)) ?? IRCMessage(command: "*")
        let call = IRCCall(client: client, message: message)
        let verb = IRCCommandTable.byVerb[message.verb]?.verb ?? "*"
        fail(call, verb, "INVALID_UTF8", [], "Lines are UTF-8; this one was dropped")
        finish(call)
    }
}

extension IRCCall {
    /// What clients send by themselves does not tell that somebody is there.
    fileprivate var isSignOfLife: Bool {
        switch message.verb {
        case "PING", "PONG", "AWAY": true
        default: false
        }
    }
}
