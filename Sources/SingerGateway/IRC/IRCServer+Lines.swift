internal import SingerCore

/// From lines to commands.
extension IRCServer {
    func take(_ input: Input, from client: IRCClient) async -> Session.Next {
        switch input {
        case .tooLong:
            // Beyond what any client may send: it is not going to stop there.
            send(message(.inputTooLong, to: client, [], "Input line was too long"), to: client)
            send(Self.farewell("Input line too long"), to: client)
            await depart(client, "Input line too long", isLost: false)
            return .close
        case .invalidUTF8(let bytes):
            refuseEncoding(bytes, client)
            return .more
        case .line(let line):
            let message: IRCMessage
            do {
                message = try IRCMessage(parsing: line, bytesMax: nil)
                let max = message.verb == "REGISTER" ? IRCLimits.registerBytesMax : IRCMessage.bytesMax
                if Self.bodyBytes(line) > max { throw IRCMessage.Objection.tooLong }
            } catch IRCMessage.Objection.empty {
                return .more
            } catch {
                send(self.message(.inputTooLong, to: client, [], "Input line was too long"), to: client)
                return .more
            }
            return await take(message, from: client)
        }
    }

    private func take(_ message: IRCMessage, from client: IRCClient) async -> Session.Next {
        let call = IRCCall(client: client, message: message)
        if let batch = message.tag("batch")?.value, client.user != nil {
            takeInBatch(call, batch)
        } else {
            await run(call)
        }
        finish(call)
        return call.closes ? .close : .more
    }

    private func run(_ call: IRCCall) async {
        guard let command = IRCCommandTable.byVerb[call.message.verb] else {
            guard call.client.user != nil else { return numeric(.notRegistered, call, [], "You have not registered") }
            return await runFromTable(call)
        }
        guard call.client.user != nil || command.isForAnyone else { return numeric(.notRegistered, call, [], "You have not registered") }
        guard call.parameters.count >= command.parametersMin else { return needMoreParameters(call) }
        if !["PING", "PONG", "AWAY"].contains(command.verb) { call.client.user?.lastActive = now }
        await command.handler(self, call)
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
