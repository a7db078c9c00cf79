import Foundation
import SingerTesting
import Testing

extension FaultTests {
    @Test func `a catch-up whose source hangs half way is finished by a co-follower`() async throws {
        let network = try Network()
        defer { network.remove() }
        var peers = try await Triangle(in: network)
        #expect(peers.third.stop() == 0)
        let posts = 400
        let filling = String(repeating: "x", count: 1_800)
        for number in 1...posts { peers.andre.send("POST \(number) \(filling)") }
        for _ in 1...posts { #expect(try await peers.andre.reply().isOK) }
        try await peers.second.connect().ask("STATUS") { $0.rows.contains("posts \(posts + 1)") }

        peers.third = try await network.restart("c", peers.third, joining: peers.author, peers.second)
        let observer = try peers.third.connect()
        try await observer.count("posts") { $0 > 1 }
        peers.author.pause()
        let start = ContinuousClock.now
        let held = try await observer.count("posts") { _ in true }
        #expect(held < posts + 1, "the author's peer was stopped too late to prove anything")
        try await observer.count("posts", until: { $0 == posts + 1 }, within: .seconds(30))
        let time = ContinuousClock.now - start
        print("stopped with \(held) posts of \(posts + 1) there; the rest came within \(time)")
        // Two or three where the machine has nothing else to do; HangingTests hold the rule to its seconds.
        #expect(time < .seconds(20))

        peers.author.resume()
        peers.diogo = try await peers.third.login("diogo")
        let last = try await peers.andre.ask("POST awake again")
        for follower in [peers.tiago, peers.diogo] { try await follower.push(with: "awake again [\(last.id)]") }
        let timeline = try await peers.andre.timeline()
        #expect(timeline.count == posts + 2)
        #expect(Set(timeline).count == timeline.count)
        #expect(try await peers.tiago.timeline() == timeline)
        #expect(try await peers.diogo.timeline() == timeline)
    }
}
