import Foundation
import SingerTesting
import Testing

/// What the client asks at a terminal, and what it says while somebody waits.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct DialogueTests {
    private static let nameQuestion = #"Your name (or "new" to make an account):"#

    @Test func `a new person is led to an account without meeting an error, and the passphrase is never shown`() async throws {
        let stage = try await Stage()
        let screen = try await Screen(stage)
        try await screen.seeLast(Self.nameQuestion)
        try await screen.enter("new")
        try await screen.seeLast("A name for the new account:")
        try await screen.enter("andre")
        try await screen.see("A passphrase (or just Enter, for six words that are made up for you):")
        try await screen.enter("correct-horse")
        try await screen.seeLast("Once more:")
        try await screen.enter("correct-horse")
        let lines = try await screen.see("registered andre, key ")
        try await screen.seeLast("andre>")
        #expect(!lines.contains { $0.contains("correct-horse") || $0.hasPrefix("!") })
        try await screen.press("C-d")
        try await screen.see("ended 0")
    }

    @Test func `six words are made up for who wants them, and shown with the advice to keep them`() async throws {
        let stage = try await Stage()
        let screen = try await Screen(stage)
        try await screen.seeLast(Self.nameQuestion)
        for answer in ["new", "andre", ""] { try await screen.enter(answer) }
        let lines = try await screen.see("Keep it: it is shown this once")
        let found = lines.compactMap { $0.firstMatch(of: #/Your passphrase: (\S+)/#)?.1 }
        let words = try #require(found.first)
        #expect(words.split(separator: "-").count == 6)
        try await screen.seeLast("andre>")
        // The line is as wide as the screen, from the first.
        #expect(lines.contains { $0.contains("Keep it:") && $0.count > 80 })
        #expect(try await stage.peer.connect().ask("LOGIN andre \(words)").isOK)
    }

    @Test func `a wrong passphrase leads back to the name, which is there to be corrected`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let screen = try await Screen(stage)
        try await screen.seeLast(Self.nameQuestion)
        try await screen.enter("andre")
        try await screen.seeLast("Passphrase of andre:")
        try await screen.enter("wrong-horse")
        try await screen.see("no account has that name and that passphrase")
        try await screen.seeLast(Self.nameQuestion + " andre")
        try await screen.press("Enter")
        try await screen.seeLast("Passphrase of andre:")
        try await screen.press("C-c")
        try await screen.seeLast(Self.nameQuestion)
        try await screen.enter("andre")
        try await screen.seeLast("Passphrase of andre:")
        try await screen.enter("correct-horse")
        try await screen.see("logged in as andre, key ")
        try await screen.seeLast("andre>")
    }

    @Test func `a name that is taken, and two passphrases that differ, are asked for again`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("diogo")
        let screen = try await Screen(stage)
        try await screen.seeLast(Self.nameQuestion)
        for answer in ["new", "diogo", "correct-horse", "correct-house"] { try await screen.enter(answer) }
        try await screen.see("that was another passphrase than before")
        for answer in ["correct-horse", "correct-horse"] { try await screen.enter(answer) }
        try await screen.see("diogo is taken")
        try await screen.seeLast("A name for the new account:")
    }

    @Test func `SINGER_PASSPHRASE answers for the name that is typed`() async throws {
        let stage = try await Stage()
        _ = try await stage.register("andre")
        let screen = try await Screen(stage, environment: ["SINGER_PASSPHRASE": "correct-horse"])
        try await screen.seeLast(Self.nameQuestion)
        try await screen.enter("andre")
        try await screen.seeLast("andre>")
    }

    @Test func `PASSWD asks without echo, also for an old passphrase with quotation marks`() async throws {
        let stage = try await Stage()
        let client = try stage.peer.connect()
        #expect(try await client.ask(#"REGISTER andre co"rrect-horse"#).isOK)
        let screen = try await Screen(stage, ["--user", "andre"], environment: ["SINGER_PASSPHRASE": #"co"rrect-horse"#])
        try await screen.seeLast("andre>")
        try await screen.enter("passwd")
        try await screen.seeLast("Passphrase until now:")
        try await screen.enter(#"co"rrect-horse"#)
        try await screen.seeLast("New passphrase:")
        try await screen.enter("battery staple")
        try await screen.seeLast("Once more:")
        try await screen.enter("battery staple")
        let lines = try await screen.see("passphrase changed")
        #expect(!lines.contains { $0.contains("rrect-horse") || $0.contains("staple") })
        #expect(try await stage.peer.connect().ask("LOGIN andre battery staple").isOK)
    }

    @Test func `an answer that takes long has a quiet line above the draft, which leaves no trace`() async throws {
        let stage = try await Stage()
        let answers = DispatchSemaphore(value: 0)
        let server = try GarbageServer { connection in
            connection.write("{\"ok\":\"format\",\"format\":\"json\"}\n")
            var text = ""
            while true {
                let more = connection.read()
                guard !more.isEmpty else { return }
                text += more
                while let end = text.firstIndex(of: "\n") {
                    let line = text[..<end]
                    text = String(text[text.index(after: end)...])
                    guard let tag = line.split(separator: " ").first?.dropFirst() else { continue }
                    if line.contains("FOLLOW diogo") {
                        answers.wait()
                        connection.write("{\"ok\":\"following\",\"user\":\"diogo\",\"tag\":\"\(tag)\"}\n")
                    } else if line.contains("LOGIN") {
                        connection.write("{\"ok\":\"logged in\",\"user\":\"andre\",\"key\":\"k\",\"unseen\":0,\"tag\":\"\(tag)\"}\n")
                    } else {
                        connection.write("{\"ok\":\"done\",\"tag\":\"\(tag)\"}\n")
                    }
                }
            }
        }
        let screen = try await Screen(stage, ["--port", String(server.port), "--user", "andre"], environment: ["SINGER_PASSPHRASE": "correct-horse"])
        try await screen.seeLast("andre>")
        try await screen.enter("FOLLOW diogo")
        try await screen.type("POST a draft")
        try await screen.see("the wait") { $0.last == "andre> POST a draft" && $0.dropLast().last?.contains("FOLLOW: no answer yet, ") == true }
        try await screen.type(" that grows")
        try await screen.see("the wait, two seconds long") { $0.dropLast().last?.hasSuffix("no answer yet, 2 s") == true }
        answers.signal()
        let lines = try await screen.see("following diogo")
        try await screen.seeLast("andre> POST a draft that grows")
        #expect(!lines.contains { $0.contains("no answer yet") })
        #expect(lines.dropFirst().map { $0 } == ["andre> FOLLOW diogo", "· following diogo", "andre> POST a draft that grows"])
    }

    @Test func `a shrunken window keeps one draft, and nothing of how it was before`() async throws {
        let stage = try await Stage()
        let andre = try await stage.register("andre")
        for number in 1...28 { try await andre.ask("POST number \(number)") }
        let screen = try await Screen(stage, ["--user", "andre"], environment: ["SINGER_PASSPHRASE": "correct-horse"])
        try await screen.seeLast("andre>")
        // A full screen: of one that is not, tmux puts lines out of reach when it shrinks.
        try await screen.enter("TIMELINE 28")
        try await screen.see("28 posts")
        let draft = "POST " + (1...16).map { "w\($0)漢" }.joined(separator: " ") + " end"
        try await screen.type(draft)
        try await screen.seeLast("andre> " + draft)
        for columns in [50, 33, 160, 41, 100] {
            try await screen.resize(columns: columns, rows: 30)
            try await screen.type("X")
            // The terminal may have joined or broken the rows of the draft.
            try await screen.see("one draft at \(columns) columns") { lines in
                let all = lines.joined()
                return all.matches(of: #/POST w1/#).count == 1 && all.contains("endX") && all.matches(of: #/andre> POST/#).count == 1
            }
            try await screen.press("BSpace")
            try await screen.see("the draft without the X") { !$0.joined().contains("endX") }
        }
        try await screen.seeLast("andre> " + draft)
    }
}
