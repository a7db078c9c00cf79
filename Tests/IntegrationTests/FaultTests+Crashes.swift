import Foundation
import SingerTesting
import Testing

extension FaultTests {
    /// How often the author's peer is killed; `SINGER_FAULT_CYCLES=100` for a longer run.
    private static let killCycles = ProcessInfo.processInfo.environment["SINGER_FAULT_CYCLES"].flatMap { Int($0) } ?? 8
    /// More than are acknowledged before the latest kill: it always comes in the middle.
    private static let postsPerCycle = 100
    private static let killWithinPosts = 20
    private static let killWithinMilliseconds = 10

    @Test func `whatever was acknowledged before a kill -9 is there afterwards, once, under its own number`() async throws {
        var random = Generator(seed: ProcessInfo.processInfo.environment["SINGER_FAULT_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max))
        print("SINGER_FAULT_SEED=\(random.seed)")
        let network = try Network()
        defer { network.remove() }
        let followers = try await network.peer("b")
        var author = try await network.peer("a", joining: followers)
        let diogo = try await followers.register("diogo")
        var andre = try await author.register("andre")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")

        var acknowledged: [(text: String, id: String)] = []
        for cycle in 1...Self.killCycles {
            let texts = (1...Self.postsPerCycle).map { "\(cycle)-\($0)" }
            andre.send(texts.map { "POST \($0)" }.joined(separator: "\n"))
            // The fault itself: a moment that nobody chose.
            var replies: [String] = []
            for _ in 0..<random.below(Self.killWithinPosts) { replies.append(try await andre.reply().last) }
            try await Task.sleep(for: .milliseconds(random.below(Self.killWithinMilliseconds)))
            author.kill()
            while let line = try await andre.line() {
                if !line.hasPrefix("* ") { replies.append(line) }
            }
            // The last one may have been cut off in the middle.
            for (text, reply) in zip(texts, replies) {
                if let id = reply.wholeMatch(of: /OK posted ([a-z2-7]{5,})/)?.1 {
                    acknowledged.append((text, String(id)))
                } else {
                    #expect("OK posted ".hasPrefix(reply) || reply.hasPrefix("OK posted "), "cycle \(cycle): \(reply)")
                }
            }
            author = try await network.restart("a", author, joining: followers)
            andre = try await author.login("andre")
        }
        print("\(acknowledged.count) posts acknowledged in \(Self.killCycles) cycles")
        #expect(acknowledged.count > Self.killCycles)

        let last = try await andre.ask("POST the last")
        let timeline = try await andre.timeline()
        // A post whose acknowledgement was lost may stand; none may stand twice.
        let shown = timeline.compactMap { $0.wholeMatch(of: /.* <andre> (.*) \[([a-z2-7]+)\]/).map { (text: String($0.1), id: String($0.2)) } }
        #expect(shown.count == timeline.count)
        #expect(Set(shown.map(\.text)).count == shown.count)
        #expect(Set(shown.map(\.id)).count == shown.count)
        let ids = Dictionary(shown.map { ($0.text, $0.id) }, uniquingKeysWith: { $1 })
        for (text, id) in acknowledged { #expect(ids[text]?.hasPrefix(id) == true, "\(text) was acknowledged as \(id), and is \(ids[text] ?? "gone")") }
        // One log, without gaps: as many entries as its last number says.
        let logs = try await andre.ask("EXPORT").rows
        let counts = try #require(logs.first?.wholeMatch(of: /\S+ (\d+) entr\S+ last (\d+)/))
        #expect(logs.count == 1)
        #expect(counts.1 == counts.2)
        #expect(counts.1 == "\(timeline.count)")

        try await diogo.push(with: "the last [\(last.id)]")
        try await followers.connect().count("posts") { $0 == timeline.count }
        #expect(try await diogo.timeline() == timeline)
        #expect(!followers.log.contains("two logs"), "\(followers.log)")
    }
}
