import Foundation
import SingerCore
import Testing

@testable import SingerDHT

/// What every directory does.
@Suite(.serialized)
struct DirectoryTests {
    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `what one node puts another reads`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(2)
        let claim = try Sample.claim("alice", by: RootKey())
        await cluster.nodes[0].put(claim, permanent: true)
        #expect(await cluster.nodes[1].reads(claim))
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a lone node reads what it put`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        let node = try await cluster.add()
        let claim = try Sample.claim("alice", by: RootKey())
        await node.put(claim, permanent: true)
        #expect(await node.all(claim.place, .nameClaim, within: .seconds(10)) == [claim.envelope])
        #expect(await node.all(.name(try #require(Username("bob"))), .nameClaim, within: .seconds(10)) == [])
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `what a lone first node put permanently outlives it once others have joined`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        let first = try await cluster.add()
        let claim = try Sample.claim("alice", by: RootKey())
        await first.put(claim, permanent: true)
        let second = try await cluster.add()
        #expect(await second.reads(claim))
        let third = try await cluster.add()
        #expect(await third.reads(claim))
        await first.shutdown()
        #expect(await third.reads(claim))
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a listener hears what lies there and what comes`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let account = RootKey().publicKey
        let early = Sample.provider(account)
        await cluster.nodes[0].put(early, permanent: true)
        #expect(await cluster.nodes[1].reads(early))
        var heard = cluster.nodes[1].listen(.providers(account), .provider, besides: nil).makeAsyncIterator()
        #expect(await heard.next() == early.envelope)
        let late = Sample.provider(account)
        await cluster.nodes[2].put(late, permanent: false)
        #expect(await heard.next() == late.envelope)
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a listener that was there first hears of a value from another node`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let author = try Sample.Author()
        var heard = cluster.nodes[2].listen(author.news.place, .news, besides: nil).makeAsyncIterator()
        await cluster.nodes[0].put(author.news, permanent: false)
        #expect(await heard.next() == author.news.envelope)
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a newer version takes the place of an older one, never the reverse`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let author = try Sample.Author()
        let (older, newer, newest) = (author.record(seen: 2_000), author.record(seen: 3_000), author.record(seen: 4_000))
        await cluster.nodes[0].put(older, permanent: true)
        for node in cluster.nodes { #expect(await node.reads(older)) }
        await cluster.nodes[0].put(newer, permanent: true)
        for node in cluster.nodes {
            #expect(await node.reads(older.place, .account) { $0 == [newer.envelope] } == [newer.envelope])
        }
        await cluster.nodes[0].put(newest, permanent: true)
        for node in cluster.nodes {
            #expect(await node.reads(older.place, .account) { $0 == [newest.envelope] } == [newest.envelope])
        }
        // Neither by its own node nor by another, whoever tries.
        await cluster.nodes[0].put(older, permanent: true)
        await cluster.nodes[1].put(newer, permanent: true)
        for node in cluster.nodes {
            #expect(await node.all(older.place, .account, within: .seconds(5)) == [newest.envelope])
        }
        // And a node that comes later gets the newest alone.
        let late = try await cluster.add()
        #expect(await late.reads(older.place, .account) { $0 == [newest.envelope] } == [newest.envelope])
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a get hears of edits at a place that is listened to`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(2)
        let author = try Sample.Author()
        let (older, newer) = (author.record(seen: 2_000), author.record(seen: 3_000))
        await cluster.nodes[0].put(older, permanent: true)
        var heard = cluster.nodes[1].listen(older.place, .account, besides: nil).makeAsyncIterator()
        #expect(await heard.next() == older.envelope)
        await cluster.nodes[0].put(newer, permanent: true)
        #expect(await cluster.nodes[1].reads(newer))
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a taken name stays with its first owner`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let first = try Sample.claim("alice", by: RootKey())
        await cluster.nodes[0].put(first, permanent: true)
        for node in cluster.nodes { #expect(await node.reads(first)) }
        await cluster.nodes[1].put(try Sample.claim("alice", by: RootKey(), at: 9_000), permanent: true)
        for node in cluster.nodes {
            #expect(await node.all(first.place, .nameClaim, within: .seconds(5)) == [first.envelope])
        }
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `what is forged or out of place is never read, though a node holds it`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let place = DirectoryKey.name(try #require(Username("alice")))
        let elsewhere = try Sample.claim("bob", by: RootKey())
        let misplaced = PlacedRecord(place: place, valueID: 1, envelope: elsewhere.envelope)
        let listening = cluster.nodes[1].listen(place, .nameClaim, besides: nil)
        cluster.nodes[0].putUnchecked(misplaced)
        // The honest one comes under the same id at another node, and both lie there.
        let honest = try Sample.claim("alice", by: RootKey())
        await cluster.nodes[2].put(honest, permanent: true)
        #expect(await cluster.nodes[1].reads(honest))
        #expect(await cluster.nodes[1].all(place, .nameClaim, within: .seconds(5)).allSatisfy { $0 == honest.envelope })
        #expect(await cluster.nodes[0].all(place, .nameClaim, within: .seconds(5)).allSatisfy { $0 == honest.envelope })
        await cluster.shutdown()
        for await envelope in listening { #expect(envelope == honest.envelope) }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `many records under one place are all read, each once`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(3)
        let account = RootKey().publicKey
        let records = (0..<100).map { _ in Sample.provider(account) }
        for (index, record) in records.enumerated() { await cluster.nodes[index % 3].put(record, permanent: true) }
        let expected = Set(records.map(\.envelope))
        let found = await cluster.nodes[0].reads(.providers(account), .provider) { Set($0) == expected }
        #expect(Set(found) == expected)
        #expect(found.count == expected.count)
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `the largest record passes whole, and can be edited`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(2)
        let author = try Sample.Author()
        let large = try author.largeRecord(seen: 2_000)
        #expect(large.envelope.payload.count > 3 * Limits.textBytesMax)
        await cluster.nodes[0].put(large, permanent: true)
        #expect(await cluster.nodes[1].reads(large))
        let edited = try author.largeRecord(seen: 3_000)
        await cluster.nodes[0].put(edited, permanent: true)
        #expect(await cluster.nodes[1].reads(large.place, .account) { $0 == [edited.envelope] } == [edited.envelope])
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a shutdown ends every stream`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(2)
        let node = cluster.nodes[1]
        let account = RootKey().publicKey
        let listening = node.listen(.providers(account), .provider, besides: nil)
        let changes = node.changes()
        await node.shutdown()
        for await _ in listening { Issue.record("nobody put anything") }
        for await _ in changes {}
        for await _ in node.changes() {}
        for await _ in node.listen(.providers(account), .provider, besides: nil) {}
        for await _ in node.get(.providers(account), .provider) {}
        #expect(await !node.status().isConnected)
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `a listener can leave while values come`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        try await cluster.add(2)
        let account = RootKey().publicKey
        for _ in 0..<20 {
            let listening = cluster.nodes[1].listen(.providers(account), .provider, besides: nil)
            let reader = Task { for await _ in listening { return } }
            await cluster.nodes[0].put(Sample.provider(account), permanent: false)
            await reader.value
        }
        await cluster.shutdown()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Conformer.allCases)
    func `what is withdrawn is no longer announced to those who come`(_ conformer: Conformer) async throws {
        let cluster = Cluster(conformer)
        let first = try await cluster.add()
        let (kept, withdrawn) = (try Sample.claim("alice", by: RootKey()), try Sample.claim("bob", by: RootKey()))
        await first.put(withdrawn, permanent: true)
        await first.put(kept, permanent: true)
        await first.withdraw(withdrawn.place, valueID: withdrawn.valueID)
        let second = try await cluster.add()
        #expect(await second.reads(kept))
        #expect(await second.all(withdrawn.place, .nameClaim, within: .seconds(5)) == [])
        await cluster.shutdown()
    }
}
