public import SingerCore

import struct Foundation.Data

/// A link to a peer that was linked before costs bytes in proportion to what has changed since: each side remembers what the
/// other one said, and compares sums.
///
/// The digest of a `FeedState` is the first 8 bytes of a SHA-256 (see `FeedState.digest`); a bucket is the sum of the digests
/// of all feeds whose account begins with that byte; the whole is the sum of the buckets. All sums are modulo 2^64.
extension Replica {
    /// What a peer said over a link: worth keeping when the link, or the process, is gone. Where it is out of date it costs a question.
    public struct Memory: Hashable, Sendable {
        /// The feeds that the other side wants, with what it holds of them.
        public let states: [FeedState]
        /// Feeds whose latest account records the other side was sent.
        public internal(set) var recordsSent: Set<AccountKey>

        public init(states: [FeedState], recordsSent: Set<AccountKey>) {
            self.states = states
            self.recordsSent = recordsSent
        }
    }

    /// With fewer feeds than this all is said at once: a question and an answer would cost more.
    static let digestFeedsMin = 8

    static func buckets(_ states: [FeedState]) -> [UInt64] {
        var buckets = [UInt64](repeating: 0, count: 256)
        for state in states { buckets[bucket(of: state.account)] &+= state.digest }
        return buckets
    }

    static func bucket(of account: AccountKey) -> Int { Int(account.leadingWord >> 56) }

    /// What is wanted here, with what is held of it.
    func wantedStates(now: Milliseconds) -> [FeedState] {
        feeds.filter { $0.value.isWanted(at: now) }.keys.sorted().map { state(of: $0, .subscribe) }
    }

    func say(_ states: [FeedState], to node: NodeKey) -> [Action] {
        stride(from: 0, to: states.count, by: Limits.haveFeedsMax).map { start in
            .send(.have(Array(states[start..<min(start + Limits.haveFeedsMax, states.count)])), to: node)
        }
    }

    /// What a link begins with.
    mutating func introduce(to node: NodeKey, now: Milliseconds) -> [Action] {
        let states = wantedStates(now: now)
        guard states.count >= Self.digestFeedsMin, remembered[node] != nil else {
            links[node]?.introducedAt = changes
            return say(states, to: node)
        }
        return [.send(.digest(Self.buckets(states).reduce(0, &+)), to: node)]
    }

    /// The other side was linked before, and says what it wants as one number.
    mutating func compare(_ sum: UInt64, with node: NodeKey, now: Milliseconds) -> [Action] {
        guard let memory = remembered[node] else { return [.send(.buckets([]), to: node)] }
        let buckets = Self.buckets(memory.states)
        var actions = adopt(memory, of: node, now: now)
        if buckets.reduce(0, &+) != sum { actions.append(.send(.buckets(buckets), to: node)) }
        return actions
    }

    /// The other side remembers this of what was said here: what differs is said again.
    mutating func correct(_ buckets: [UInt64], for node: NodeKey, now: Milliseconds) -> [Action] {
        // Once on a link, and not where all was said: it costs a walk through all that is wanted here.
        guard links[node]?.introducedAt == nil else { return [] }
        links[node]?.introducedAt = changes
        let states = wantedStates(now: now)
        guard buckets.count == 256 else { return say(states, to: node) }
        let mine = Self.buckets(states)
        let differing = Set(mine.indices.filter { mine[$0] != buckets[$0] })
        return say(states.filter { differing.contains(Self.bucket(of: $0.account)) }, to: node)
    }

    private mutating func adopt(_ memory: Memory, of node: NodeKey, now: Milliseconds) -> [Action] {
        forget(node)
        // It was said over an earlier link, and still holds: no answer is expected.
        var answers: [FeedState] = []
        return memory.states.flatMap { hear($0, from: node, answers: &answers, now: now) }
    }

    /// What is worth knowing of a peer at the next link, or after a restart of this one.
    public func memory(of node: NodeKey) -> Memory? {
        guard let link = links[node] else { return remembered[node] }
        guard ties.counts(of: node).subscriptions >= Self.digestFeedsMin / 2 else { return nil }
        let states = ties.feeds(of: node).sorted().compactMap { account -> FeedState? in
            guard let tie = ties[account, node], tie.isSubscriber else { return nil }
            return FeedState(account: account, interest: .subscribe, held: tie.offer ?? [:])
        }
        return Memory(states: states, recordsSent: link.recordsSent.intersection(states.map(\.account)))
    }

    mutating func remember(_ memory: Memory?, of node: NodeKey) {
        forget(node)
        guard let memory else { return }
        remembered[node] = memory
        rememberedOrder.append(node)
        var feeds = remembered.values.reduce(0) { $0 + $1.states.count }
        while feeds > Limits.rememberedFeedsMax, let oldest = rememberedOrder.first {
            feeds -= remembered[oldest]?.states.count ?? 0
            forget(oldest)
        }
    }

    /// A newer account record is here: those who have the feed pushed get it, and the account's other peers; the others at their next link.
    mutating func recordChanged(_ account: AccountKey, from source: NodeKey?) -> [Action] {
        var told = feeds[account]?.eager ?? []
        if let feed = feeds[account], feed.isHosted { told.formUnion(feed.homes.filter { links[$0] != nil }) }
        if let source { told.remove(source) }
        for node in Array(links.keys) where node != source && !told.contains(node) { links[node]?.recordsSent.remove(account) }
        for node in rememberedOrder { remembered[node]?.recordsSent.remove(account) }
        return told.sorted().map { .sendRecord(account, to: $0) }
    }

    private mutating func forget(_ node: NodeKey) {
        guard remembered.removeValue(forKey: node) != nil else { return }
        rememberedOrder.removeAll { $0 == node }
    }
}

extension Replica.FeedState {
    /// The first 8 bytes, big-endian, of the SHA-256 over the account and, for each device in ascending order, its key and the
    /// bounds of its latest ranges, each 8 bytes big-endian; an empty log is left out.
    var digest: UInt64 {
        var bytes = account.data
        for (device, set) in held.sorted(by: { $0.key < $1.key }).prefix(Limits.devicesMax) where !set.isEmpty {
            bytes.append(device.data)
            for range in set.ranges.suffix(Limits.rangesMax) {
                withUnsafeBytes(of: range.lowerBound.bigEndian) { bytes.append(contentsOf: $0) }
                withUnsafeBytes(of: range.upperBound.bigEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return EntryID.sha256(bytes).leadingWord
    }
}
