import Foundation
import SingerTesting
import Testing

/// The real client in a real terminal, at a real peer.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TerminalTests {
    private let wide = 240

    private func start(_ stage: Stage, _ name: String = "andre", environment: [String: String] = [:], columns: Int = 100, rows: Int = 30) async throws -> Screen
    {
        let screen = try await Screen(
            stage, ["--user", name], environment: ["SINGER_PASSPHRASE": "correct-horse"].merging(environment) { $1 }, columns: columns, rows: rows)
        try await screen.seeLast("\(name)>")
        return screen
    }

    @Test func `what was not seen is shown at login, under its day`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        try await andre.ask("QUIT")
        try await diogo.ask("POST while you were away")
        let screen = try await start(stage)
        let lines = try await screen.see("<diogo> while you were away [")
        #expect(lines.contains { $0.contains("1 post since you left") })
        #expect(lines.contains { $0.hasPrefix("── ") && $0.hasSuffix(" ──") })
    }

    @Test func `a draft typed while 1,000 posts arrive stays as it is`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        let screen = try await start(stage, columns: wide)
        let draft = "POST the quick brown fox jumps over the lazy dog, 漢字 too, while a thousand posts arrive"
        for number in 1...1_000 { diogo.send("POST flood \(number)") }
        for character in draft { try await screen.type(String(character)) }
        try await screen.see("<diogo> flood 1000 [", within: .seconds(60))
        try await screen.seeLast("andre> " + draft)
        // Each post once, in order, and the cursor where it was.
        let floods = try await screen.lines().compactMap { $0.firstMatch(of: #/<diogo> flood (\d+) /#).flatMap { Int($0.1) } }
        #expect(floods == Array(1...1_000))
        try await screen.press("Left", "Left")
        try await screen.type("X")
        try await screen.seeLast("andre> " + draft.dropLast(2) + "X" + draft.suffix(2))
    }

    @Test func `Tab completes commands, names and the ids just shown`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        let screen = try await start(stage)
        let id = try await diogo.ask("POST complete me").id
        try await screen.see("complete me [\(id)]")
        try await screen.type("forw")
        try await screen.press("Tab")
        try await screen.seeLast("andre> FORWARD")
        try await screen.type(String(id.prefix(2)))
        try await screen.press("Tab")
        try await screen.seeLast("andre> FORWARD \(id)")
        try await screen.press("C-u")
        try await screen.type("/whois di")
        try await screen.press("Tab", "Enter")
        try await screen.see("followers 1")
    }

    @Test func `draft and cursor survive a resize`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        let screen = try await start(stage)
        let draft = "POST " + String(repeating: "word ", count: 20) + "end"
        try await screen.type(draft)
        try await screen.press("Left", "Left", "Left")
        try await screen.resize(columns: 50, rows: 20)
        try await diogo.ask("POST after the resize")
        try await screen.see("after the resize")
        try await screen.resize(columns: 160, rows: 40)
        try await diogo.ask("POST after another")
        try await screen.see("after another")
        try await screen.type("X")
        try await screen.seeLast("andre> " + draft.dropLast(3) + "Xend")
    }

    @Test func `after a restart of the peer it comes back, shows what was missed once, and keeps the draft`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        try await andre.ask("QUIT")
        let screen = try await start(stage)
        try await diogo.ask("POST before")
        try await screen.see("<diogo> before [")
        try await screen.type("POST a draft")
        stage.peer.kill()
        try await screen.see("trying to come back")
        try await screen.press("Enter")
        try await screen.see("your line is kept")
        try await stage.restartPeer()
        let again = try stage.peer.connect()
        #expect(try await again.ask("LOGIN diogo correct-horse").isOK)
        try await again.ask("POST meanwhile")
        try await screen.see("connected again")
        try await again.ask("POST afterwards")
        try await screen.see("<diogo> afterwards [")
        try await screen.seeLast("andre> POST a draft")
        let lines = try await screen.lines()
        for text in ["before", "meanwhile", "afterwards"] { #expect(lines.count { $0.contains("<diogo> \(text) [") } == 1) }
        try await screen.press("Enter")
        try await screen.see("posted [")
        #expect(try await again.ask("FEED andre").rows.count == 1)
    }

    @Test func `several pasted lines are asked about before they are posted`() async throws {
        let stage = try await Stage()
        let andre = try await stage.register("andre")
        let screen = try await start(stage)
        try await screen.paste("first\nLOGOUT\n.third")
        try await screen.press("Enter")
        try await screen.see("3 lines were pasted")
        #expect(try await andre.ask("TIMELINE").last == "OK 0 posts")
        try await screen.enter("n")
        try await screen.see("nothing was posted")
        try await screen.type("POST ")
        try await screen.paste("first\nLOGOUT\n.third")
        try await screen.press("Enter")
        try await screen.see("lines were pasted. Post them as one post?") { $0.count { $0.contains("3 lines were pasted") } == 2 }
        try await screen.enter("y")
        try await screen.see("posted [")
        #expect(try await andre.ask("TIMELINE").rows.first?.contains("<andre> first ⏎ LOGOUT ⏎ .third [") == true)
    }

    @Test func `history lasts, is for its owner only, and holds no passphrase`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let first = try await start(stage)
        for line in [
            "STATUS", "LOGIN andre wrong-secret-1", "/login andre wrong-secret-2", "#7 PASSWD wrong-secret-3 wrong-secret-4", "LOGN andre wrong-secret-5",
        ] {
            try await first.enter(line)
        }
        try await first.see("LOGN andre")
        try await first.enter("PING last-of-all")
        try await first.see("last-of-all") { $0.contains { $0.hasSuffix("pong last-of-all") } }
        try await first.press("Up")
        try await first.seeLast("andre> PING last-of-all")
        try await first.press("Up")
        try await first.seeLast("andre> STATUS")
        try await first.press("C-c", "C-d")
        try await first.see("ended 0")
        let path = stage.stateDirectory + "/singer/history"
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "STATUS\nPING last-of-all\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
        let second = try await start(stage)
        try await second.press("Up")
        try await second.seeLast("andre> PING last-of-all")
    }

    @Test func `a name has one hue, a mention stands out, and NO_COLOR and TERM=dumb are heard`() async throws {
        let stage = try await Stage()
        let diogo = try await stage.register("diogo")
        let andre = try await stage.register("andre")
        try await andre.ask("FOLLOW diogo")
        for (environment, isColoured) in [([:], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false)] {
            let screen = try await start(stage, environment: environment)
            let id = try await diogo.ask("POST hello @andre").id
            try await screen.see("» <diogo> hello @andre [\(id)]")
            let line = try await screen.lines(withEscapes: true).first { $0.contains("[\(id)]") }
            #expect(line?.contains("\u{1b}[") == isColoured)
        }
    }

    @Test func `a long timeline goes through the pager`() async throws {
        let stage = try await Stage()
        let andre = try await stage.register("andre")
        for number in 1...60 { try await andre.ask("POST number \(number)") }
        let marker = stage.directory + "/paged"
        let screen = try await start(stage, environment: ["PAGER": "tee \(marker) | head -n 3"])
        try await screen.type("POST typed ")
        try await screen.press("C-c")
        try await screen.enter("timeline 3")
        try await screen.see("3 posts")
        #expect(!FileManager.default.fileExists(atPath: marker))
        try await screen.enter("timeline 60")
        try await screen.see("60 posts")
        try await screen.seeLast("andre>")
        #expect(try String(contentsOfFile: marker, encoding: .utf8).contains("number 60"))
    }

    @Test func `nothing that a peer sends drives the terminal`() async throws {
        let stage = try await Stage()
        let server = try GarbageServer { connection in
            connection.write("{\"ok\":\"format\",\"format\":\"json\"}\n")
            let login = connection.read()
            let tag = login.split(separator: " ").first.map { $0.dropFirst() } ?? ""
            connection.write("{\"ok\":\"logged in\",\"user\":\"andre\",\"key\":\"k\",\"unseen\":0,\"tag\":\"\(tag)\"}\n")
            let text = #"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r\n\u0008evil"#
            connection.write(
                "{\"event\":\"post\",\"post\":{\"id\":\"aaaaa\\u001b[1m\",\"hash\":\"aaaaa\",\"author\":\"m\\u001b[7mallory\",\"key\":\"\",\"time\":\"2026-11-22T10:00:00.000Z\",\"text\":\"\(text)\",\"reply_to\":null,\"forward\":null,\"likes\":0,\"deleted\":false}}\n"
            )
            while !connection.read().isEmpty {}
        }
        let screen = try await Screen(
            stage, ["--port", String(server.port), "--user", "andre", "--color", "never"], environment: ["SINGER_PASSPHRASE": "correct-horse"])
        let lines = try await screen.see("evil")
        #expect(lines.contains { $0.contains("�]0;owned�") && $0.contains("evil") && $0.contains("<m�[7mallory>") })
        #expect(try await screen.lines(withEscapes: true).allSatisfy { !$0.contains("\u{1b}") })
    }

    @Test func `without a peer there is one line that says how to start one`() async throws {
        let stage = try await Stage()
        stage.peer.stop()
        let screen = try await Screen(stage)
        let lines = try await screen.see("ended 2")
        #expect(lines.count == 2)
        #expect(lines[0].contains("Start one with: singerd"))
    }
}
