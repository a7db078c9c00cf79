import ArgumentParser
import Foundation
import Logging
import SingerCore
import SingerNode

/// The peer: reads its settings, opens everything, says that it is ready, and serves until it is told to stop.
@main
struct Singerd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "singerd", abstract: "A peer of Singer, the timeline that no server owns.",
        discussion: """
            Connect with `nc 127.0.0.1 6667` and type HELP.
            Every option can also stand in the environment (SINGER_DATA_DIR, SINGER_GATEWAY, …) or in the JSON file that --config names.
            """,
        version: Node.version)

    @OptionGroup var options: Options

    func run() async throws {
        // A client that goes away while it is written to must not end the peer.
        signal(SIGPIPE, SIG_IGN)
        // Whatever this process makes is its owner's alone.
        umask(0o077)
        Self.raiseFileLimit()
        do {
            let settings = try await Settings(options)
            let level = settings.logLevel
            LoggingSystem.bootstrap { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = level
                return handler
            }
            try await Peer(settings).serve()
        } catch let error as UsageError {
            throw Self.failure(error.description, code: 64)
        } catch let error as StartError {
            throw Self.failure(error.description, code: 1)
        }
    }

    private static func failure(_ text: String, code: Int32) -> ExitCode {
        try? FileHandle.standardError.write(contentsOf: Data("singerd: \(text)\n".utf8))
        return ExitCode(code)
    }

    /// As many sockets as the gateway admits sessions, and some for links: what a shell gives is often no more than 1,024.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = rlim_t(Limits.sessionsMax + filesBesideSessions)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static let filesBesideSessions = 4_096
}

/// The command line is wrong.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

/// The peer cannot start; one line that says why.
struct StartError: Error, CustomStringConvertible {
    let description: String
}
