import SingerCore
import SingerReplication
import SingerWire

import struct Foundation.Data

/// The replica's messages as frames of the peer link, and back. Entries are verified on the way in.
extension Replica.Message {
    /// The message as frames, each within the limits of the link.
    var frames: [WireFrame] {
        switch self {
        case .have(let states):
            return Self.chunks(states.map(\.wire)).map { feeds in
                var have = WireHave()
                have.feeds = feeds
                return WireFrame(.have(have))
            }
        case .want(let want):
            return [WireFrame(.want(want.wire()))]
        case .entries(let entries, let want):
            return Self.batches(entries).map { batch in
                var wire = WireEntries()
                if let first = batch.first { wire.certificate = first.certificate.wire }
                wire.entries = batch.map(\.wire)
                if let want { wire.answers = want.wire() }
                return WireFrame(.entries(wire))
            }
        case .announce(let news):
            var announce = WireAnnounce()
            announce.news = news.map { $0.wire() }
            return [WireFrame(.announce(announce))]
        case .graft(let account):
            var graft = WireGraft()
            graft.account = account.data
            return [WireFrame(.graft(graft))]
        case .prune(let account):
            var prune = WirePrune()
            prune.account = account.data
            return [WireFrame(.prune(prune))]
        case .refer(let referral):
            return [WireFrame(.refer(referral.wire))]
        case .equivocation(let proof):
            return [WireFrame(.equivocation(proof.wire))]
        case .digest(let sum):
            var digest = WireDigest()
            digest.sum = sum
            return [WireFrame(.digest(digest))]
        case .buckets(let sums):
            var buckets = WireBuckets()
            buckets.sums = sums
            return [WireFrame(.buckets(buckets))]
        case .delivery(let debt):
            var delivery = WireDelivery()
            delivery.entry = debt.entry.signedWire
            delivery.recipient = debt.recipient.data
            return [WireFrame(.delivery(delivery))]
        case .receipt(let entry, let recipient, let isUnknown):
            var received = WireReceived()
            received.entry = entry.data
            received.recipient = recipient.data
            received.unknown = isUnknown
            return [WireFrame(.received(received))]
        }
    }

    /// Feeds for one frame each, by what they take there at most.
    private static func chunks(_ feeds: [WireFeedState]) -> [[WireFeedState]] {
        var chunks: [[WireFeedState]] = [[]]
        var bytes = 0
        for feed in feeds {
            let size = 48 + feed.devices.reduce(0) { $0 + 40 + $1.held.count * 24 }
            bytes += size
            if bytes > Limits.batchBytesMax, chunks[chunks.count - 1].isEmpty == false {
                chunks.append([])
                bytes = size
            }
            chunks[chunks.count - 1].append(feed)
        }
        return chunks
    }

    /// Entries of one certificate each, filled up to the limit of a batch; one empty batch for none.
    private static func batches(_ entries: [Entry]) -> [[Entry]] {
        var batches: [[Entry]] = [[]]
        var bytes = 0
        for entry in entries {
            bytes += entry.wireBytes
            let first = batches[batches.count - 1].first
            if let first, bytes > Limits.batchBytesMax || first.certificate != entry.certificate {
                batches.append([])
                bytes = entry.wireBytes
            }
            batches[batches.count - 1].append(entry)
        }
        return batches
    }

    /// Reads a frame and verifies what it carries.
    ///
    /// - Returns: `nil` for a frame that is not a message of the replica.
    init?(verifying frame: WireFrame, certificates: inout CertificateCache) async throws(Refusal) {
        switch frame.message {
        case .have(let have):
            guard have.feeds.count <= Limits.haveFeedsMax else { throw .tooLarge }
            var states: [Replica.FeedState] = []
            for feed in have.feeds { states.append(try Replica.FeedState(feed)) }
            self = .have(states)
        case .want(let want):
            self = .want(try Replica.LogRange(want))
        case .entries(let wire):
            guard wire.entries.count <= Limits.batchEntriesMax else { throw .tooLarge }
            var entries: [Entry] = []
            if !wire.entries.isEmpty {
                let certificate = try certificates.verified(wire.certificate)
                entries = try await Entry.verified(wire.entries, certificate: certificate)
            }
            self = .entries(entries, answers: wire.hasAnswers ? try Replica.LogRange(wire.answers) : nil)
        case .delivery(let wire):
            guard let recipient = AccountKey(wire.recipient) else { throw .malformed }
            let entry = try Entry(verifying: wire.entry.entry, certificate: certificates.verified(wire.entry.certificate))
            self = .delivery(Replica.Debt(entry: entry, recipient: recipient))
        case .received(let wire):
            guard let entry = EntryID(wire.entry), let recipient = AccountKey(wire.recipient) else { throw .malformed }
            self = .receipt(entry, recipient: recipient, isUnknown: wire.unknown)
        case .announce(let announce):
            guard announce.news.count <= Limits.announcementsMax else { throw .tooLarge }
            var news: [Replica.LogRange] = []
            for item in announce.news { news.append(try Replica.LogRange(item)) }
            self = .announce(news)
        case .graft(let graft):
            guard let account = AccountKey(graft.account) else { throw .malformed }
            self = .graft(account)
        case .prune(let prune):
            guard let account = AccountKey(prune.account) else { throw .malformed }
            self = .prune(account)
        case .refer(let refer):
            self = .refer(try Replica.Referral(refer))
        case .equivocation(let proof):
            self = .equivocation(try Equivocation(verifying: proof))
        case .digest(let digest):
            self = .digest(digest.sum)
        case .buckets(let buckets):
            guard buckets.sums.isEmpty || buckets.sums.count == 256 else { throw .malformed }
            self = .buckets(buckets.sums)
        case .hello, .record, .ping, .pong, .wantBody, nil:
            return nil
        }
    }

