public import SingerCore

internal import struct Foundation.Data

/// An account with one device, and keys that follow from its name: it writes one entry a second, from a fixed instant on.
public struct TestAuthor: Sendable {
    public let name: Username
    public let root: RootKey
    public let device: DeviceSecret
    public let certificate: Certificate
    /// The header that stands last in the log.
    public private(set) var last: (id: EntryID, seq: UInt64, created: Milliseconds)?
    /// When the next entry is written.
    public var clock: Milliseconds

    /// 2025-06-15 15:06:40 UTC.
    public static let start: Milliseconds = 1_750_000_000_000

    /// - Parameters:
    ///   - key: another key gives another account under the same name.
    ///   - device: another device gives another log of the same account.
    public init(_ name: String, key: String = "", device: String = "", clock: Milliseconds = start) {
        guard let username = Username(name), let root = RootKey(secret: Self.secret("root \(name) \(key)")),
            let secret = DeviceSecret(secret: Self.secret("device \(name) \(key) \(device)"))
        else { preconditionFailure("no author of the name \(name)") }
        self.name = username
        self.root = root
        self.device = secret
        self.clock = clock
        certificate = Certificate(device: secret.publicKey, name: username, root: root, now: Self.start)
    }

    private static func secret(_ text: String) -> Data { EntryID.sha256(Data(text.utf8)).data }

    public var account: AccountKey { certificate.account }
    public var followee: Followee { Followee(account: account, name: name) }

    /// Writes the next entry; without a time of its own it is dated by the clock, which then goes on by a second.
    public mutating func write(_ content: Entry.Content, at time: Milliseconds? = nil) -> Entry {
        let entry = Entry(content, after: last, by: device, certificate: certificate, now: time ?? clock)
        if time == nil { clock += 1_000 }
        last = (entry.id, entry.header.seq, entry.header.created)
        return entry
    }

    public mutating func post(_ text: String, replyTo: Entry? = nil, at time: Milliseconds? = nil) -> Entry {
        write(.post(Post(text: .of(text), replyTo: replyTo?.reference)), at: time)
    }

    public mutating func posts(_ count: Int) -> [Entry] { (1...count).map { post("\(name) \($0)") } }

    public mutating func forward(_ original: Entry, comment: String = "", at time: Milliseconds? = nil) -> Entry {
        write(.post(Post(forwarding: original, comment: .of(comment))), at: time)
    }

    public mutating func follow(_ other: TestAuthor, at time: Milliseconds? = nil) -> Entry { write(.follow(other.followee), at: time) }
    public mutating func unfollow(_ other: TestAuthor, at time: Milliseconds? = nil) -> Entry { write(.unfollow(other.followee), at: time) }
    public mutating func like(_ entry: Entry, at time: Milliseconds? = nil) -> Entry { write(.like(entry.reference), at: time) }
    public mutating func unlike(_ entry: Entry, at time: Milliseconds? = nil) -> Entry { write(.unlike(entry.reference), at: time) }
    public mutating func delete(_ entry: Entry, at time: Milliseconds? = nil) -> Entry { write(.delete(entry.reference), at: time) }

    /// Revokes a device of the same account.
    public mutating func revoke(_ other: TestAuthor, after lastSeq: UInt64, at time: Milliseconds? = nil) -> Entry {
        write(.revoke(Revocation(of: other.certificate.device, lastSeq: lastSeq, root: root, now: time ?? clock)), at: time)
    }

    public mutating func profile(_ field: String, _ text: String, at time: Milliseconds? = nil) -> Entry {
        guard let field = ProfileField(field: field, text: .of(text)) else { preconditionFailure("no profile field \(field)") }
        return write(.profile(field), at: time)
    }

    /// A copy that writes on from the same place: whatever both write is an equivocation.
    public func fork() -> TestAuthor { self }
}

extension Entry {
    public var reference: EntryReference { EntryReference(entry: id, account: header.account) }

    /// The same entry as it travels after its deletion.
    public var withoutBody: Entry {
        do {
            return try Entry(trusting: headerBytes, signature: signature, body: nil, certificate: certificate)
        } catch {
            preconditionFailure("a post may come without its body: \(error)")
        }
    }
}

extension PostText {
    /// Text that is known to be in order.
    public static func of(_ text: String) -> PostText {
        do {
            return try PostText(canonical: text)
        } catch {
            preconditionFailure("\(text): \(error)")
        }
    }
}

extension UserReference {
    /// A reference that is known to be in order.
    public static func of(_ text: String) -> UserReference {
        guard let reference = UserReference(text) else { preconditionFailure("no reference: \(text)") }
        return reference
    }
}
