public import SingerCore
public import SingerWire

public import struct Foundation.Data

/// What an honest author would not write.
extension TestAuthor {
    /// A first entry, validly signed, whose header was edited before that: what a hostile device could send.
    public func forge(_ kind: WireKind = .post, body: Data, editing edit: (inout WireHeader) -> Void = { _ in }) -> WireSignedEntry {
        var header = WireHeader()
        header.version = 1
        header.account = account.data
        header.device = device.publicKey.data
        header.seq = 1
        header.createdMs = UInt64(clock)
        header.kind = kind
        header.bodyHash = EntryID.sha256(body).data
        header.bodyBytes = UInt32(body.count)
        edit(&header)
        var signed = WireSignedEntry()
        signed.certificate = certificate.wire
        signed.entry.header = header.encoded
        signed.entry.signature = device.sign(header.encoded, as: .entry)
        signed.entry.body = body
        return signed
    }

    /// A log without valid signatures, quickly made: for machines that do not look at them.
    public func unsignedLog(_ count: UInt64) -> [Entry] {
        var log: [Entry] = []
        var body = WirePostBody()
        body.text = "unsigned"
        for seq in 1...count {
            var signed = WireHeader()
            signed.version = 1
            signed.account = account.data
            signed.device = device.publicKey.data
            signed.seq = seq
            if let last = log.last { signed.previous = last.id.data }
            signed.createdMs = UInt64(Self.start) + seq
            signed.kind = .post
            signed.bodyHash = EntryID.sha256(body.encoded).data
            signed.bodyBytes = UInt32(body.encoded.count)
            do {
                log.append(try Entry(trusting: signed.encoded, signature: Data(count: 64), body: body.encoded, certificate: certificate))
            } catch {
                preconditionFailure("an unsigned entry is refused: \(error)")
            }
        }
        return log
    }
}
