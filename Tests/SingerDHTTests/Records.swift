import SingerCore
import Testing

import struct Foundation.Data

/// Records to put, small and of every kind that the tests need.
enum Sample {
    static func claim(_ name: String, by root: RootKey, at time: Milliseconds = 1_000) throws -> PlacedRecord {
        NameClaim(name: try #require(Username(name)), root: root, created: time).placed
    }

    static func provider(_ account: AccountKey, at time: Milliseconds = 1_000, by node: NodeSecret = NodeSecret()) -> PlacedRecord {
        ProviderRecord.placed(account, endpoints: [], now: time, by: node)
    }

    /// A device with a first post, and the records that tell of it.
    struct Author {
        let root = RootKey()
        let device = DeviceSecret()
        let node = NodeSecret()
        let certificate: Certificate
        let entry: Entry

        init(now: Milliseconds = 1_000) throws {
            let name = try #require(Username("alice"))
            certificate = Certificate(device: device.publicKey, name: name, root: root, now: now)
            let followee = Followee(account: RootKey().publicKey, name: name)
            entry = Entry(.follow(followee), after: nil, by: device, certificate: certificate, now: now)
        }

        var news: PlacedRecord { EntryRecord.news(entry, by: device) }

        /// - Parameter tail: the first entry only, unless told otherwise.
        func record(seen: Milliseconds, tail: [Entry]? = nil) -> PlacedRecord {
            let record = AccountRecord(
                certificate: certificate, node: node.publicKey, endpoints: [], onlineUntil: seen + 1, seen: seen, followers: 0,
                following: 1, posts: 0, head: 1, lastPost: nil, tail: tail ?? [entry])
            return AccountRecord.place(certificate.account, record.sealed(by: device))
        }

        /// As large as records of honest peers get: with a full tail.
        func largeRecord(seen: Milliseconds) throws -> PlacedRecord {
            var tail: [Entry] = []
            while AccountRecord.tail(of: tail).count == tail.count {
                let last = tail.last.map { (id: $0.id, seq: $0.header.seq, created: $0.header.created) }
                let text = try PostText(canonical: String(repeating: "a", count: Limits.textBytesMax))
                tail.append(Entry(.post(Post(text: text)), after: last, by: device, certificate: certificate, now: seen))
            }
            return record(seen: seen, tail: AccountRecord.tail(of: tail))
        }

        func edge() throws -> PlacedRecord { try #require(EntryRecord.followerEdge(entry, by: device)) }
    }
}