    /// Signatures that reading a frame will have to check: what a rate limit counts.
    static func cost(of frame: WireFrame) -> Int {
        switch frame.message {
        case .entries(let wire): wire.entries.count
        case .delivery: 4
        // It has a tail of entries, each with a signature.
        case .record(let record): 4 + record.account.payload.count / 256
        case .have(let have): 1 + have.feeds.count
        case .announce(let announce): 1 + announce.news.count / 8
        case .equivocation: 4
        // The answer takes a sum over all feeds.
        case .digest, .buckets: 256
        case .graft, .prune, .refer, .want, .received, .hello, .ping, .pong, .wantBody, nil: 1
        }
    }
}

/// Certificates that a link has shown before, so that each is verified once.
struct CertificateCache {
    private var known: [Data: Certificate] = [:]
    private static let countMax = 256

    mutating func verified(_ wire: WireSignedCertificate) throws(Refusal) -> Certificate {
        if let certificate = known[wire.signature], certificate.payload == wire.payload { return certificate }
        let certificate = try Certificate(verifying: wire)
        if known.count >= Self.countMax { known.removeAll(keepingCapacity: true) }
        known[wire.signature] = certificate
        return certificate
    }
}

extension WireFrame {
    init(_ message: WireFrame.OneOf_Message) {
        self.init()
        self.message = message
    }
}

/// Two messages that say the same of a log, and are two only because they are spoken of in different ways.
private protocol WireLogRange {
    var account: Data { get set }
    var device: Data { get set }
    var first: UInt64 { get set }
    var last: UInt64 { get set }
    init()
}

extension WireWant: WireLogRange {}
extension WireAnnouncement: WireLogRange {}

extension Replica.LogRange {
    fileprivate func wire<Wire: WireLogRange>() -> Wire {
        var wire = Wire()
        wire.account = account.data
        wire.device = device.data
        wire.first = range.lowerBound
        wire.last = range.upperBound
        return wire
    }

    fileprivate init(_ wire: some WireLogRange) throws(Refusal) {
        guard let account = AccountKey(wire.account), let device = DeviceKey(wire.device) else { throw .malformed }
        guard wire.first >= 1, wire.first <= wire.last, wire.last <= Limits.sequenceMax else { throw .outOfBounds }
        self.init(account: account, device: device, range: wire.first...wire.last)
    }
}

extension Replica.Referral {
    var wire: WireRefer {
        var wire = WireRefer()
        wire.account = account.data
        wire.refused = isRefused
        wire.peers = peers.map { peer in
            var contact = WireContact()
            contact.node = peer.node.data
            contact.endpoints = peer.endpoints.map(\.wire)
            return contact
        }
        return wire
    }

    init(_ wire: WireRefer) throws(Refusal) {
        guard let account = AccountKey(wire.account), wire.peers.count <= Limits.referralsMax else { throw .malformed }
        var peers: [Peer] = []
        for peer in wire.peers {
            guard let node = NodeKey(peer.node), peer.endpoints.count <= Limits.endpointsMax else { throw .malformed }
            peers.append(Peer(node: node, endpoints: peer.endpoints.compactMap { Endpoint($0) }))
        }
        self.init(account: account, isRefused: wire.refused, peers: peers)
    }
}

extension Replica.FeedState {
    var wire: WireFeedState {
        var wire = WireFeedState()
        wire.account = account.data
        wire.subscribe = interest == .subscribe
        wire.unsubscribe = interest == .unsubscribe
        wire.devices = held.sorted { $0.key < $1.key }.prefix(Limits.devicesMax).map { device, held in
            var state = WireDeviceState()
            state.device = device.data
            // The latest ranges: what is older is only offered by whoever has it in one piece.
            state.held = held.ranges.suffix(Limits.rangesMax).map { range in
                var wire = WireRange()
                wire.first = range.lowerBound
                wire.last = range.upperBound
                return wire
            }
            return state
        }
        return wire
    }

    init(_ wire: WireFeedState) throws(Refusal) {
        guard let account = AccountKey(wire.account), wire.devices.count <= Limits.devicesMax else { throw .malformed }
        var held: [DeviceKey: SequenceSet] = [:]
        for state in wire.devices {
            guard let device = DeviceKey(state.device), state.held.count <= Limits.rangesMax else { throw .malformed }
            var set = SequenceSet()
            for range in state.held {
                guard range.first >= 1, range.first <= range.last, range.last <= Limits.sequenceMax else { throw .outOfBounds }
                set.insert(range.first...range.last)
            }
            held[device] = set
        }
        self.init(account: account, interest: wire.subscribe ? .subscribe : wire.unsubscribe ? .unsubscribe : .none, held: held)
    }
}
