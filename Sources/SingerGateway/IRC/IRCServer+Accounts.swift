internal import SingerCore
internal import SingerNode

/// PASS, REGISTER and VERIFY: from guest to account.
extension IRCServer {
    func pass(_ call: IRCCall) async {
        let client = call.client
        guard client.user == nil else { return numeric(.alreadyRegistered, call, [], "You may not reregister") }
        let given = call.parameters[0]
        if !client.registration.isAdmitted {
            guard configuration.accepts(password: given) else {
                numeric(.passwordMismatch, call, [], "Password incorrect")
                return end(call, "Password incorrect")
            }
            client.registration.isAdmitted = true
            return
        }
        guard let colon = given.firstIndex(of: ":") else { return }
        do {
            let login = try await logIn(String(given[..<colon]), String(given[given.index(after: colon)...]))
            guard !client.isGone else { return await node.logout(login) }
            await become(login, call, takesName: true)
        } catch {
            failure(call, Failure(error))
            numeric(.passwordMismatch, call, [], Failure(error).text)
            end(call, "Password incorrect")
        }
    }

    func logIn(_ name: String, _ passphrase: String) async throws(NodeError) -> Login {
        // What can't be a name is an unknown name: the answer is the same.
        guard let name = Username(name), !passphrase.isEmpty else { throw .badLogin }
        return try await node.login(name, passphrase: passphrase)
    }

    /// IRCv3 account-registration has three parameters, of which the second is an address or `*`; else it is the command that all dialects share.
    func register(_ call: IRCCall) async {
        let client = call.client
        guard let given = call.parameters.first else {
            return client.user == nil ? needMoreParameters(call) : await runFromTable(call)
        }
        let asked = given == "*" ? client.nick : given
        guard client.user != nil else {
            return fail(call, "REGISTER", "COMPLETE_CONNECTION_REQUIRED", [asked], "Finish connecting first")
        }
        guard call.parameters.count >= 3, call.parameters[1] == "*" || call.parameters[1].contains("@") else { return await runFromTable(call) }
        let passphrase = call.parameters[2...].joined(separator: " ")
        guard client.login == nil else { return fail(call, "REGISTER", "ALREADY_AUTHENTICATED", [asked], "You are logged in already") }
        guard let name = Username(asked) else {
            return fail(call, "REGISTER", "BAD_ACCOUNT_NAME", [asked], Failure(.invalidName(asked)).text)
        }
        guard !passphrase.isEmpty else { return fail(call, "REGISTER", "INVALID_PASSWORD", [asked], "A passphrase has at least one character") }
        do {
            // Clients that register by protocol show no advice: what they send is taken, and a weak one is told of. It never leaves this peer.
            let isByProtocol = client.capabilities.contains(.accountRegistration)
            let login = try await node.register(name, passphrase: passphrase, charactersMin: isByProtocol ? 1 : Limits.passphraseCharactersMin)
            if passphrase.count < Limits.passphraseCharactersMin {
                warn(call, "REGISTER", "WEAK_PASSWORD", [asked], Failure(.weakPassphrase).text)
            }
            call.reply(IRCOutgoing("REGISTER", ["SUCCESS", name.text], source: serverName, text: "Account created, and logged in to"))
            guard !client.isGone else { return await node.logout(login) }
            await become(login, call, takesName: true)
        } catch {
            fail(call, "REGISTER", Self.registrationCode(error), [asked], Failure(error).text)
        }
    }

    private static func registrationCode(_ error: NodeError) -> String {
        switch error {
        case .nameTaken: "ACCOUNT_EXISTS"
        case .invalidName: "BAD_ACCOUNT_NAME"
        case .weakPassphrase: "WEAK_PASSWORD"
        case .tooLong: "INVALID_PASSWORD"
        default: "TEMPORARILY_UNAVAILABLE"
        }
    }

    func verify(_ call: IRCCall) {
        fail(call, "VERIFY", "INVALID_CODE", [call.parameters[0]], "Accounts need no verification here")
    }

    /// `NS SET MULTICLIENT`: whether the sessions of an account may share a nick.
    func serviceSettings(_ call: IRCCall) {
        let words = call.parameters.joined(separator: " ").asciiUppercased.split(separator: " ")
        guard words.count == 3, words[0] == "SET", words[1] == "MULTICLIENT", ["ON", "OFF"].contains(words[2]) else {
            return notice(call, "There are no services here: accounts are the peer's own. /msg \(IRCName.service) HELP")
        }
        guard let account = call.client.login?.account else { return failure(call, .needLogin) }
        if words[2] == "ON" { accountsAlone.remove(account) } else { accountsAlone.insert(account) }
        notice(call, "Sessions of your account \(words[2] == "ON" ? "may share a nick" : "each have a nick of their own")")
    }

    func notice(_ call: IRCCall, _ text: String) {
        call.reply(IRCOutgoing("NOTICE", [call.client.nick], source: serverName, text: text))
    }
}
