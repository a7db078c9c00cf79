import Foundation
import SingerTesting
import Testing

/// Real faults: processes that die, disks that fill or rot, clocks that are wrong.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FaultTests {
    /// An author and two who follow, each at a peer of their own.
    struct Triangle {
        let author: PeerProcess
        let second: PeerProcess
        var third: PeerProcess
        let andre: LineClient
        let tiago: LineClient
        var diogo: LineClient

        /// Andre's first post has come to both of the others.
        init(in network: Network) async throws {
            author = try await network.peer("a")
            second = try await network.peer("b", joining: author)
            third = try await network.peer("c", joining: author, second)
            andre = try await author.register("andre")
            tiago = try await second.register("tiago")
            diogo = try await third.register("diogo")
            for follower in [tiago, diogo] { #expect(try await follower.ask("FOLLOW andre").isOK) }
            _ = try await andre.ask("POST the first")
            for follower in [tiago, diogo] { try await follower.push(with: "the first") }
        }
    }

    @Test func `what a follower missed comes from a co-follower within a second, the author's peer dead`() async throws {
        let network = try Network()
        defer { network.remove() }
        var peers = try await Triangle(in: network)
        #expect(peers.third.stop() == 0)
        for number in 1...10 { #expect(try await peers.andre.ask("POST missed \(number)").isOK) }
        try await peers.tiago.push(with: "missed 10 ")
        peers.author.kill()

        peers.third = try await network.restart("c", peers.third, joining: peers.second)
        let login = ContinuousClock.now
        peers.diogo = try await peers.third.login("diogo")
        try await peers.third.connect().count("links") { $0 > 0 }
        let link = ContinuousClock.now
        try await peers.third.connect().count("posts") { $0 == 11 }
        #expect(try await peers.diogo.ask("TIMELINE").rows.count == 11)
        let shown = ContinuousClock.now
        print("ready to login and link \(link - login), link to missed posts shown \(shown - link)")
        #expect(shown - link < .seconds(1))
        #expect(try await peers.diogo.timeline() == peers.tiago.timeline())
    }

    @Test func `the network goes on when every bootstrap node is killed`() async throws {
        let network = try Network()
        defer { network.remove() }
        let hub = try await network.peer("hub")
        let other = try await network.peer("other", joining: hub)
        let first = try await network.peer("a", joining: hub, other)
        let second = try await network.peer("b", joining: hub, other)
        let third = try await network.peer("c", joining: hub, other)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        let tiago = try await third.register("tiago")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        // Each of the three has met one of the other two at least, and not only the ones that go.
        for peer in [first, second, third] { try await peer.connect().count("dht-nodes") { $0 >= 3 } }
        hub.kill()
        other.kill()

        var post = try await andre.ask("POST still here")
        try await diogo.push(with: "still here [\(post.id)]")
        let start = ContinuousClock.now
        #expect(try await tiago.ask("FOLLOW andre").last == "OK following andre")
        print("FOLLOW with every bootstrap node dead: \(ContinuousClock.now - start)")
        try await tiago.push(with: "still here [\(post.id)]")
        try await andre.push(with: "* follow tiago")
        #expect(try await tiago.ask("FOLLOW diogo").last == "OK following diogo")
        post = try await andre.ask("POST and still")
        for follower in [diogo, tiago] { try await follower.push(with: "and still [\(post.id)]") }
        #expect(try await tiago.timeline() == andre.timeline())
    }
}
