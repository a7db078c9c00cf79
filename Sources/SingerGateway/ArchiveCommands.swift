internal import Foundation
internal import SingerCore
internal import SingerNode

/// EXPORT, IMPORT, IDENTITY, ADOPT: what an account takes along from one peer to another.
///
/// Entries travel as they were signed: a `SignedEntry` (docs/protocol.md) in base64.
enum ArchiveCommands {
    static let all: [Command] = [
        Command(
            "EXPORT [log [count] [AFTER n]]", "your own entries, as they were signed",
            meaning: """
                EXPORT alone lists your logs: one for each peer that you ever wrote at. EXPORT and a log gives its entries, oldest first, each with \
                header, certificate, signatures and body in base64: \(Limits.rowsMax) unless you say how many, from the one behind number n.
                """,
            example: "EXPORT 29acbae1 100 AFTER 200", handler: .account(export)),
        Command(
            "IMPORT [entry]", "bring here what another peer exported",
            meaning: """
                Takes an entry of your own out of an export, verifies it, and stores it unless it is here already. IMPORT alone takes up to \
                \(Limits.multilineLinesMax) of them, one a line, closed by a line with a single dot; a line that ends in \\ goes on in the next.
                """,
            example: "IMPORT Cp…", handler: .account(importEntry)),
        Command(
            "IDENTITY passphrase", "your key, sealed, for another peer",
            meaning: """
                Gives the claim to your name, and the root key of the account sealed under the passphrase: all that ADOPT needs at another peer. \
                Whoever has it and guesses the passphrase is you: keep it as you keep a key.
                """,
            example: "IDENTITY correct-horse-battery", argumentsMin: 1, handler: .account(identity)),
        Command(
            "ADOPT claim sealed passphrase", "be at home here too, and log in",
            meaning: """
                Brings an account from another peer here, with what IDENTITY gave there and its passphrase. This peer gets a key of its own that the \
                account certifies. An account that is here already is logged in to.
                """,
            example: "ADOPT Ck… $scrypt$ln=17,r=8,p=1$…$… correct-horse-battery", argumentsMin: 3, handler: .anyone(adopt)),
    ]

    private static func export(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let logs = try await context.ask { node throws(NodeError) in try await node.logs(login) }
        var arguments = context.arguments
        guard let typed = arguments.word() else {
            return .done(.listed(logs.count, .logs), rows: logs.map(Row.log))
        }
        let page = try page(arguments)
        let meant = logs.filter { $0.device.description.hasPrefix(typed.lowercased()) }
        guard meant.count == 1 else {
            throw Failure(.badParameter, "\(meant.isEmpty ? "no" : "more than one") log of yours begins with \(Failure.quote(typed)); EXPORT lists them")
        }
        let entries = try await context.ask { node throws(NodeError) in
            try await node.export(meant[0].device, after: page.after, count: page.count, login)
        }
        return .done(.listed(entries.count, .entries), rows: entries.map(Row.entry))
    }

    private static func importEntry(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        guard !context.arguments.isEmpty else { return .text(.archive) }
        return try await take(context.arguments.text, context, login)
    }

    /// One entry a line; a line that ends in `\` goes on in the next: an entry may be longer than a line.
    static func take(_ text: String, _ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let lines = text.replacing("\\\n", with: "").split(separator: "\n")
        guard !lines.isEmpty else { throw Failure(.emptyText, "no entries; EXPORT at the other peer gives them") }
        let reading = await entries(lines)
        let entries: [Entry]
        switch reading {
        case .success(let read): entries = read
        case .failure(let failure): throw failure
        }
        let counts = try await context.ask { node throws(NodeError) in try await node.restore(entries, by: login) }
        return .done(.imported(new: counts.new, known: counts.known))
    }

    /// Verified aside from the session: two hundred signatures take a while.
    @concurrent
    private static func entries(_ lines: [Substring]) async -> Result<[Entry], Failure> {
        var entries: [Entry] = []
        for (index, line) in lines.enumerated() {
            do {
                guard let bytes = Data(base64Encoded: String(line)) else { throw Refusal.malformed }
                entries.append(try Entry(encoded: bytes))
            } catch {
                return .failure(Failure(.badParameter, "entry \(index + 1) \((error as? Refusal ?? .malformed).wordsOfEntry); nothing of these was stored"))
            }
        }
        return .success(entries)
    }

    private static func identity(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let passphrase = String(context.arguments.rest)
        let identity: (claim: NameClaim, sealed: SealedSecret)
        do {
            identity = try await context.ask { node throws(NodeError) in try await node.identity(of: login, passphrase: passphrase) }
        } catch {
            throw error.code == .badLogin ? .wrongPassphrase : error
        }
        return .done(
            .shown,
            rows: [
                .field("name", .text(login.name.text)), .field("account", .text(login.account.description)),
                .field("claim", .text(identity.claim.envelope.encoded.base64EncodedString())), .field("sealed", .text(identity.sealed.text)),
            ])
    }

    private static func adopt(_ context: CommandContext) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        guard let bytes = Data(base64Encoded: arguments.word() ?? ""),
            let claim = try? NameClaim(reading: Envelope(.nameClaim, verifying: bytes)), let sealed = SealedSecret(text: arguments.word() ?? "")
        else { throw Failure(.badParameter, "that is no identity; IDENTITY at the other peer gives one") }
        let passphrase = String(arguments.rest)
        let login = try await context.ask { node throws(NodeError) in try await node.adopt(claim, sealed, passphrase: passphrase) }
        return .loggedIn(login, Reply(.loggedIn(name: login.name.text, key: login.fingerprint, unseen: login.unseen)))
    }

    /// `[count] [AFTER n]`
    static func page(_ arguments: Arguments) throws(Failure) -> (count: Int, after: UInt64) {
        let (count, bound) = try arguments.page("AFTER", "a number")
        guard let bound else { return (count ?? Limits.rowsMax, 0) }
        guard let after = UInt64(bound) else { throw Failure(.badParameter, "\(Failure.quote(bound)) can't be a number of an entry") }
        return (count ?? Limits.rowsMax, after)
    }
}
