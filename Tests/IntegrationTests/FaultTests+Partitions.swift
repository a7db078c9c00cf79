import Foundation
import SingerTesting
import Testing

extension FaultTests {
    /// How long the halves are apart at least; `SINGER_FAULT_SPLIT=90` for longer than links live without a sign of life.
    private static let splitSeconds = ProcessInfo.processInfo.environment["SINGER_FAULT_SPLIT"].flatMap { Int($0) } ?? 0
    /// For what the network settles in its own time after it is whole again.
    private static let healing = Duration.seconds(120)

    @Test(.enabled(if: SplitNetwork.hindrance == nil, "no network namespaces here: \(SplitNetwork.hindrance ?? "")"))
    func `two halves that went on apart agree on everything when they are together again`() async throws {
        let network = try Network()
        defer { network.remove() }
        let split = try SplitNetwork(hosts: 3)
        defer { split.remove() }
        var peers: [PeerProcess] = []
        for number in 1...3 {
            for (side, host) in [(split.left, SplitNetwork.leftHost(number)), (split.right, SplitNetwork.rightHost(number))] {
                peers.append(
                    try await PeerProcess(
                        directory: "\(network.directory)/\(host)", network: network.name, bootstrap: peers.map { "\($0.host):\($0.dhtPort)" }, host: host,
                        namespace: side))
            }
        }
        let (left, right) = ([peers[0], peers[2], peers[4]], [peers[1], peers[3], peers[5]])
        let andre = try await left[0].register("andre")
        let tiago = try await left[1].register("tiago")
        let diogo = try await right[0].register("diogo")
        let rita = try await right[1].register("rita")
        for reader in [tiago, rita] { for name in ["andre", "diogo"] { #expect(try await reader.ask("FOLLOW \(name)").isOK) } }
        #expect(try await andre.ask("FOLLOW diogo").isOK)
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        for (reader, name) in [(tiago, "rita"), (rita, "tiago")] { #expect(try await reader.ask("WHOIS \(name)").isOK) }
        let liked = try await andre.ask("POST before the split").id
        let deleted = try await andre.ask("POST soon gone").id
        for reader in [tiago, rita, diogo] { try await reader.push(with: "soon gone [\(deleted)]") }

        try split.cut()
        let apart = ContinuousClock.now
        for number in 1...5 {
            #expect(try await andre.ask("POST left \(number)").isOK)
            #expect(try await diogo.ask("POST right \(number)").isOK)
        }
        #expect(try await andre.ask("DELETE \(deleted)").isOK)
        #expect(try await diogo.ask("LIKE \(liked)").isOK)
        #expect(try await diogo.ask("UNFOLLOW andre").isOK)
        #expect(try await andre.ask("UNFOLLOW diogo").isOK)
        #expect(try await tiago.ask("FOLLOW rita").isOK)
        #expect(try await rita.ask("FOLLOW tiago").isOK)
        #expect(try await rita.ask("UNFOLLOW andre").isOK)
        #expect(try await rita.ask("FOLLOW andre").isOK)
        try await tiago.push(with: "left 5")
        try await rita.push(with: "right 5")
        // The same name on both sides, and somebody who has met each.
        let alice = try await left[2].register("alice")
        let other = try await right[2].register("alice")
        #expect(try await andre.ask("FOLLOW alice").isOK)
        #expect(try await diogo.ask("FOLLOW alice").isOK)
        try await Task.sleep(for: max(.zero, .seconds(Self.splitSeconds) - (.now - apart)))
        #expect(try await tiago.ask("FEED diogo").rows.allSatisfy { !$0.contains("right") })

        try split.heal()
        let start = ContinuousClock.now
        func settled(_ what: String) { print("\(what) \(ContinuousClock.now - start) after the heal") }
        print("apart for \(start - apart)")
        // All ten posts of the time apart, and what was there before; the deleted one without its text.
        for reader in [tiago, rita] {
            try await reader.ask(
                "TIMELINE 200",
                until: { reply in
                    (1...5).allSatisfy { number in ["left \(number) ", "right \(number) "].allSatisfy { text in reply.rows.contains { $0.contains(text) } } }
                        && !reply.rows.contains { $0.contains("soon gone") }
                }, within: Self.healing)
        }
        settled("missed posts and deletes")
        #expect(try await tiago.timeline() == rita.timeline())
        #expect(try await tiago.timeline().count == 12)
        try await andre.ask("SHOW \(liked)", until: { $0.rows.contains { $0.contains("diogo") } }, within: Self.healing)
        settled("like")
        try await andre.ask("FOLLOWERS", until: { $0.rows == ["rita", "tiago"] }, within: Self.healing)
        try await diogo.ask("FOLLOWERS", until: { $0.rows == ["rita", "tiago"] }, within: Self.healing)
        try await tiago.ask("FOLLOWERS", until: { $0.rows == ["rita"] }, within: Self.healing)
        try await rita.ask("FOLLOWERS", until: { $0.rows == ["tiago"] }, within: Self.healing)
        settled("both ends of each edge")
        for owner in [alice, other] { try await owner.push(with: "another key claims the name alice", within: Self.healing) }
        settled("both owners told")
        // Each half goes on meaning its own by the name, and shows the other one beside it.
        let alices = try await [alice, other].map { try await $0.ask("FOLLOW tiago").last }
        #expect(alices == ["OK following tiago", "OK following tiago"])
        try await tiago.ask(
            "FOLLOWERS",
            until: { reply in
                reply.rows.contains("alice") && reply.rows.contains { $0.hasPrefix("alice~") }
            }, within: Self.healing)
        let post = try await andre.ask("POST together again")
        for reader in [tiago, rita] { try await reader.push(with: "together again [\(post.id)]") }
        #expect(try await tiago.ask("FEED andre").rows == rita.ask("FEED andre").rows)
    }
}

extension Array {
    fileprivate func map<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
