import Foundation
import SingerCore
import SingerPeer
import SingerTesting
import SingerWire
import Testing

@testable import SingerDHT

/// A real peer beside one that lies: nothing forged is ever shown, and nothing stops.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct HostileTests {
    /// One lie: what is said, and whether it costs the link.
    private struct Lie {
        let name: String
        let frames: [WireFrame]
        let closes: Bool

        init(_ name: String, closes: Bool = true, _ frames: WireFrame...) {
            self.name = name
            self.frames = frames
            self.closes = closes
        }
    }

    private func signed(_ entry: Entry, _ edit: (inout WireSignedEntry) -> Void) -> WireSignedEntry {
        var signed = entry.signedWire
        edit(&signed)
        return signed
    }

    private func flipped(_ bytes: Data, at index: Int) -> Data {
        var bytes = [UInt8](bytes)
        bytes[index] ^= 1
        return Data(bytes)
    }

    /// What every reading command says that could show a post.
    private func everything(_ client: LineClient, _ names: String...) async throws -> String {
        var rows = try await client.ask("TIMELINE 200").rows + client.ask("SEARCH forged").rows
        for name in names { rows += try await client.ask("FEED \(name) 200").rows + client.ask("FOLLOWERS \(name)").rows }
        return rows.joined(separator: "\n")
    }

    @Test func `nothing that its author did not sign is shown, and what the author signs next still comes`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        let hostile = try await HostilePeer(network: network.name, target: peer)
        var mallory = TestAuthor("mallory")
        var honest = TestAuthor("honest")
        for author in [mallory, honest] { try await hostile.introduce(author) }
        #expect(try await andre.ask("FOLLOW mallory").isOK)
        #expect(try await andre.ask("FOLLOW honest").isOK)
        let name = try #require(Username("andre"))
        let claim = try #require(await hostile.directory.all(.name(name), .nameClaim, within: .seconds(2)).first)
        let target = try NameClaim(reading: claim).account

        let (first, second) = (mallory.post("mallory is here"), honest.post("honest is here"))
        #expect(try await !hostile.say([.news(first), .news(second)]))
        try await andre.push(with: "mallory is here")
        try await andre.push(with: "honest is here")

        var next = mallory.fork()
        let forged = next.post("forged by a flipped byte")
        let phone = TestAuthor("mallory", device: "phone")
        var other = TestAuthor("other")
        let otherPost = other.post("forged by another account")
        let victim = honest.forge(
            body: {
                var body = WirePostBody(); body.text = "forged in the name of honest"; return body.encoded
            }())
        let impostor = TestAuthor("honest", key: "of mallory")
        let edge = honest.forge(
            .follow,
            body: {
                var body = WireFollowBody(); body.account = target.data; body.name = "andre"; return body.encoded
            }())
        func resigned(_ entry: WireSignedEntry, by key: DeviceSecret) -> WireSignedEntry {
            var entry = entry
            entry.entry.signature = key.sign(entry.entry.header, as: .entry)
            return entry
        }
        func text(_ text: String) -> WireFrame {
            var body = WirePostBody()
            body.text = text
            let entry = mallory.forge(body: body.encoded) { header in
                header.seq = 2
                header.previous = first.id.data
            }
            return .entries([entry.entry], entry.certificate)
        }
        func entries(_ signed: WireSignedEntry) -> WireFrame { .entries([signed.entry], signed.certificate) }

        let ownFollow = other.write(.follow(honest.followee))
        let lies = [
            Lie("a flipped byte in the header", entries(signed(forged) { $0.entry.header = flipped($0.entry.header, at: 40) })),
            Lie("a flipped byte in the body", entries(signed(forged) { $0.entry.body = flipped($0.entry.body, at: 6) })),
            Lie("a flipped byte in the signature", entries(signed(forged) { $0.entry.signature = flipped($0.entry.signature, at: 6) })),
            Lie("a signature of another device", entries(resigned(forged.signedWire, by: phone.device))),
            Lie("the certificate of another device", .entries([forged.wire], phone.certificate.wire)),
            Lie("the certificate of another account", .entries([forged.wire], other.certificate.wire)),
            Lie("an entry of another account under this certificate", .entries([otherPost.wire], mallory.certificate.wire)),
            Lie(
                "a certificate with a flipped byte",
                .entries(
                    [forged.wire],
                    {
                        var certificate = mallory.certificate.wire
                        certificate.payload = flipped(certificate.payload, at: 8)
                        return certificate
                    }())),
            Lie("an entry that another signed", entries(resigned(victim, by: mallory.device))),
            Lie("a delivery that another signed", .delivery(resigned(victim, by: mallory.device), to: target)),
            Lie("a follow that another signed", .delivery(resigned(edge, by: mallory.device), to: target)),
            Lie("an escape sequence", text("forged \u{1b}[2J screen")),
            Lie("a control character of C1", text("forged \u{9b}31m")),
            Lie("a carriage return", text("forged\rline")),
            Lie("2,001 bytes", text("forged " + String(repeating: "x", count: 1_994))),
            Lie("blank space only", text(" \n ")),
            Lie("text that is not normalised", text("forged e\u{301}")),
            Lie("more entries than a frame may have", .entries([WireEntry](repeating: first.wire, count: 257), mallory.certificate.wire)),
            // True words that change nothing.
            Lie("an old entry again", closes: false, .news(first), .news(first), .news(second)),
            Lie("an entry of somebody whom nobody here follows", closes: false, .news(otherPost), .delivery(otherPost.signedWire, to: target)),
            Lie(
                "an impostor's entry under a name that is followed", closes: false,
                {
                    var impostor = impostor
                    return .news(impostor.post("forged by an impostor"))
                }()),
            Lie("a follow of somebody else, delivered here", closes: false, .delivery(ownFollow.signedWire, to: target)),
        ]
        let stranger = try HostilePeer.stranger()
        for lie in lies {
            // As the home of an author who is followed, and as somebody of whom nobody has heard.
            for teller in [nil, stranger] {
                let closed = try await hostile.say(lie.frames, as: teller)
                #expect(closed == lie.closes, "\(lie.name)")
            }
            let shown = try await everything(andre, "mallory", "honest")
            #expect(!shown.contains("forged"), "\(lie.name)")
        }
        #expect(try await andre.ask("FOLLOWERS").rows == [])
        #expect(try await andre.ask("TIMELINE").rows.count == 2)

        // Deletes of somebody else's post, and in somebody else's name.
        let deletions = [
            mallory.write(.delete(second.reference)), mallory.write(.delete(EntryReference(entry: second.id, account: mallory.account))),
        ]
        for deletion in deletions { #expect(try await !hostile.say([.news(deletion)])) }
        #expect(try await andre.ask("TIMELINE").rows.filter { $0.contains("(deleted)") } == [])

        // A body that was left out is no deletion, and comes later.
        let stripped = honest.post("the body was left out")
        #expect(try await !hostile.say([.news(stripped.withoutBody)]))
        #expect(try await andre.ask("TIMELINE").rows.count == 2)
        #expect(try await !hostile.say([.news(stripped)]))
        try await andre.ask("TIMELINE") { $0.rows.first?.contains("the body was left out") == true }

        // Whoever signs two logs is not heard any more; whoever does not, is.
        var fork = mallory.fork()
        #expect(try await !hostile.say([.news(mallory.post("one log"))]))
        #expect(try await !hostile.say([.news(fork.post("forged as a second log"))]))
        #expect(try await !hostile.say([.news(fork.post("forged in a second log"))]))
        #expect(try await !hostile.say([.news(honest.post("still honest"))], as: stranger))
        try await andre.push(with: "still honest")
        let shown = try await everything(andre, "mallory", "honest")
        #expect(shown.contains("one log") && shown.contains("mallory is here") && !shown.contains("forged"))
        #expect(try await andre.ask("PING still").isOK)
        await stranger.shutdown()
        await hostile.shutdown()
        #expect(peer.stop() == 0)
    }
}
