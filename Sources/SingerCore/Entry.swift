public import SingerWire

public import struct Foundation.Data

/// One line of a log: what its author signed, and the body beside it.
///
/// A value of this type has been verified: signature, certificate, hash of the body, limits. Only its place in the chain
/// has not; that takes the neighbours (see `follows`).
public struct Entry: Hashable, Sendable {
    public let id: EntryID
    public let header: Header
    /// The exact bytes that were signed.
    public let headerBytes: Data
    public let signature: Data
    /// `nil` once the entry has been deleted: the chain still verifies without it.
    public let body: Data?
    /// What the body says; `nil` when there is no body.
    public let content: Content?
    public let certificate: Certificate

    public struct Header: Hashable, Sendable {
        public let account: AccountKey
        public let device: DeviceKey
        public let seq: UInt64
        public let previous: EntryID?
        public let created: Milliseconds
        public let kind: Kind
        public let bodyHash: EntryID
        public let bodyBytes: Int
    }

    public enum Kind: Hashable, Sendable {
        case post, follow, unfollow, profile, like, unlike, delete, revoke
        /// Of a later version: kept and passed on, since the log goes on behind it, and shown nowhere.
        case unknown(UInt8)
    }

    /// Writes the next entry of a log.
    ///
    /// - Parameters:
    ///   - last: the header that stands last in the log of this device, `nil` for the first.
    ///   - now: the entry is dated so, or just behind the last one if the clock has not moved on: the later word of one
    ///     author is always dated later, and so counts.
    public init(
        _ content: Content, after last: (id: EntryID, seq: UInt64, created: Milliseconds)?, by device: DeviceSecret, certificate: Certificate, now: Milliseconds
    ) {
        self = Draft(content, after: last, certificate: certificate, now: now).signed(by: device)
    }

    /// An entry without its signature. Its place in the log and its id are fixed, so that the next one can be written behind it.
    public struct Draft: Sendable {
        public let id: EntryID
        public let header: Header
        fileprivate let headerBytes: Data
        fileprivate let body: Data
        fileprivate let content: Content
        fileprivate let certificate: Certificate

        public init(_ content: Content, after last: (id: EntryID, seq: UInt64, created: Milliseconds)?, certificate: Certificate, now: Milliseconds) {
            body = content.encoded
            header = Header(
                account: certificate.account, device: certificate.device, seq: (last?.seq ?? 0) + 1, previous: last?.id,
                created: Self.date(content.kind, after: last?.created, now: now), kind: content.kind, bodyHash: .sha256(body), bodyBytes: body.count)
            headerBytes = header.wire.encoded
            id = .sha256(headerBytes)
            self.content = content
            self.certificate = certificate
        }

        public func signed(by device: DeviceSecret) -> Entry { Entry(self, by: device) }

        /// Later than the last one; but posts do not run away from the clock, however fast they are written: they share a date then, and
        /// their place in the log orders them.
        private static func date(_ kind: Kind, after last: Milliseconds?, now: Milliseconds) -> Milliseconds {
            guard let last, last >= now else { return now }
            return kind == .post && last - now >= Limits.datesAheadMax ? last : last + 1
        }
    }

    private init(_ draft: Draft, by device: DeviceSecret) {
        precondition(draft.certificate.device == device.publicKey, "the certificate of another device")
        id = draft.id
        header = draft.header
        headerBytes = draft.headerBytes
        signature = device.sign(headerBytes, as: .entry)
        body = draft.body
        content = draft.content
        certificate = draft.certificate
    }

    /// Reads and verifies an entry that somebody sent.
    public init(verifying wire: WireEntry, certificate: Certificate) throws(Refusal) {
        try self.init(wire, certificate: certificate, verifies: true)
    }

    /// Reads an entry that was verified before it was stored here.
    public init(trusting header: Data, signature: Data, body: Data?, certificate: Certificate) throws(Refusal) {
        var wire = WireEntry()
        wire.header = header
        wire.signature = signature
        if let body { wire.body = body }
        try self.init(wire, certificate: certificate, verifies: false)
    }

