import Foundation
import SingerCore
import SingerTesting
import SingerWire
import Testing

@testable import SingerDHT

/// A DHT in which somebody puts what is not theirs: none of it is believed.
///
///     a (andre) ── b (diogo) ── hostile node
@Suite(.serialized, .timeLimit(.minutes(1)))
struct ForgedRecordTests {
    @Test func `rival claims, forged records, news and edges, and old ones put again, change nothing`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first)
        let andre = try await first.register("andre")
        let tiago = try await first.register("tiago")
        let diogo = try await second.register("diogo")
        let key = try #require(try await andre.ask("WHOIS andre").rows.first { $0.hasPrefix("key ") })
        let hostile = try await HostilePeer(network: network.name, target: second)
        let directory = hostile.directory

        func read(_ place: DirectoryKey, _ kind: RecordKind) async throws -> Envelope {
            while true {
                if let found = await directory.all(place, kind, within: .seconds(1)).first { return found }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let name = try #require(Username("andre"))
        let claim = try NameClaim(reading: try await read(.name(name), .nameClaim))
        let original = try await read(.account(claim.account), .account)
        let record = try AccountRecord(reading: original)
        let certificate = record.certificate

        func force(_ record: PlacedRecord) { directory.putUnchecked(record.envelope.encoded, record) }
        // A later claim by a key of its own, and one in andre's name by a key that is not his.
        let mallory = TestAuthor("andre", key: "of mallory")
        let rival = NameClaim(name: name, root: mallory.root, created: HostilePeer.now)
        await directory.put(rival.placed, permanent: true)
        force(rival.placed)
        var stolen = WireNameClaim()
        stolen.version = 1
        stolen.name = "andre"
        stolen.account = claim.account.data
        stolen.createdMs = 1
        force(PlacedRecord(place: .name(name), valueID: 1, envelope: Envelope(.nameClaim, payload: stolen.encoded, seq: 1, by: mallory.root)))
        // His record, newer, by a device that he never certified; it would lead to the hostile peer.
        let forgedRecord = Envelope(.account, payload: original.payload, seq: original.seq + 1_000, by: mallory.device)
        force(PlacedRecord(place: .account(claim.account), valueID: PlacedRecord.valueID(of: forgedRecord.key), envelope: forgedRecord))
        force(PlacedRecord(place: .account(claim.account), valueID: 77, envelope: hostile.record(of: mallory, seen: HostilePeer.now).envelope))

        /// An entry that says it is andre's, under his certificate, signed by another.
        func forge(_ kind: WireKind, _ body: Data) -> (entry: WireSignedEntry, id: EntryID) {
            var signed = mallory.forge(kind, body: body) { header in
                header.account = claim.account.data
                header.device = certificate.device.data
                header.createdMs = UInt64(HostilePeer.now)
            }
            signed.certificate = certificate.wire
            return (signed, .sha256(signed.entry.header))
        }
        var body = WirePostBody()
        body.text = "forged news"
        let news = forge(.post, body.encoded)
        force(
            PlacedRecord(
                place: .news(claim.account), valueID: PlacedRecord.valueID(of: news.id),
                envelope: Envelope(.news, payload: news.entry.encoded, seq: UInt64(HostilePeer.now), by: mallory.device)))
        // "Andre follows diogo", which he never said.
        let diogoClaim = try NameClaim(reading: try await read(.name(try #require(Username("diogo"))), .nameClaim))
        var follow = WireFollowBody()
        follow.account = diogoClaim.account.data
        follow.name = "diogo"
        let edge = forge(.follow, follow.encoded)
        force(
            PlacedRecord(
                place: .followers(diogoClaim.account, shard: 0), valueID: PlacedRecord.valueID(of: mallory.device.publicKey),
                envelope: Envelope(.followerEdge, payload: edge.entry.encoded, seq: UInt64(HostilePeer.now), by: mallory.device)))

        #expect(try await second.connect().ask("REGISTER andre some-horse").last.hasPrefix("ERR NAME_TAKEN "))
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        #expect(try await diogo.ask("WHOIS andre").rows.contains(key))
        let post = try await andre.ask("POST in his own words")
        try await diogo.push(with: "in his own words [\(post.id)]")
        #expect(try await diogo.ask("SEARCH forged").rows == [])
        #expect(try await diogo.ask("TIMELINE").rows.count == 1)
        // Diogo's followers are read from the DHT at his next login.
        _ = try await diogo.ask("LOGOUT")
        _ = try await diogo.ask("LOGIN diogo correct-horse")
        #expect(try await diogo.ask("FOLLOWERS diogo").rows == [])
        #expect(try await tiago.ask("FOLLOWERS diogo").rows == [])

        // That he was online once is not that he is.
        _ = try await andre.ask("LOGOUT")
        try await diogo.push(with: "* offline andre")
        force(AccountRecord.place(claim.account, original))
        await directory.put(AccountRecord.place(claim.account, original), permanent: true)
        let whois = try await diogo.ask("WHOIS andre").rows
        #expect(!whois.contains("online yes") && whois.contains(key))
        await hostile.shutdown()
    }
}
