import Foundation
import SingerTesting
import Testing

/// `singer -e`, and commands from a pipe, at a real peer.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ScriptTests {
    @Test func `what stands behind QUIT is said to be left out`() async throws {
        let stage = try await Stage()
        let client = try await Client(stage, ["-e", "QUIT", "-e", "POST lost?"])
        #expect(client.status == 1)
        #expect(client.errors.contains("POST lost?"))
        #expect(try await Client(stage, ["-e", "PING", "-e", "QUIT"]).status == 0)
    }

    @Test func `a command has one reply and status 0`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let client = try await Client(stage, ["--user", "andre", "-e", "POST hi", "-e", "TIMELINE 1"], environment: ["SINGER_PASSPHRASE": "correct-horse"])
        #expect(client.status == 0)
        #expect(client.errors.isEmpty)
        #expect(client.lines.count == 3)
        #expect(client.lines[0].hasPrefix("OK posted "))
        #expect(client.lines[1].hasPrefix("  ") && client.lines[1].contains("<andre> hi ["))
        #expect(client.lines[2] == "OK 1 post")
    }

    @Test func `a password of the environment is for peers that have one`() async throws {
        let stage = try await Stage()
        let client = try await Client(stage, ["-e", "PING x"], environment: ["SINGER_GATEWAY_PASSWORD": "open sesame"])
        #expect(client.status == 0 && client.lines == ["OK pong x"], "\(client.errors)")
    }

    @Test func `errors go to standard error, the other commands still run, and the status is 1`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let client = try await Client(stage, ["-e", "SHOW nope", "-e", "POST hi"], environment: Client.andre)
        #expect(client.status == 1)
        #expect(client.errors.hasPrefix("ERR NO_SUCH_POST "))
        #expect(client.lines.count == 1 && client.lines[0].hasPrefix("OK posted "))
    }

    @Test func `commands come from a pipe, also a text of several lines`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let client = try await Client(stage, [], input: "post one\n\nPOST\ntwo\n..three\n.\n/timeline 2", environment: Client.andre)
        #expect(client.status == 0)
        #expect(client.lines.count == 5)
        #expect(client.lines[2].contains("<andre> two ⏎ .three ["))
        #expect(client.lines[3].contains("<andre> one ["))
    }

    @Test func `POST - takes the text from standard input`() async throws {
        let stage = try await Stage()
        let reader = try await stage.register("andre")
        let client = try await Client(stage, ["-e", "POST -"], input: "load average\n.hidden\nDELETE nothing\n", environment: Client.andre)
        #expect(client.status == 0)
        #expect(client.output.hasPrefix("OK posted "))
        #expect(try await reader.ask("TIMELINE 1").rows.first?.contains("load average ⏎ .hidden ⏎ DELETE nothing [") == true)
        let long = try await Client(stage, ["-e", "POST -"], input: String(repeating: "x", count: 100_000), environment: Client.andre)
        #expect(long.status == 1)
        #expect(long.errors.hasPrefix("ERR TOO_LONG "))
    }

    @Test func `what follows a newline in an argument is text, and never a command`() async throws {
        let stage = try await Stage()
        let reader = try await stage.register("andre")
        let post = try await reader.ask("POST kept")
        let client = try await Client(
            stage, ["-e", "#1 post one\nDELETE \(post.id)\n.\n", "-e", "\nREPLY \(post.id) two\n..three", "-e", "SHOW \(post.id)\nDELETE \(post.id)"],
            environment: Client.andre)
        #expect(client.status == 1)
        #expect(client.lines.count == 2 && client.lines[0].hasPrefix("OK #1 posted "))
        #expect(client.errors.hasPrefix("ERR BAD_PARAM "))
        let rows = try await reader.ask("TIMELINE").rows
        #expect(rows.count == 3 && rows[0].contains("<andre> two ⏎ ..three [") && rows[1].contains("<andre> one ⏎ DELETE \(post.id) ⏎ . ["), "\(rows)")
    }

    @Test func `without a login the lines of a text are no commands`() async throws {
        let stage = try await Stage()
        let client = try await Client(stage, [], input: "POST\nREGISTER mallory correct-horse\n.\nSTATUS\n")
        #expect(client.status == 1)
        #expect(client.errors.hasPrefix("ERR NEED_LOGIN "))
        #expect(client.output.contains("accounts 0"))
    }

    @Test func `a text without its dot is not posted`() async throws {
        let stage = try await Stage()
        let reader = try await stage.register("andre")
        let client = try await Client(stage, [], input: "POST\nhalf a text", environment: Client.andre)
        #expect(client.status == 1)
        #expect(client.errors.contains("Nothing was posted"))
        #expect(try await reader.ask("TIMELINE").last == "OK 0 posts")
    }

    @Test func `replies in JSON are objects, a line each`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let client = try await Client(stage, ["--json", "-e", "POST hi", "-e", "TIMELINE 1", "-e", "NOPE"], environment: Client.andre)
        #expect(client.status == 1)
        #expect(client.errors.contains(#"{"error":"UNKNOWN_COMMAND""#))
        let objects = try client.lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
        #expect(objects.count == 3)
        #expect((objects[1]["post"] as? [String: Any])?["text"] as? String == "hi")
    }

    @Test func `what others write in the meantime is not among the replies`() async throws {
        let stage = try await Stage()
        let author = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        andre.close()
        for number in 1...20 { try await author.ask("POST number \(number)") }
        let client = try await Client(stage, ["-e", "PING a", "-e", "PING b"], environment: Client.andre)
        #expect(client.output == "OK pong a\nOK pong b\n")
    }

    @Test func `a wrong passphrase is one line and status 1`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let client = try await Client(stage, ["--user", "andre", "-e", "POST hi"], environment: ["SINGER_PASSPHRASE": "wrong-horse"])
        #expect(client.status == 1)
        #expect(client.output.isEmpty)
        #expect(client.errors.hasPrefix("ERR BAD_LOGIN ") && client.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: [(">/dev/full", 1, "singer: standard output: No space left on device\n"), (">&-", 0, ""), ("<&- >&- 2>&-", 0, "")])
    func `output that cannot be written is one line and status 1, and none at all is no error`(redirection: String, status: Int32, errors: String) async throws
    {
        let stage = try await Stage()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "\"$0\" --port \"$1\" -e PING -e PING \(redirection)", Client.executable.path, String(stage.peer.gatewayPort)]
        process.environment = stage.environment()
        let said = Pipe()
        process.standardError = said
        try process.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
        #expect(text == errors)
    }

    @Test func `a port where nobody listens is one line and status 2`() async throws {
        let stage = try await Stage()
        let port = stage.peer.gatewayPort
        #expect(stage.peer.stop() == 0)
        let client = try await Client(stage, ["-e", "PING"], port: port)
        #expect(client.status == 2)
        #expect(client.errors.contains("Start one with: singerd") && client.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: [["--port", "many"], ["--no-such-option"], ["--color", "blue"], ["stray"]])
    func `wrong usage is status 64`(arguments: [String]) async throws {
        let stage = try await Stage()
        #expect(try await Client(stage, arguments).status == 64)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 400 \u{1b}[31mBad Request\r\n\r\n", "220 smtp.example ESMTP\r\n", "OKAY"])
    func `whatever else answers there is named in one line, harmlessly`(greeting: String) async throws {
        let stage = try await Stage()
        let server = try GarbageServer { connection in connection.write(greeting) }
        let client = try await Client(stage, ["-e", "PING"], port: server.port)
        #expect(client.status == 2)
        #expect(client.errors.contains("is not a Singer peer"))
        #expect(client.errors.split(separator: "\n").count == 1)
        #expect(!client.errors.contains("\u{1b}"))
    }

    @Test(arguments: [true, false]) func `a line of 10 MB is refused, in bounded memory`(isAfterGreeting: Bool) async throws {
        let stage = try await Stage()
        let server = try GarbageServer { connection in
            if isAfterGreeting { connection.write("OK format text\n") }
            for _ in 0..<10 { connection.write(String(repeating: "x", count: 1_000_000)) }
        }
        let client = try await Client(stage, ["-e", "PING"], port: server.port)
        #expect(client.status == 2)
        #expect(client.errors.contains("a line without an end") && client.errors.split(separator: "\n").count == 1)
    }

    @Test func `a reader that goes away is no error`() async throws {
        let stage = try await Stage()
        let andre = try await stage.register("andre")
        for number in 1...50 { try await andre.ask("POST number \(number)") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c", "\"$0\" --port \"$1\" -e 'TIMELINE 50' -e 'TIMELINE 50' -e 'TIMELINE 50' | head -n 1; exit ${PIPESTATUS[0]}", Client.executable.path,
            String(stage.peer.gatewayPort),
        ]
        process.environment = stage.environment(Client.andre)
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        #expect(String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n").count == 1)
        process.waitUntilExit()
        #expect(said.isEmpty)
        #expect(process.terminationStatus == 0)
    }
}
