import ArgumentParser
import SingerClient

/// `singer export FILE`
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write all that your account ever signed into a file.",
        discussion: """
            Posts, replies, forwards, likes, follows and profile, each with its signature, and the account's key, sealed under your passphrase. \
            A file that is there is verified, and what it lacks is added. Keep it as you keep a key.
            """)

    @OptionGroup var peer: PeerOptions

    @Argument(help: "The file.", completion: .file())
    var file: String

    func run() throws {
        StandardOutput.reserve()
        let archivist = Archivist(try peer.settings())
        try finish { try archivist.export(to: file) }
    }
}

/// `singer import FILE`
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring an account from a file to this peer.",
        discussion: """
            Asks for the passphrase that the account had when the file was made. What the peer has already is skipped, so an import that was cut off \
            goes on.
            """)

    @OptionGroup var peer: PeerOptions

    @Flag(help: "Verify the file, and connect to nobody.")
    var check = false

    @Argument(help: "The file.", completion: .file())
    var file: String

    func run() throws {
        StandardOutput.reserve()
        if check { return try finish { try Archivist.check(file) } }
        let archivist = Archivist(try peer.settings())
        try finish { try archivist.import(from: file) }
    }
}

/// Prints what was done, or one line that says why it was not.
private func finish(_ work: () throws -> String) throws {
    do {
        var output = StandardOutput()
        output.line(try work())
        output.flush()
        if let failure = output.failure {
            StandardError.write("singer: \(failure)\n")
            throw ExitCode(Script.Exit.commandFailed)
        }
    } catch let code as ExitCode {
        throw code
    } catch {
        StandardError.write("singer: \(error)\n")
        switch error {
        case let error as ClientError:
            if case .refused = error { throw ExitCode(Script.Exit.commandFailed) }
            throw ExitCode(Script.Exit.unreachable)
        default: throw ExitCode(Script.Exit.commandFailed)
        }
    }
}
