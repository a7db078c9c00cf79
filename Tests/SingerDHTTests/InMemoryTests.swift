import SingerCore
import Testing

@testable import SingerDHT

/// What only the in-memory network can show: partitions, and the passing of time.
struct InMemoryTests {
    let network = InMemoryNetwork()

    @Test(.timeLimit(.minutes(1)))
    func `a node that is cut off has what lies at itself, and both sides meet again`() async throws {
        let (alice, bob) = (InMemoryDirectory(network: network), InMemoryDirectory(network: network))
        #expect(await alice.status().goodNodes == 1)
        var changes = bob.changes().makeAsyncIterator()
        bob.isConnected = false
        await changes.next()
        #expect(await !alice.status().isConnected)
        let (hers, his) = (try Sample.claim("name", by: RootKey()), try Sample.claim("name", by: RootKey()))
        await alice.put(hers, permanent: true)
        await bob.put(his, permanent: true)
        #expect(await alice.all(hers.place, .nameClaim, within: .seconds(1)) == [hers.envelope])
        #expect(await bob.all(hers.place, .nameClaim, within: .seconds(1)) == [his.envelope])
        bob.isConnected = true
        // Two live claims survive a merge, and everybody sees both.
        #expect(await alice.all(hers.place, .nameClaim, within: .seconds(1)) == [hers.envelope, his.envelope])
        #expect(await bob.all(hers.place, .nameClaim, within: .seconds(1)) == [his.envelope, hers.envelope])
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is put for once alone is not copied to those who come`() async throws {
        let first = InMemoryDirectory(network: network)
        let claim = try Sample.claim("alice", by: RootKey())
        await first.put(claim, permanent: false)
        let second = InMemoryDirectory(network: network)
        #expect(await second.all(claim.place, .nameClaim, within: .seconds(1)) == [claim.envelope])
        await first.shutdown()
        #expect(await second.all(claim.place, .nameClaim, within: .seconds(1)) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a record lives as long as its kind, or as its writer announces it`() async throws {
        let (writer, reader) = (InMemoryDirectory(network: network), InMemoryDirectory(network: network))
        let account = RootKey().publicKey
        let (once, always) = (Sample.provider(account), Sample.provider(account))
        await writer.put(once, permanent: false)
        await writer.put(always, permanent: true)
        network.advance(by: RecordKind.provider.lifetime - 1)
        #expect(await reader.all(.providers(account), .provider, within: .seconds(1)).count == 2)
        network.advance(by: 1)
        #expect(await reader.all(.providers(account), .provider, within: .seconds(1)) == [always.envelope])
        await writer.shutdown()
        network.advance(by: RecordKind.provider.lifetime)
        #expect(await reader.all(.providers(account), .provider, within: .seconds(1)) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a listener hears of a new value id, not of an edit`() async throws {
        let (writer, reader) = (InMemoryDirectory(network: network), InMemoryDirectory(network: network))
        let author = try Sample.Author()
        var heard = reader.listen(author.record(seen: 2_000).place, .account, besides: nil).makeAsyncIterator()
        await writer.put(author.record(seen: 2_000), permanent: true)
        await writer.put(author.record(seen: 3_000), permanent: true)
        #expect(await heard.next() == author.record(seen: 2_000).envelope)
        await reader.shutdown()
        #expect(await heard.next() == nil)
    }
}
