internal import SingerCore
internal import SingerNode

/// REGISTER, LOGIN, LOGOUT, PASSWD, DEVICES, REVOKE.
enum AccountCommands {
    static let all: [Command] = [
        Command(
            "REGISTER name [passphrase]", "make an account, and log in to it",
            meaning: """
                Claims the name in the network and makes the keys of the account, sealed under the passphrase, which nobody can look up or reset: \
                \(Limits.passphraseCharactersMin) characters or more; with \(Limits.passphraseCharactersStrong) or more it also opens the account from \
                other peers. Without one, six words are made up, and shown this once.
                """,
            example: "REGISTER andre correct-horse-battery", argumentsMin: 1, handler: .anyone(register)),
        Command(
            "LOGIN name passphrase", "log in",
            meaning: """
                Opens an account of this peer, or, with a passphrase of \(Limits.passphraseCharactersStrong) characters or more, one of the network. \
                From then on new posts are shown as they come.
                """,
            example: "LOGIN andre correct-horse-battery", argumentsMin: 2, handler: .anyone(login)),
        Command(
            "LOGOUT", "log out, and stay connected",
            meaning: "Ends this session of the account. Other sessions of the same account go on.",
            example: "LOGOUT", handler: .account(logout)),
        Command(
            "PASSWD old new", "change the passphrase",
            meaning: "The new passphrase is the rest of the line. An old one with spaces in it is put between quotation marks.",
            example: "PASSWD correct-horse correct-horse-battery", argumentsMin: 2, handler: .account(changePassphrase)),
        Command(
            "DEVICES", "the peers you have logged in at",
            meaning: """
                Each has a device key of its own, which your account's key certified. A row gives its id, since when it is one, how many entries of its log \
                are known here, when its peer was last seen, whether it is revoked, and which is this one.
                """,
            example: "DEVICES", handler: .account(devices)),
        Command(
            "REVOKE id", "make one of your devices count no more",
            meaning: """
                For a machine that you lost or gave away. What this peer holds of its log stays; whatever it writes after that is refused and shown nowhere. \
                It cannot be taken back, but LOGIN makes that peer a new device. Whoever knows the passphrase can do that, too: change it with PASSWD first.
                """,
            example: "REVOKE 1f3a9c07", argumentsMin: 1, handler: .account(revoke)),
    ]

    private static func register(_ context: CommandContext) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        let typed = arguments.word() ?? ""
        guard let name = Username(typed) else { throw Failure(.invalidName(typed)) }
        let isGenerated = arguments.isEmpty
        let passphrase = isGenerated ? GeneratedPassphrase.make() : String(arguments.rest)
        let login = try await context.ask { node throws(NodeError) in try await node.register(name, passphrase: passphrase) }
        let isStrong = passphrase.count >= Limits.passphraseCharactersStrong
        return .loggedIn(
            login,
            Reply(.registered(name: login.name.text, key: login.fingerprint, isStrong: isStrong, generated: isGenerated ? passphrase : nil)))
    }

    private static func login(_ context: CommandContext) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        // What can't be a name is an unknown name: the answer is the same.
        guard let name = arguments.word().flatMap({ Username($0) }) else { throw Failure(.badLogin) }
        let passphrase = String(arguments.rest)
        let login = try await context.ask { node throws(NodeError) in try await node.login(name, passphrase: passphrase) }
        return .loggedIn(login, Reply(.loggedIn(name: login.name.text, key: login.fingerprint, unseen: login.unseen)))
    }

    private static func logout(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        .loggedOut(Reply(.loggedOut))
    }

    private static func changePassphrase(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        guard let old = arguments.quotedWord(), !arguments.isEmpty else { throw Failure(.needMoreParameters, "usage: PASSWD old new") }
        let new = String(arguments.rest)
        func change(from old: String) async throws(Failure) -> Outcome {
            try await context.ask { node throws(NodeError) in try await node.changePassphrase(login, from: old, to: new) }
            return .done(.passphraseChanged)
        }
        do {
            return try await change(from: old)
        } catch {
            // The quotation marks may be part of it: REGISTER and LOGIN take what they are given.
            guard error.code == .badLogin else { throw error }
            guard context.arguments.rest.hasPrefix("\"\(old)\"") else { throw .wrongPassphrase }
            return try await change(from: "\"\(old)\"")
        }
    }

    private static func devices(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let devices = try await context.ask { node throws(NodeError) in try await node.devices(login) }
        return .done(.listed(devices.count, .devices), rows: devices.map(Row.device))
    }

    private static func revoke(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let typed = context.arguments.text
        return .done(.revoked(try await context.ask { node throws(NodeError) in try await node.revoke(typed, by: login) }))
    }
}
