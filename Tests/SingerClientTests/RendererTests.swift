import CReadline
import SingerTesting
import Testing

@testable import SingerClient

@Suite struct RendererTests {
    init() { creadline_use_locale() }

    private let time = "2026-11-22T12:00:00.000Z"
    private func post(_ text: String, author: String = "diogo", time: String? = nil) -> Post {
        Post(id: "k7f3q", hash: "k7f3q", author: author, time: time ?? self.time, text: text)
    }
    private func plain(_ columns: Int = 200, me: String? = "andre") -> Renderer { Renderer(palette: Palette(depth: .none), columns: columns, me: me) }

    @Test func `a day has its line once`() {
        var renderer = plain()
        #expect(renderer.lines(post("a")).count == 2)
        #expect(renderer.lines(post("b")).count == 1)
        let next = renderer.lines(post("c", time: "2026-11-25T12:00:00.000Z"))
        #expect(next.count == 2 && next[0].contains("25 November 2026"))
    }

    @Test func `replies and forwards name what they belong to`() {
        var renderer = plain()
        var reply = post("so it is")
        reply.replyTo = "m2wd5abcdefg"
        #expect(renderer.lines(reply).last?.hasSuffix("<diogo> so it is [k7f3q>m2wd5]") == true)
        var forward = post("worth reading")
        forward.original = Post.Original(id: "m2wd5", author: "tiago", text: "Hello", isDeleted: false)
        #expect(renderer.lines(forward).last?.hasSuffix("<diogo> ♺ <tiago> Hello — worth reading [k7f3q>m2wd5]") == true)
    }

    @Test func `a mention of me stands out, and only of me`() {
        var renderer = plain()
        #expect(renderer.lines(post("hello @Andre!")).last?.contains("» <diogo>") == true)
        #expect(renderer.lines(post("hello @andreas and mail@andre")).last?.contains("»") == false)
        var coloured = Renderer(palette: Palette(depth: .full), columns: 80, me: "andre")
        #expect(coloured.lines(post("hello @Andre!")).last?.contains("\u{1b}[1;7m@Andre\u{1b}[0m") == true)
    }

    @Test func `no byte of a post drives the terminal`() {
        var generator = Generator(seed: 3)
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<20 {
                let value = [UInt32.random(in: 0...0xA0, using: &generator), 0x202E, 0x2066, 0x2028, 0x9B, 0x1B, 0x0A].randomElement(using: &generator) ?? 0
                if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
            }
            var renderer = plain(40)
            var evil = post(text, author: text)
            evil.id = text
            for line in renderer.lines(evil) {
                #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && !(0x202A...0x202E).contains($0.value) })
            }
        }
    }

    @Test func `lines are no wider than the screen, and nothing of a text is lost`() {
        let texts = [
            "short", String(repeating: "word ", count: 60) + "end", String(repeating: "漢字", count: 100), String(repeating: "x", count: 500), "a 👩‍👩‍👧‍👦 b e\u{301} 🇵🇹",
        ]
        for text in texts {
            for columns in [26, 40, 80] {
                var renderer = plain(columns)
                let lines = renderer.lines(post(text))
                #expect(lines.dropFirst().allSatisfy { DisplayWidth.of($0) <= columns }, "\(columns): \(lines)")
                #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("      ") })
                #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
                #expect(lines.dropFirst().joined().filter { $0 != " " }.contains(text.filter { $0 != " " }))
            }
        }
    }

    @Test(arguments: [("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("👍", 2), ("👩‍👩‍👧‍👦", 2), ("🇵🇹", 2), ("👍🏽", 2), ("❤️", 2), ("", 0), ("ｗｉｄｅ", 8)])
    func `widths are those of a terminal`(text: String, columns: Int) { #expect(DisplayWidth.of(text) == columns) }

    @Test func `a name has one hue, in any case`() {
        let palette = Palette(depth: .full)
        #expect(palette.hue(of: "Diogo") == palette.hue(of: "diogo"))
        #expect(palette.hue(of: "diogo") == "38;5;\(palette.hue(of: "diogo")?.split(separator: ";").last ?? "")")
        #expect(Set(["andre", "diogo", "tiago", "maria", "joana", "rui"].map { palette.hue(of: $0) }).count > 3)
    }

    @Test func `colour is for terminals that can, unless somebody decides`() {
        var environment = ClientEnvironment()
        environment.term = "xterm-256color"
        #expect(Palette(.auto, isTerminal: true, environment).depth == .full)
        #expect(Palette(.auto, isTerminal: false, environment).depth == .none)
        #expect(Palette(.never, isTerminal: true, environment).depth == .none)
        environment.noColor = "1"
        #expect(Palette(.auto, isTerminal: true, environment).depth == .none)
        #expect(Palette(.always, isTerminal: true, environment).depth == .full)
        environment.noColor = nil
        environment.term = "dumb"
        #expect(Palette(.auto, isTerminal: true, environment).depth == .none)
        environment.term = "vt100"
        #expect(Palette(.auto, isTerminal: true, environment).depth == .basic)
    }

    @Test func `JSON for a terminal means the same without its control characters`() {
        let line = "{\"text\":\"\u{9b}31m\u{202e}é\"}"
        #expect(Sanitised.json(line) == #"{"text":"\u009b31m\u202eé"}"#)
        #expect(JSONValue(Sanitised.json(line)) == JSONValue(line))
    }
}

struct CompletionTests {
    private var completion: Completion {
        var completion = Completion()
        for usage in [
            "FOLLOW name", "FOLLOWERS [name]", "FORWARD id [comment]", "TIMELINE [count] [BEFORE id]", "FORMAT text|json", "HELP [command]", "POST text",
        ] {
            completion.learn(usage: usage)
        }
        for name in ["diogo", "Andre", "dora"] { completion.learn(name: name) }
        for id in ["k7f3q", "m2wd5", "k7zzz", "k7f3q"] { completion.learn(id: id) }
        return completion
    }

    @Test(arguments: [
        ("", "fol", ["FOLLOW", "FOLLOWERS"]), ("", "/forw", ["/FORWARD"]), ("#4 ", "HE", ["HELP"]), ("follow ", "d", ["diogo", "dora"]),
        ("/FOLLOW ", "an", ["Andre"]), ("FORWARD ", "k", ["k7f3q", "k7zzz"]), ("FORWARD k7f3q ", "d", []), ("TIMELINE 5 BEFORE ", "m", ["m2wd5"]),
        ("FORMAT ", "j", ["json"]), ("HELP ", "for", ["FORMAT", "FORWARD"]), ("POST hello ", "@d", ["@diogo", "@dora"]), ("POST hello ", "d", []),
    ])
    func `a word becomes what belongs there`(before: String, word: String, candidates: [String]) {
        #expect(completion.candidates(before: before, word: word) == candidates)
    }

    @Test func `of very many ids the latest are offered, until a letter is typed`() {
        var completion = completion
        for number in 100..<300 { completion.learn(id: "k\(number)") }
        let likely = completion.candidates(before: "FORWARD ", word: "")
        #expect(likely.count == Completion.likelyIDsMax && likely.first == "k299")
        #expect(completion.candidates(before: "FORWARD ", word: "k1").count == 100)
    }
}
