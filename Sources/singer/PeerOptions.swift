import ArgumentParser
import SingerClient

/// Which peer, and who talks to it.
struct PeerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The peer's host.", valueName: "host"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port of its gateway.", valueName: "port"))
    var port = 6667

    @Option(help: ArgumentHelp("Log in as this account.", valueName: "name"))
    var user: String?

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("a port is a number from 1 to 65535") }
    }

    /// Looks the host up. Says why if it can't.
    func settings(color: ColorChoice = .auto) throws -> ClientSettings {
        do {
            return ClientSettings(endpoint: try Endpoint(host: host, port: port), user: user, environment: .current, color: color)
        } catch {
            StandardError.write("singer: \(error)\n")
            throw ExitCode(Script.Exit.unreachable)
        }
    }
}
