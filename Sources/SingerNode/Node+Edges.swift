import Logging
import SingerCore
import SingerDHT
import SingerReplication
import SingerStore

/// Who follows whom, in the DHT: for those who could not be told, and for those who ask about somebody else's followers.
extension Node {
    /// Puts a follow or an unfollow under the account that it is about.
    func putEdge(_ entry: Entry, by device: DeviceSecret) async {
        guard let followee = Self.followee(of: entry), let edge = EntryRecord.followerEdge(entry, shards: await shards(of: followee), by: device) else {
            return
        }
        await directory.put(edge, permanent: true)
        do {
            try await store.keep([(entry, edge.envelope)])
        } catch {
            logger.warning("cannot keep a follower edge", metadata: ["error": "\(error)"])
        }
    }

    static func followee(of entry: Entry) -> AccountKey? {
        switch entry.content {
        case .follow(let who), .unfollow(let who): who.account
        case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: nil
        }
    }

    /// Over how many shards the followers of an account are spread, by what its records say and by what is known here.
    private func shards(of account: AccountKey) async -> UInt32 {
        let told = ((try? await knownRecords(of: account)) ?? []).map(\.followers).max() ?? 0
        let known = (try? await store.counts(of: account).followers) ?? 0
        return EntryRecord.shards(followers: max(told, known))
    }

    /// Puts edges again, those of this peer's followers and those that were read of its followed: either end may be gone for long.
    func renewEdges() async {
        edgesRenewed = steadyTime
        do {
            let life = RecordKind.followerEdge.lifetime
            for edge in try await store.edges(unfollowsSince: clock() - life, count: Limits.edgesRenewedMax) {
                let shard = EntryRecord.shard(of: edge.follower, of: await shards(of: edge.followee))
                let place = DirectoryKey.followers(edge.followee, shard: shard)
                let record = PlacedRecord(place: place, valueID: PlacedRecord.valueID(of: edge.envelope.key), envelope: edge.envelope)
                await directory.put(record, permanent: hosted.contains(edge.follower))
            }
        } catch {
            if !Task.isCancelled { logger.error("cannot renew follower edges", metadata: ["error": "\(error)"]) }
        }
    }

    /// Reads who follows an account out of the DHT: what was said while nobody here could be reached.
    ///
    /// Followers may have counted on more shards than are known of here: as long as the last ones hold something, as many more are read. A few at a
    /// time: anybody can fill them.
    func readEdges(of account: AccountKey, within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        var end = min(2 * (await shards(of: account)), Limits.followerShardsMax)
        var (next, isGrown) = (UInt32(0), false)
        while next < end, .now < deadline, !Task.isCancelled {
            let shards = next..<min(next + Self.shardsAtOnce, end)
            let (edges, last) = await edges(of: account, in: shards, within: deadline - .now)
            if let last, last >= end / 2 { isGrown = true }
            await take(edges, of: account, by: deadline)
            next = shards.upperBound
            if next == end, isGrown { (end, isGrown) = (min(2 * end, Limits.followerShardsMax), false) }
        }
    }

    private static let shardsAtOnce: UInt32 = 4

    /// Returns when they are in the store, or at the deadline.
    private func take(_ edges: [(entry: Entry, envelope: Envelope)], of account: AccountKey, by deadline: ContinuousClock.Instant) async {
        for edge in edges {
            await ingestRoom()
            enqueue([edge.entry], from: nil, isNews: false)
        }
        let followers = Set(edges.map(\.entry.header.account))
        await wait(within: deadline - .now) { node in followers.allSatisfy { node.ingest.isIdle(for: $0) } }
        // Those of an account that is at home here are put again from here, too.
        guard hosted.contains(account), !edges.isEmpty else { return }
        do {
            try await store.keep(edges)
        } catch {
            if !Task.isCancelled { logger.warning("cannot keep follower edges", metadata: ["error": "\(error)"]) }
        }
    }

    /// - Returns: besides the edges the last shard that holds anything.
    private func edges(
        of account: AccountKey, in shards: Range<UInt32>, within limit: Duration
    ) async -> (edges: [(entry: Entry, envelope: Envelope)], last: UInt32?) {
        let directory = directory
        return await withTaskGroup { group in
            for shard in shards { group.addTask { (shard, await directory.all(.followers(account, shard: shard), .followerEdge, within: limit)) } }
            var edges: [(entry: Entry, envelope: Envelope)] = []
            var last: UInt32?
            for await (shard, envelopes) in group where !envelopes.isEmpty {
                last = max(last ?? 0, shard)
                for envelope in envelopes { if let entry = try? EntryRecord.entry(in: envelope) { edges.append((entry, envelope)) } }
            }
            return (edges, last)
        }
    }

    /// News of somebody whom nobody here follows came from that somebody's own peer: it does not know, or knows no more, that a
    /// follower here has gone. The unfollow is the answer.
    func answerUnwanted(_ account: AccountKey, from node: NodeKey) async {
        do {
            guard try await knownRecords(of: account).contains(where: { $0.node == node }) else { return }
            for entry in try await store.unfollows(of: account) { send(.delivery(Replica.Debt(entry: entry, recipient: account)), to: node) }
        } catch {
            if !Task.isCancelled { logger.warning("cannot say who has gone", metadata: ["error": "\(error)"]) }
        }
    }
}
