import SingerCore
import SingerReplication

internal import struct Foundation.Data

/// What a hostile peer does besides what all do.
public enum Mischief: String, Sendable, CaseIterable {
    /// Changes what it passes on.
    case forge
    /// Says what it holds, and never gives it.
    case withhold
    /// Passes posts on without their bodies.
    case strip
    /// Writes two logs, and shows one to some and the other to others.
    case equivocate
    /// Says senseless things without end.
    case flood
}

extension Simulation {
    /// A message as a peer of this sort sends it.
    mutating func tampered(_ message: Replica.Message, from peer: Int, to other: Int) -> Replica.Message? {
        guard let mischief = peers[peer].mischief, case .entries(let entries, let want) = message else { return message }
        switch mischief {
        case .forge: return .entries(entries.map { random.oneIn(3) ? forged($0) : $0 }, answers: want)
        case .withhold: return nil
        case .strip: return .entries(entries.map { $0.header.kind == .post ? $0.stripped : $0 }, answers: want)
        case .equivocate: return .entries(entries.map { other % 2 == 0 ? $0 : twins[$0.id] ?? $0 }, answers: want)
        case .flood: return message
        }
    }

    private mutating func forged(_ entry: Entry) -> Entry {
        var signature = entry.signature
        signature[signature.startIndex + random.below(64)] ^= 1 << UInt8(random.below(8))
        return (try? Entry(trusting: entry.headerBytes, signature: signature, body: entry.body, certificate: entry.certificate)) ?? entry
    }

    /// Links over which a flooding peer says senseless things at one time: its own line is no wider than that of others, and however
    /// many links it has, each of those it chooses gets all of it.
    private static let floodedMax = 8

    /// One outburst of a flooding peer: to some of its links whatever might make the other side keep or do much.
    mutating func flood(from peer: Int, about accounts: [AccountKey], _ devices: [DeviceKey]) {
        for other in peers[peer].wires.keys.sorted().shuffled(using: &random).prefix(Self.floodedMax) {
            for _ in 0..<20 {
                let account = accounts[random.below(accounts.count)]
                let device = devices[random.below(devices.count)]
                let low = 1 + random.next() % (Limits.sequenceMax - 1_000)
                let message: Replica.Message
                switch random.below(10) {
                case 0:
                    let held = SequenceSet((0..<UInt64(Limits.rangesMax)).map { (low &+ 3 * $0)...(low &+ 3 * $0 + 1) })
                    message = .have([Replica.FeedState(account: account, interest: .subscribe, held: [device: held])])
                case 1:
                    message = .have([
                        Replica.FeedState(account: account, interest: random.oneIn(2) ? .unsubscribe : .none, held: [device: SequenceSet([1...low])])
                    ])
                case 2: message = .announce((0..<50).map { Replica.LogRange(account: account, device: device, range: (low + 2 * $0)...(low + 2 * $0)) })
                case 3: message = .want(Replica.LogRange(account: account, device: device, range: low...(low + 200)))
                case 4: message = .graft(account)
                case 5: message = .prune(account)
                case 6:
                    let peers = (0..<Limits.referralsMax).map {
                        Replica.Referral.Peer(node: Self.node(1_000_000 + $0 + random.below(100_000)), endpoints: Self.endpoints(0))
                    }
                    message = .refer(Replica.Referral(account: account, isRefused: random.oneIn(2), peers: peers))
                case 7: message = .digest(random.next())
                case 8: message = .buckets((0..<256).map { _ in random.next() })
                default: message = .receipt(EntryID.sha256(account.data), recipient: account, isUnknown: random.oneIn(2))
                }
                send(message, from: peer, to: other)
            }
        }
    }
}
