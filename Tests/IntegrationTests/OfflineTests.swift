import Foundation
import SingerTesting
import Testing

/// What happens while somebody is away.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct OfflineTests {
    @Test func `what a lone first node did is in the network as soon as a second peer joins`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let andre = try await first.register("andre")
        let post = try await andre.ask("POST alone")
        #expect(post.isOK)
        let second = try await network.peer("b", joining: first)
        let rival = try second.connect()
        #expect(try await rival.ask("REGISTER Andre another-horse").last.hasPrefix("ERR NAME_TAKEN "))
        let diogo = try await second.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await diogo.push(with: "alone [\(post.id)]")
    }

    @Test func `a name stays taken while its owner's peer is down`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let third = try await network.peer("c", joining: first)
        let andre = try await first.register("andre")
        // Both others know the network, and so hold what lies in it, before the owner goes.
        for peer in [second, third] {
            try await peer.connect().ask("STATUS") { !$0.rows.contains("dht-nodes 0") }
            #expect(try await peer.connect().ask("REGISTER andre some-horse").last.hasPrefix("ERR NAME_TAKEN "))
        }
        andre.close()
        first.kill()
        let fourth = try await network.peer("d", joining: second, third)
        try await fourth.connect().ask("STATUS") { !$0.rows.contains("dht-nodes 0") }
        #expect(try await fourth.connect().ask("REGISTER andre another-horse").last.hasPrefix("ERR NAME_TAKEN "))
    }

    @Test func `a follow and an unfollow of somebody who is offline reach him when he is back`() async throws {
        let network = try Network()
        defer { network.remove() }
        let hub = try await network.peer("hub")
        var first = try await network.peer("a", joining: hub)
        let second = try await network.peer("b", joining: hub)
        let third = try await network.peer("c", joining: hub)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        let tiago = try await third.register("tiago")
        _ = try await tiago.ask("FOLLOW andre")
        try await andre.push(with: "* follow tiago")
        #expect(first.stop() == 0)
        #expect(try await diogo.ask("FOLLOW andre").last == "OK following andre")
        #expect(try await tiago.ask("UNFOLLOW andre").last == "OK unfollowed andre")

        first = try await network.restart("a", first, joining: hub)
        let again = try await first.login("andre")
        try await again.ask("FOLLOWERS") { $0.rows == ["diogo"] }
        let post = try await again.ask("POST I am back")
        try await diogo.push(with: "I am back [\(post.id)]")
    }

    @Test func `whoever was away gets what was missed from the author, and everything survives a restart of every peer`() async throws {
        let network = try Network()
        defer { network.remove() }
        var first = try await network.peer("a")
        var second = try await network.peer("b", joining: first)
        var andre = try await first.register("andre")
        var diogo = try await second.register("diogo")
        _ = try await diogo.ask("FOLLOW andre")
        try await andre.push(with: "* follow diogo")
        _ = try await andre.ask("POST before")
        try await diogo.push(with: "before")
        #expect(second.stop() == 0)
        for number in 1...30 { #expect(try await andre.ask("POST missed \(number)").isOK) }

        second = try await network.restart("b", second, joining: first)
        diogo = try await second.login("diogo")
        try await diogo.push(with: "missed 30")
        #expect(try await diogo.ask("TIMELINE 200").last == "OK 31 posts")

        first.kill()
        second.kill()
        first = try await network.restart("a", first)
        second = try await network.restart("b", second, joining: first)
        andre = try await first.login("andre")
        diogo = try await second.login("diogo")
        #expect(try await andre.ask("TIMELINE 200").last == "OK 31 posts")
        #expect(try await diogo.ask("TIMELINE 200").rows == andre.ask("TIMELINE 200").rows)
        #expect(try await andre.ask("FOLLOWERS").rows == ["diogo"])
        let post = try await andre.ask("POST after all that")
        try await diogo.push(with: "after all that [\(post.id)]")
    }

    @Test func `a post reaches a follower through the DHT where no link can be made`() async throws {
        let network = try Network()
        defer { network.remove() }
        // Nothing listens at the address that the author tells others to dial.
        let first = try await network.peer("a", arguments: ["--advertise", "127.0.0.2"])
        let second = try await network.peer("b", joining: first, arguments: ["--advertise", "127.0.0.3"])
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        _ = try await diogo.ask("FOLLOW andre")
        let post = try await andre.ask("POST over the DHT")
        try await diogo.push(with: "over the DHT [\(post.id)]")
    }

    @Test func `online and offline are told to those who follow`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        _ = try await diogo.ask("FOLLOW andre")
        #expect(try await diogo.push(with: "online") == "* online andre")
        #expect(try await diogo.ask("WHOIS andre").rows.contains("online yes"))
        _ = try await andre.ask("LOGOUT")
        #expect(try await diogo.push(with: "offline") == "* offline andre")
        _ = try await andre.ask("LOGIN andre correct-horse")
        #expect(try await diogo.push(with: "online") == "* online andre")
        // So is the end of the whole peer.
        #expect(first.stop() == 0)
        #expect(try await diogo.push(with: "offline") == "* offline andre")
    }
}
