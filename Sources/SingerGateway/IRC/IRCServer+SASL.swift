internal import SingerCore
internal import SingerNode

private import struct Foundation.Data

/// A SASL exchange under way (IRCv3 sasl-3.2, RFC 4616).
struct IRCSASL: Sendable {
    var response = ""
}

extension IRCServer {
    func authenticate(_ call: IRCCall) async {
        let client = call.client
        let given = call.parameters[0]
        guard client.registration.isAdmitted || client.user != nil else { return numeric(.passwordMismatch, call, [], "Give the peer's password first") }
        guard let sasl = client.sasl else {
            guard given.asciiUppercased == "PLAIN" else {
                numeric(.saslMechanisms, call, ["PLAIN"], "are available SASL mechanisms")
                return numeric(.saslFail, call, [], "SASL authentication failed")
            }
            client.sasl = IRCSASL()
            return call.reply(IRCOutgoing("AUTHENTICATE", ["+"]))
        }
        let before = client.login
        client.sasl = await goOn(sasl, given, call)
        // It stays who it was, and is not kept waiting for its timeline any more.
        if client.sasl == nil, let before, client.login === before { Task { await settleLate(client.number, before) } }
    }

    /// - Returns: the exchange, if there is more to come.
    private func goOn(_ sasl: IRCSASL, _ given: String, _ call: IRCCall) async -> IRCSASL? {
        var sasl = sasl
        if given == "*" {
            numeric(.saslAborted, call, [], "SASL authentication aborted")
            return nil
        }
        guard given.utf8.count <= IRCLimits.authenticateBytesMax else {
            numeric(.saslTooLong, call, [], "SASL message too long")
            return nil
        }
        if given != "+" { sasl.response += given }
        guard sasl.response.utf8.count <= IRCLimits.authenticateTotalBytesMax else {
            numeric(.saslFail, call, [], "SASL authentication failed: message too long")
            return nil
        }
        if given.utf8.count == IRCLimits.authenticateBytesMax { return sasl }
        do throws(NodeError) {
            guard let (name, passphrase) = Self.plain(sasl.response) else { throw .badLogin }
            let login = try await logIn(name, passphrase)
            guard !call.client.isGone else {
                await node.logout(login)
                return nil
            }
            await become(login, call, takesName: false) { numeric(.saslSuccess, call, [], "Authentication successful") }
        } catch {
            numeric(.saslFail, call, [], "SASL authentication failed: \(Failure(error).text)")
        }
        return nil
    }

    /// RFC 4616: `[authzid] NUL authcid NUL passwd`. Nobody may act for another.
    private static func plain(_ response: String) -> (name: String, passphrase: String)? {
        guard let bytes = Data(base64Encoded: response) else { return nil }
        let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map { String(validating: $0, as: UTF8.self) }
        guard parts.count == 3, let authorization = parts[0], let name = parts[1], let passphrase = parts[2] else { return nil }
        guard authorization.isEmpty || authorization.ircFolded == name.ircFolded, !name.isEmpty, !passphrase.isEmpty else { return nil }
        return (name, passphrase)
    }
}
