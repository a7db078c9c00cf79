import Foundation
import SingerTesting
import Testing

/// IRC clients that people use, each in a whole story: an account, a login, a post from another peer, a post and a forward that arrive there.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RealClientTests {
    private static let passphrase = "correct-horse"

    /// A client that is connected, and how a test works it.
    private struct Client {
        let process: ClientProcess
        /// The file in which it keeps what `&home` shows.
        let home: String
        /// Says a line in `&home`.
        let say: (String) async throws -> Void
        /// Sends a line as it is.
        let quote: (String) async throws -> Void
    }

    /// Where a client connects, and as whom.
    private struct Place {
        let port: Int
        let name: String
        /// As a guest who is going to register, or to the account.
        let isGuest: Bool
        let directory: String
    }

    private func play(_ name: String, _ connect: (Place) throws -> Client) async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let andre = try await first.register("andre")

        let guest = try connect(Place(port: second.gatewayPort, name: name, isGuest: true, directory: network.directory + "/guest"))
        try await guest.quote("REGISTER \(name) \(Self.passphrase)")
        try await guest.process.line(with: "has joined &home", in: guest.home)
        guest.process.end()

        let client = try connect(Place(port: second.gatewayPort, name: name, isGuest: false, directory: network.directory + "/client"))
        try await client.process.line(with: "has joined &home", in: client.home)
        try await client.say(".follow andre")
        try await andre.push(with: "* follow \(name)")
        #expect(try await andre.ask("FOLLOW \(name)").isOK)

        let post = try await andre.ask("POST Olá from the other peer")
        let shown = try await client.process.line(with: "Olá from the other peer [\(post.id)]", in: client.home)
        #expect(shown.contains("andre"))
        try await client.say("Typed at this one")
        try await andre.push(with: "<\(name)> Typed at this one [")
        try await client.say(".forward \(post.id) worth reading")
        try await andre.push(with: "<\(name)> ♺ <andre> Olá from the other peer — worth reading [")
        try await client.process.line(with: "♺ <andre> Olá from the other peer — worth reading [", in: client.home)
        try await client.quote("LIKE \(post.id)")
        #expect(try await andre.push(with: "* like") == "* like \(name) \(post.id)")
        client.process.end()
    }

    /// irssi wants a terminal: script(1) gives it one, and logs are the windows.
    @Test(.enabled(if: isInstalled("irssi") && isInstalled("script"), "irssi is not installed; `make deps-test` installs it on Debian"))
    func `irssi is a full client`() async throws {
        try await play("irina") { place in
            let sasl = "sasl_mechanism = \"plain\"; sasl_username = \"\(place.name)\"; sasl_password = \"\(Self.passphrase)\";"
            try FileManager.default.createDirectory(atPath: place.directory, withIntermediateDirectories: true)
            try """
            servers = ( { address = "127.0.0.1"; port = "\(place.port)"; chatnet = "singer"; autoconnect = "yes"; } );
            chatnets = { singer = { type = "IRC"; nick = "\(place.name)"; \(place.isGuest ? "" : sasl) }; };
            settings = {
              core = { real_name = "Irina"; user_name = "irina"; nick = "irina"; };
              "irc/core" = { cmds_max_at_once = "100"; };
              "fe-common/core" = { autolog = "yes"; autolog_path = "\(place.directory)/$0.log"; };
            };
            """.write(toFile: place.directory + "/config", atomically: true, encoding: .utf8)
            let process = try ClientProcess("script", ["-qec", "irssi --home='\(place.directory)'", "/dev/null"], directory: place.directory)
            return Client(process: process, home: place.directory + "/&home.log") { line in
                try process.type("/msg &home \(line)", ending: "\r")
            } quote: { line in
                // What is typed before there is a connection is not kept.
                try await process.line(with: "End of /MOTD", in: place.directory + "/output")
                try process.type("/quote \(line)", ending: "\r")
            }
        }
    }

    @Test(.enabled(if: isInstalled("weechat-headless"), "WeeChat is not installed; `make deps-test` installs it on Debian"))
    func `WeeChat is a full client`() async throws {
        try await play("wendy") { place in
            let option = "/set irc.server.singer."
            let sasl = ["\(option)sasl_username \(place.name)", "\(option)sasl_password \(Self.passphrase)"]
            let commands =
                ["/set fifo.file.path \"\(place.directory)/fifo\"", "/set logger.file.flush_delay 0", "/set logger.file.path \"\(place.directory)\""]
                + ["/set logger.file.mask \"$name\"", "/server add singer 127.0.0.1/\(place.port) -notls", "\(option)nicks \(place.name)"]
                // Else it sends a line every two seconds.
                + ["\(option)anti_flood_prio_high 0"]
                + (place.isGuest ? [] : sasl) + ["/connect singer"]
            let process = try ClientProcess(
                "weechat-headless", ["-d", place.directory, "-P", "irc,fifo,logger"] + commands.flatMap { ["-r", $0] }, directory: place.directory)
            return Client(process: process, home: place.directory + "/singer.&home") { line in
                try await process.write("irc.singer.&home *\(line)", to: place.directory + "/fifo")
            } quote: { line in
                try await process.line(with: "End of /MOTD", in: place.directory + "/server.singer")
                try await process.write("irc.server.singer */quote \(line)", to: place.directory + "/fifo")
            }
        }
    }

    @Test(.enabled(if: isInstalled("ii"), "ii is not installed; `make deps-test` installs it on Debian"))
    func `ii is a full client`() async throws {
        try await play("ivo") { place in
            let server = place.directory + "/127.0.0.1"
            let process = try ClientProcess(
                "ii", ["-i", place.directory, "-s", "127.0.0.1", "-p", "\(place.port)", "-n", place.name] + (place.isGuest ? [] : ["-k", "LOGIN"]),
                directory: place.directory, environment: ["LOGIN": "\(place.name):\(Self.passphrase)"])
            return Client(process: process, home: server + "/&home/out") { line in
                try await process.write(line, to: server + "/&home/in")
            } quote: { line in
                try await process.line(with: "End of /MOTD", in: server + "/out")
                try await process.write("/\(line)", to: server + "/in")
            }
        }
    }

    @Test(.enabled(if: pythonWithIRC != nil, "The Python package irc is not installed; `make deps-test` installs it on Debian"))
    func `a bot written with python-irc is a full client`() async throws {
        let python = try #require(Self.pythonWithIRC)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../examples/irc-bot.py").standardized.path
        try await play("pia") { place in
            let process = try ClientProcess(
                python, [script, "127.0.0.1", "\(place.port)", place.name] + (place.isGuest ? ["--register"] : []), directory: place.directory,
                environment: ["SINGER_PASSPHRASE": Self.passphrase])
            return Client(process: process, home: place.directory + "/output") { line in
                try process.type(line)
            } quote: { line in
                // The script registers by itself.
                if !place.isGuest { try process.type("/\(line)") }
            }
        }
    }

    private static func isInstalled(_ program: String) -> Bool { ClientProcess.path(of: program) != nil }

    /// Debian's package belongs to Debian's Python; another one may come first in the path.
    private static let pythonWithIRC: String? = ["/usr/bin/python3", ClientProcess.path(of: "python3")].compactMap(\.self).first { path in
        let check = Process()
        check.executableURL = URL(fileURLWithPath: path)
        check.arguments = ["-c", "import irc.client"]
        check.standardError = FileHandle.nullDevice
        guard (try? check.run()) != nil else { return false }
        check.waitUntilExit()
        return check.terminationStatus == 0
    }
}
