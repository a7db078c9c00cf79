import Foundation
import SingerCore
import Testing

@testable import SingerDHT

/// The parts that need no node.
struct RuleTests {
    @Test func `a record is taken at its place under its value id, and nowhere else`() throws {
        let author = try Sample.Author()
        let sealed = RoamingPlace.withdrawal(from: .sealedIdentity(Data("place".utf8)), by: author.root, now: 1_000)
        let records = [
            try Sample.claim("alice", by: author.root), author.record(seen: 2_000), author.news, try author.edge(),
            Sample.provider(author.certificate.account), sealed,
        ]
        #expect(Set(records.map(\.envelope.kind)) == Set(RecordKind.allCases))
        for record in records {
            for other in records {
                let isAllowed = StorageRule.allows(record.envelope, at: other.place, valueID: record.valueID)
                #expect(isAllowed == (record.place == other.place || record.envelope.kind == .sealedIdentity))
            }
            #expect(DirectoryKey(record.place.bytes) == record.place)
            #expect(DirectoryKey(Data([1, 2])) == nil)
            #expect(!StorageRule.allows(record.envelope, at: record.place, valueID: 0))
        }
    }

    @Test func `nobody can sit on the value id of another`() throws {
        let author = try Sample.Author()
        for record in [try Sample.claim("alice", by: author.root), author.record(seen: 2_000), try author.edge(), author.news] {
            #expect(!StorageRule.allows(record.envelope, at: record.place, valueID: record.valueID ^ 2))
        }
    }

    @Test func `a gate lets through what verifies, newer over older, and no more than it has time for`() throws {
        let now = ContinuousClock.now
        let gate = StorageGate(now: now)
        let author = try Sample.Author()
        let (old, new) = (author.record(seen: 2_000), author.record(seen: 3_000))
        func accepts(_ new: PlacedRecord, over old: Data?, local: Bool = false, at time: ContinuousClock.Instant = now) -> Bool {
            gate.accepts(new.envelope.kind, at: new.place.bytes, valueID: new.valueID, new.envelope.encoded, over: old, local: local, now: time)
        }
        #expect(accepts(new, over: old.envelope.encoded))
        #expect(!accepts(old, over: new.envelope.encoded))
        #expect(accepts(old, over: Data("junk".utf8)))
        let claim = try Sample.claim("alice", by: author.root)
        var taken = 0
        while taken < 100_000, accepts(claim, over: nil) { taken += 1 }
        #expect((100...2 * StorageGate.verificationsPerSecondMax).contains(taken))
        #expect(!accepts(claim, over: nil))
        #expect(accepts(claim, over: nil, local: true))
        #expect(accepts(claim, over: nil, at: now + .seconds(1)))
    }

    @Test func `a bucket refills steadily and never holds more than its burst`() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(perSecond: 10, burst: 5, now: start)
        let steps: [(count: Int, after: Duration, isTaken: Bool)] = [
            (5, .zero, true), (1, .zero, false), (1, .milliseconds(100), true), (1, .zero, false), (5, .seconds(100), true),
            (1, .seconds(100), false),
        ]
        for step in steps {
            let isTaken = bucket.take(step.count, now: start + step.after)
            #expect(isTaken == step.isTaken, "\(step)")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a get looks at so many values and no more`() async throws {
        let account = RootKey().publicKey
        let records = (0..<8).map { _ in Sample.provider(account) }
        let raw = AsyncStream<RawValue> { continuation in
            for record in records + records { continuation.yield(RawValue(valueID: record.valueID, bytes: record.envelope.encoded)) }
            continuation.finish()
        }
        var read: [Envelope] = []
        for await envelope in RecordStream(of: raw, at: .providers(account), .provider, limit: 5, refused: {}).envelopes { read.append(envelope) }
        #expect(read == records.prefix(5).map(\.envelope))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a copy that somebody spoilt does not stand for the record`() async throws {
        let account = RootKey().publicKey
        let record = Sample.provider(account)
        var spoilt = record.envelope.encoded
        spoilt[spoilt.endIndex - 1] ^= 1
        let raw = AsyncStream<RawValue> { continuation in
            for bytes in [spoilt, record.envelope.encoded] { continuation.yield(RawValue(valueID: record.valueID, bytes: bytes)) }
            continuation.finish()
        }
        var read: [Envelope] = []
        for await envelope in RecordStream(of: raw, at: .providers(account), .provider, limit: 5, refused: {}).envelopes { read.append(envelope) }
        #expect(read == [record.envelope])
    }

    @Test func `a recent set forgets the oldest`() {
        var set = RecentSet<Int>(capacity: 3)
        var isNew: [Bool] = []
        for element in [1, 2, 3, 3, 1, 4, 1] { isNew.append(set.insert(element)) }
        #expect(isNew == [true, true, true, false, false, true, true])
        #expect(set.count == 3)
    }

    @Test func `the public network is met by no name`() {
        #expect(OpenDHTDirectory.networkID("") != 0)
        #expect(OpenDHTDirectory.networkID("a") != OpenDHTDirectory.networkID("b"))
    }

    @Test func `a node cache reads what is an address, and nothing else`() throws {
        #expect(NodeCache.endpoint("127.0.0.1:4222") == Endpoint(host: "127.0.0.1", port: 4222))
        #expect(NodeCache.endpoint("[::1]:4222") == Endpoint(host: "::1", port: 4222))
        for line in ["", ":", "host", "host:", "host:0", "host:99999", ":1", "a b:1"] { #expect(NodeCache.endpoint(line) == nil) }
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("nodes-\(UUID())")
        defer { try? FileManager.default.removeItem(at: url) }
        let cache = NodeCache(url: url)
        #expect(cache.load() == [])
        try Data([0xff, 0x0a, 0x00]).write(to: url)
        #expect(cache.load() == [])
        try cache.save(Data("127.0.0.1:1\n".utf8))
        try cache.save(Data())
        #expect(cache.load() == [Endpoint(host: "127.0.0.1", port: 1)].compactMap { $0 })
    }
}
