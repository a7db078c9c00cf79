import Foundation
import SingerTesting
import Testing

/// The programs of examples/, against a real peer.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ExampleTests {
    /// The directory of the examples in the source tree.
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "examples").path

    /// One of them, running; what it prints goes to a file.
    final class Example: Sendable {
        private let process: Process
        private let outputPath: String

        init(_ name: String, _ peer: PeerProcess, _ network: Network, arguments: [String] = [], environment: [String: String] = [:]) throws {
            outputPath = "\(network.directory)/\(name)-\(UUID().uuidString.prefix(6)).out"
            _ = FileManager.default.createFile(atPath: outputPath, contents: nil)
            let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
            process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            // The distribution's own Python is the one that has the irc library.
            process.arguments = (name.hasSuffix(".py") ? ["/usr/bin/python3"] : []) + ["\(ExampleTests.directory)/\(name)"] + arguments
            var values = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SINGER_") }
            values.merge(
                ["SINGER_PORT": String(peer.gatewayPort), "SINGER_PASSPHRASE": "correct-horse", "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"]
            ) { $1 }
            process.environment = values.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = output
            try process.run()
        }

        deinit { stop() }

        var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

        /// Waits until it has printed the text.
        func prints(_ text: String, within limit: Duration = .seconds(20)) async throws {
            try await waits(within: limit, "printing \(text)") { $0.output.contains(text) }
        }

        /// Waits for its end.
        @discardableResult
        func ends(within limit: Duration = .seconds(20)) async throws -> Int32 {
            try await waits(within: limit, "its end") { !$0.process.isRunning }
            return process.terminationStatus
        }

        private func waits(within limit: Duration, _ what: String, until isSo: (Example) -> Bool) async throws {
            let deadline = ContinuousClock.now + limit
            while !isSo(self) {
                guard .now < deadline else { throw LineClient.TimedOut(description: "waited for \(what); it said: \(output)") }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func stop() { process.kill() }
    }

    private func withPeer(_ body: (PeerProcess, Network) async throws -> Void) async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        try await body(peer, network)
    }

    @Test func `the shell bot posts the load average, follows back, and answers who asks it`() async throws {
        try await withPeer { peer, network in
            let andre = try await peer.register("andre")
            // It has an account and a follower from before.
            let old = try await peer.register("loadbot")
            _ = try await andre.ask("FOLLOW loadbot")
            old.close()
            let bot = try Example("load-bot.sh", peer, network, environment: ["SINGER_BOT_INTERVAL": "2"])
            try await andre.push(with: "<loadbot> load average: ")
            try await andre.ask("FOLLOWERS") { $0.rows == ["loadbot"] }
            let question = try await andre.ask("POST @loadbot uptime, please")
            #expect(try await andre.push(with: ">\(question.id)]").contains("<loadbot> "))
            _ = try await andre.ask("POST @loadbot nothing that it knows")
            try await andre.push(with: "<loadbot> load average: ")

            // Who comes later is followed too.
            let diogo = try await peer.register("diogo")
            _ = try await diogo.ask("FOLLOW loadbot")
            try await diogo.ask("FOLLOWERS") { $0.rows == ["loadbot"] }
            let other = try await diogo.ask("POST @LoadBot Uptime?")
            try await diogo.push(with: ">\(other.id)]")
            peer.stop()
            #expect(try await bot.ends() == 1)
            #expect(bot.output.contains("load-bot: the peer at 127.0.0.1:\(peer.gatewayPort) has gone"))
        }
    }

    @Test(arguments: ["load-bot.sh", "feed-bot.py", "mirror.py", "dice-bot.py"])
    func `a passphrase that others can read is not used, and one in no place is asked for`(name: String) async throws {
        try await withPeer { peer, network in
            let path = network.directory + "/passphrase"
            try "correct-horse\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            let arguments = ["feed-bot.py": ["/dev/null"], "mirror.py": ["andre", network.directory + "/mirror"]][name] ?? []
            let state = ["SINGER_PASSPHRASE": "", "SINGER_BOT_STATE": network.directory + "/state"]
            let careless = try Example(name, peer, network, arguments: arguments, environment: state.merging(["SINGER_PASSPHRASE_FILE": path]) { $1 })
            #expect(try await careless.ends() == 1)
            #expect(careless.output.contains("others can read \(path): chmod 600 it"))
            let without = try Example(name, peer, network, arguments: arguments, environment: state)
            #expect(try await without.ends() == 1)
            #expect(without.output.contains("SINGER_PASSPHRASE or SINGER_PASSPHRASE_FILE must be set"))
        }
    }

    private static func rss(_ titles: [String]) -> String {
        let items = titles.reversed().map { "<item><title>\($0)</title><link>https://news.example/\($0.count)/\($0.hashValue)</link><guid>\($0)</guid></item>" }
        return "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>News</title>\(items.joined())</channel></rss>"
    }

    @Test func `the feed bot posts each new item once, whenever it is stopped`() async throws {
        try await withPeer { peer, network in
            let path = network.directory + "/feed.xml"
            let secret = network.directory + "/passphrase"
            try "correct-horse\n".write(toFile: secret, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
            let environment = [
                "SINGER_BOT_STATE": network.directory + "/state.json", "SINGER_BOT_INTERVAL": "0", "SINGER_PASSPHRASE": "", "SINGER_PASSPHRASE_FILE": secret,
            ]
            func run(_ extra: [String: String] = [:]) async throws -> Int32 {
                let bot = try Example("feed-bot.py", peer, network, arguments: [path], environment: environment.merging(extra) { $1 })
                let status = try await bot.ends()
                if status != 0, extra["SINGER_BOT_CRASH"] == nil { Issue.record("\(bot.output)") }
                return status
            }
            let reader = try await peer.register("andre")
            func titles() async throws -> [String] {
                try await reader.ask("FEED feedbot 200").rows.reversed().map { row in
                    String(row.split(separator: "> ", maxSplits: 1)[1].split(separator: " https://")[0])
                }
            }
            try Self.rss(["one", "two", "three &amp; more"]).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await run(["SINGER_BOT_BACKLOG": "2"]) == 0)
            #expect(try await titles() == ["two", "three & more"])
            #expect(try await run() == 0)
            #expect(try await titles().count == 2)

            // Killed before it sends, and after it has sent but not noted it.
            try Self.rss(["two", "three &amp; more", "four", "five"]).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await run(["SINGER_BOT_CRASH": "before"]) == 9)
            #expect(try await titles().count == 2)
            #expect(try await run(["SINGER_BOT_CRASH": "after"]) == 9)
            #expect(try await titles().count == 3)
            #expect(try await run() == 0)
            #expect(try await titles() == ["two", "three & more", "four", "five"])

            // A state that was lost is found in its own feed.
            try FileManager.default.removeItem(atPath: network.directory + "/state.json")
            #expect(try await run() == 0)
            #expect(try await titles().count == 4)
        }
    }

    @Test func `the feed bot reads Atom, goes on looking, and refuses a document type`() async throws {
        try await withPeer { peer, network in
            let path = network.directory + "/feed.xml"
            func atom(_ titles: [String]) -> String {
                let entries = titles.reversed().map {
                    "<entry><id>urn:\($0)</id><title>\($0)</title><link rel=\"self\" href=\"x\"/><link href=\"https://news.example/\($0)\"/></entry>"
                }
                return "<feed xmlns=\"http://www.w3.org/2005/Atom\">\(entries.joined())</feed>"
            }
            try atom(["one"]).write(toFile: path, atomically: true, encoding: .utf8)
            let environment = ["SINGER_BOT_STATE": network.directory + "/state.json", "SINGER_BOT_INTERVAL": "0.05"]
            let bot = try Example("feed-bot.py", peer, network, arguments: [path], environment: environment)
            try await bot.prints("one https://news.example/one")
            try "<!DOCTYPE feed [<!ENTITY a \"b\">]><feed/>".write(toFile: path, atomically: true, encoding: .utf8)
            try await bot.prints("the feed has a document type")
            try atom(["one", "two"]).write(toFile: path, atomically: true, encoding: .utf8)
            try await bot.prints("two https://news.example/two")
            bot.stop()
            let reader = try await peer.register("andre")
            #expect(try await reader.ask("FEED feedbot").last == "OK 2 posts")
        }
    }

    @Test(.enabled(if: canImportIRC, "python3-irc is not installed"))
    func `the bot made with the irc library answers whoever mentions it`() async throws {
        try await withPeer { peer, network in
            let andre = try await peer.register("andre")
            let account = try await peer.register("dicebot")
            account.close()
            _ = try await andre.ask("FOLLOW dicebot")
            let bot = try Example("dice-bot.py", peer, network)
            try await bot.prints("ready")
            let question = try await andre.ask("POST @dicebot roll")
            #expect(try await andre.push(with: ">\(question.id)]").contains(#/<dicebot> you rolled [1-6] /#))
            bot.stop()
        }
    }

    private static let canImportIRC: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["/usr/bin/python3", "-c", "import irc.client"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test func `the mirror has every post once, across its own restarts`() async throws {
        try await withPeer { peer, network in
            let path = network.directory + "/diogo.jsonl"
            func lines() throws -> [[String: Any]] {
                try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                }
            }
            func texts() throws -> [String] { try lines().map { ($0["text"] as? String) ?? "deleted" } }
            func wait(_ isSo: () throws -> Bool) async throws {
                let deadline = ContinuousClock.now + .seconds(20)
                while try !isSo() {
                    guard .now < deadline else { throw LineClient.TimedOut(description: "the mirror has \(try texts())") }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let diogo = try await peer.register("diogo")
            for number in 1...3 { _ = try await diogo.ask("POST before \(number)") }
            var bot = try Example("mirror.py", peer, network, arguments: ["diogo", path])
            try await bot.prints("mirroring diogo: 3 posts")
            let live = try await diogo.ask("POST live “ü” ✓")
            try await wait { try texts().count == 4 }
            bot.stop()
            _ = try await diogo.ask("POST while it was away")
            _ = try await diogo.ask("DELETE \(live.id)")
            // As if it had been killed while it wrote.
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data("{\"hash\": \"cut".utf8))
            try file.close()
            bot = try Example("mirror.py", peer, network, arguments: ["diogo", path])
            try await bot.prints("mirroring diogo: 5 posts")
            _ = try await diogo.ask("POST after")
            try await wait { try texts().last == "after" }
            #expect(try texts() == ["before 1", "before 2", "before 3", "live “ü” ✓", "deleted", "while it was away", "after"])
            bot.stop()
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "systemd is not installed"))
    func `the unit is one that systemd takes`() async throws {
        let network = try Network()
        defer { network.remove() }
        let unit = try String(contentsOfFile: Self.directory + "/singerd.service", encoding: .utf8)
        let path = network.directory + "/singerd.service"
        try unit.replacing("/usr/local/bin/singerd", with: PeerProcess.executable.path).write(toFile: path, atomically: true, encoding: .utf8)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-analyze")
        process.arguments = ["verify", "--user", "--man=no", path]
        process.environment = ProcessInfo.processInfo.environment.merging(["XDG_RUNTIME_DIR": network.directory]) { $1 }
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && !said.contains("singerd.service:"), "\(said)")
    }

    // MARK: Real clients

    private static func has(_ program: String) -> Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)") }

    @Test(.enabled(if: has("irssi") && has("script"), "irssi is not installed"))
    func `irssi with the example's configuration logs in, reads and posts`() async throws {
        try await withPeer { peer, network in
            let diogo = try await peer.register("diogo")
            let andre = try await peer.register("andre", "correct-horse-battery")
            _ = try await diogo.ask("FOLLOW andre")
            _ = try await andre.ask("FOLLOW diogo")
            _ = try await andre.ask("LOGOUT")
            let home = network.directory + "/irssi"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            let configuration = try String(contentsOfFile: Self.directory + "/irssi.conf", encoding: .utf8)
            // What a person would see, in a file: on the screen only what changes is drawn.
            let log = "\"fe-common/core\" = { autolog = \"yes\"; autolog_path = \"\(home)/$0.log\"; };"
            let changed = configuration.replacing("6667", with: String(peer.gatewayPort)).replacing("settings = {", with: "settings = { \(log)")
            try changed.write(toFile: home + "/config", atomically: true, encoding: .utf8)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
            process.arguments = ["-qec", "irssi --home \(home)", "/dev/null"]
            process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm", "LANG": "C.UTF-8"]) { $1 }
            let keyboard = Pipe()
            process.standardInput = keyboard
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer { process.kill() }
            func type(_ line: String) throws { try keyboard.fileHandleForWriting.write(contentsOf: Data((line + "\r").utf8)) }
            func shows(_ text: String) async throws {
                let deadline = ContinuousClock.now + .seconds(20)
                while true {
                    let shown = (try? String(contentsOfFile: home + "/&home.log", encoding: .utf8)) ?? ""
                    if shown.contains(text) { return }
                    guard .now < deadline else { throw LineClient.TimedOut(description: "irssi does not show \(text): \(shown)") }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            try await diogo.push(with: "* online andre")
            // What is typed before irssi has greeted the server is lost.
            try await shows("has joined &home")
            try type("/msg &home hello from irssi")
            try await diogo.push(with: "<andre> hello from irssi")
            _ = try await diogo.ask("POST hello irssi")
            try await shows("hello irssi")
            try type("/quit")
            try await diogo.push(with: "* offline andre")
        }
    }

    @Test(.enabled(if: has("weechat-headless"), "weechat-headless is not installed"))
    func `WeeChat with the example's commands logs in and posts`() async throws {
        try await withPeer { peer, network in
            let diogo = try await peer.register("diogo")
            let andre = try await peer.register("andre")
            _ = try await diogo.ask("FOLLOW andre")
            _ = try await andre.ask("LOGOUT")
            let commands = try String(contentsOfFile: Self.directory + "/weechat.commands", encoding: .utf8)
                .replacing("6667", with: String(peer.gatewayPort)).split(separator: "\n").joined(separator: ";")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/weechat-headless")
            process.arguments = [
                "--dir", network.directory + "/weechat", "--run-command",
                commands + ";/wait 3 /command -buffer irc.server.singer * /msg &home hello from WeeChat",
            ]
            process.environment = ProcessInfo.processInfo.environment.merging(["SINGER_PASSPHRASE": "correct-horse", "LANG": "C.UTF-8"]) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer { process.kill() }
            try await diogo.push(with: "* online andre")
            try await diogo.push(with: "<andre> hello from WeeChat")
        }
    }
}

extension Process {
    /// SIGKILL: a process that Foundation starts from a task inherits a mask that blocks SIGTERM.
    fileprivate func kill() {
        if isRunning { _ = Foundation.kill(processIdentifier, SIGKILL) }
        waitUntilExit()
    }
}
