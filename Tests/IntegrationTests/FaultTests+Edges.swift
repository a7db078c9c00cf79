import SingerCore
import SingerPeer
import SingerTesting
import SingerWire
import Testing

extension FaultTests {
    @Test func `a post pushed to somebody who has gone is answered with the unfollow`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let diogo = try await peer.register("diogo")
        let home = try await HostilePeer(network: network.name, target: peer)
        var andre = TestAuthor("andre")
        try await home.introduce(andre)
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        #expect(try await diogo.ask("UNFOLLOW andre").isOK)

        let link = try await home.link()
        var unfollows = Self.unfollows(of: andre.account, over: link).makeAsyncIterator()
        // The outbox brings it, and it is paid.
        let first = try #require(await unfollows.next())
        try await peer.connect().count("owed") { $0 == 0 }
        // The author's peer has lost it since.
        link.send(.news(andre.post("still there?")))
        #expect(await unfollows.next() == first)
        #expect(try await diogo.timeline().isEmpty)
        await home.shutdown()
    }

    /// Unfollows that are delivered; each is acknowledged.
    private static func unfollows(of account: AccountKey, over link: PeerLink) -> AsyncStream<Entry> {
        AsyncStream { continuation in
            Task {
                for await frame in link.frames {
                    guard case .delivery(let delivery)? = frame.message, let entry = try? Entry(verifying: delivery.entry) else { continue }
                    var receipt = WireFrame()
                    receipt.received.entry = entry.id.data
                    receipt.received.recipient = delivery.recipient
                    link.send(receipt)
                    if case .unfollow(let who)? = entry.content, who.account == account { continuation.yield(entry) }
                }
                continuation.finish()
            }
        }
    }

    @Test func `an author whose disk was put back learns again who has gone`() async throws {
        let network = try Network()
        defer { network.remove() }
        let second = try await network.peer("b")
        var first = try await network.peer("a", joining: second)
        let diogo = try await second.register("diogo")
        var andre = try await first.register("andre")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        #expect(first.stop() == 0)
        try network.copy("a", to: "backup")
        first = try await network.restart("a", first, joining: second)
        andre = try await first.login("andre")
        #expect(try await andre.ask("FOLLOWERS").rows == ["diogo"])
        #expect(try await diogo.ask("UNFOLLOW andre").isOK)
        try await andre.push(with: "* unfollow diogo")
        first.kill()
        try network.copy("backup", to: "a")
        first = try await network.restart("a", first, joining: second)
        andre = try await first.login("andre")
        try await andre.ask("FOLLOWERS") { $0.rows.isEmpty }
    }

    @Test func `who follows whom is put into a new DHT by either end`() async throws {
        let network = try Network()
        defer { network.remove() }
        var first = try await network.peer("a")
        var second = try await network.peer("b", joining: first)
        var andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        // A later session reads what lies in the DHT, and its peer keeps it.
        first.kill()
        first = try await network.restart("a", first, joining: second)
        andre = try await first.login("andre")
        #expect(first.stop() == 0)
        #expect(second.stop() == 0)

        // Nothing is left of the network but two disks. The follower's peer alone:
        second = try await network.restart("b", second)
        let third = try await network.peer("c", joining: second)
        try await third.register("tiago").ask("FOLLOWERS andre", until: { $0.rows == ["diogo"] }, within: .seconds(60))
        #expect(second.stop() == 0)
        #expect(third.stop() == 0)
        // The author's alone:
        first = try await network.restart("a", first)
        let fourth = try await network.peer("d", joining: first)
        try await fourth.register("rita").ask("FOLLOWERS andre", until: { $0.rows == ["diogo"] }, within: .seconds(60))
    }
}
