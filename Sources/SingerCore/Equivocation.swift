public import SingerWire

public import struct Foundation.Data

/// Proof that a device wrote two logs: two headers that it signed and that cannot stand in one log.
///
/// Either both have the same sequence number, or the later one names another predecessor or is dated before it.
public struct Equivocation: Hashable, Sendable {
    public let certificate: Certificate
    public let first: SignedHeader
    public let second: SignedHeader

    /// A header as it was signed, without its body.
    public struct SignedHeader: Hashable, Sendable {
        public let header: Data
        public let signature: Data

        public init(header: Data, signature: Data) {
            self.header = header
            self.signature = signature
        }
    }

    public var account: AccountKey { certificate.account }
    public var device: DeviceKey { certificate.device }
    /// Where the logs part.
    public let seq: UInt64

    /// Two headers that were verified before they were stored here; `nil` if they go together.
    public init?(trusting first: SignedHeader, _ second: SignedHeader, certificate: Certificate) {
        guard let seq = try? Self.parting(first, second, certificate) else { return nil }
        self.seq = seq
        self.certificate = certificate
        self.first = first
        self.second = second
    }

    public init?(_ one: Entry, _ other: Entry) {
        self.init(
            trusting: SignedHeader(header: one.headerBytes, signature: one.signature), SignedHeader(header: other.headerBytes, signature: other.signature),
            certificate: one.certificate)
    }

    /// Reads and verifies a proof that somebody sent.
    public init(verifying wire: WireEquivocation) throws(Refusal) {
        certificate = try Certificate(verifying: wire.certificate)
        first = SignedHeader(header: wire.first.header, signature: wire.first.signature)
        second = SignedHeader(header: wire.second.header, signature: wire.second.signature)
        // Cheaper than signatures, so before them.
        guard let seq = try Self.parting(first, second, certificate) else { throw .malformed }
        self.seq = seq
        for signed in [first, second] {
            guard certificate.device.verifies(signed.signature, over: signed.header, as: .entry) else { throw .badSignature }
        }
    }

    /// The sequence number from which two headers cannot stand in one log; `nil` if they can.
    private static func parting(_ one: SignedHeader, _ other: SignedHeader, _ certificate: Certificate) throws(Refusal) -> UInt64? {
        var headers: [(id: EntryID, header: Entry.Header)] = []
        for signed in [one, other] {
            guard signed.header.count <= Limits.headerBytesMax else { throw .tooLarge }
            let header = try Entry.Header(decoding: signed.header)
            guard header.account == certificate.account, header.device == certificate.device else { throw .wrongSigner }
            headers.append((.sha256(signed.header), header))
        }
        headers.sort { $0.header.seq < $1.header.seq }
        let (low, high) = (headers[0], headers[1])
        if low.header.seq == high.header.seq { return low.id != high.id ? high.header.seq : nil }
        guard low.header.seq + 1 == high.header.seq else { return nil }
        return Entry.follows(high.header, after: low.id, (low.header.seq, low.header.created)) ? nil : high.header.seq
    }

    public var wire: WireEquivocation {
        var wire = WireEquivocation()
        wire.certificate = certificate.wire
        wire.first = first.wire
        wire.second = second.wire
        return wire
    }
}

extension Equivocation.SignedHeader {
    fileprivate var wire: WireSignedHeader {
        var wire = WireSignedHeader()
        wire.header = header
        wire.signature = signature
        return wire
    }
}