    init(_ wire: WireEntry, certificate: Certificate, verifies: Bool) throws(Refusal) {
        guard wire.header.count <= Limits.headerBytesMax else { throw .tooLarge }
        let header = try Header(decoding: wire.header)
        guard header.account == certificate.account, header.device == certificate.device else { throw .wrongSigner }
        guard !verifies || header.device.verifies(wire.signature, over: wire.header, as: .entry) else { throw .badSignature }
        if wire.hasBody {
            guard wire.body.count == header.bodyBytes, EntryID.sha256(wire.body) == header.bodyHash else { throw .bodyMismatch }
            content = try Content(decoding: wire.body, kind: header.kind)
            body = wire.body
            // An account revokes devices of its own, and nobody else's.
            if case .revoke(let revocation)? = content, revocation.account != header.account { throw .wrongSigner }
        } else {
            // Only what can be deleted may come without its body; a later version may have more of that.
            guard header.kind.mayLackBody else { throw .malformed }
            content = nil
            body = nil
        }
        self.header = header
        headerBytes = wire.header
        signature = wire.signature
        id = .sha256(wire.header)
        self.certificate = certificate
    }

    /// Reads and verifies an entry that carries its certificate with it.
    public init(verifying wire: WireSignedEntry) throws(Refusal) {
        try self.init(verifying: wire.entry, certificate: Certificate(verifying: wire.certificate))
    }

    public var wire: WireEntry {
        var wire = WireEntry()
        wire.header = headerBytes
        wire.signature = signature
        if let body { wire.body = body }
        return wire
    }

    public var signedWire: WireSignedEntry {
        var signed = WireSignedEntry()
        signed.certificate = certificate.wire
        signed.entry = wire
        return signed
    }

    /// The entry with its certificate, as bytes; `init(encoded:)` reads and verifies them.
    public var encoded: Data { signedWire.encoded }

    public init(encoded: Data) throws(Refusal) {
        try self.init(verifying: WireSignedEntry(decoding: encoded))
    }

    /// Roughly what the entry takes on a link.
    public var wireBytes: Int { headerBytes.count + 64 + (body?.count ?? 0) + 16 }

    /// Whether `next` may stand right behind this entry.
    public static func follows(_ next: Header, after id: EntryID, _ header: (seq: UInt64, created: Milliseconds)) -> Bool {
        next.seq == header.seq + 1 && next.previous == id && next.created >= header.created
    }
}

extension Entry.Header {
    init(decoding bytes: Data) throws(Refusal) {
        let wire = try WireHeader(decoding: bytes)
        guard wire.version == 1, let account = AccountKey(wire.account), let device = DeviceKey(wire.device),
            let kind = Entry.Kind(rawValue: wire.kind.rawValue), let bodyHash = EntryID(wire.bodyHash),
            let created = Milliseconds(wire: wire.createdMs)
        else { throw .malformed }
        guard (1...Limits.sequenceMax).contains(wire.seq), wire.bodyBytes <= Limits.bodyBytesMax else { throw .outOfBounds }
        let previous = EntryID(wire.previous)
        guard (wire.seq == 1) ? wire.previous.isEmpty : previous != nil else { throw .malformed }
        self.init(
            account: account, device: device, seq: wire.seq, previous: previous, created: created, kind: kind,
            bodyHash: bodyHash, bodyBytes: Int(wire.bodyBytes))
    }

    var wire: WireHeader {
        var wire = WireHeader()
        wire.version = 1
        wire.account = account.data
        wire.device = device.data
        wire.seq = seq
        if let previous { wire.previous = previous.data }
        wire.createdMs = UInt64(created)
        wire.kind = WireKind(rawValue: kind.rawValue) ?? .unspecified
        wire.bodyHash = bodyHash.data
        wire.bodyBytes = UInt32(bodyBytes)
        return wire
    }
}
