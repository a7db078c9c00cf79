internal import NIOCore
internal import SingerCore
internal import SingerWire

internal import struct Foundation.Data

/// Takes frames out of a byte stream: four bytes of length, big-endian, then a `WireFrame`.
///
/// The length is judged before a byte of the frame is awaited, so a decoder never holds more than one frame of the largest size.
struct FrameDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = ArrivedFrame

    static let bufferBytesMax = FrameEncoder.prefixBytes + Limits.frameBytesMax

    func decode(buffer: inout ByteBuffer) throws -> ArrivedFrame? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard (1...Limits.frameBytesMax).contains(Int(length)) else { throw FrameError.badLength(length) }
        guard buffer.readableBytes >= FrameEncoder.prefixBytes + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: FrameEncoder.prefixBytes)
        guard let bytes = buffer.readSlice(length: Int(length)) else { return nil }
        guard let frame = try? WireFrame(decoding: bytes.withUnsafeReadableBytes { Data($0) }), frame.hasFewParts else { throw FrameError.malformed }
        return ArrivedFrame(frame: frame, bytes: Int(length))
    }

    /// Half a frame at the end of the stream is no frame; the close of the link says all there is to say.
    func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ArrivedFrame? {
        try decode(buffer: &buffer)
    }
}

extension WireFrame {
    /// Whether it has no more parts than a frame may have: empty ones are two bytes on the wire, and many more in memory, where a frame may wait.
    fileprivate var hasFewParts: Bool {
        switch message {
        case .entries(let message): message.entries.count <= Limits.batchEntriesMax
        case .have(let message):
            message.feeds.count <= Limits.haveFeedsMax
                && message.feeds.allSatisfy { $0.devices.count <= Limits.devicesMax && $0.devices.allSatisfy { $0.held.count <= Limits.rangesMax } }
        case .announce(let message): message.news.count <= Limits.announcementsMax
        case .refer(let message): message.peers.count <= Limits.referralsMax && message.peers.allSatisfy { $0.endpoints.count <= Limits.endpointsMax }
        case .buckets(let message): message.sums.count <= 256
        case .hello(let message): message.endpoints.count <= 8 * Limits.endpointsMax
        default: true
        }
    }
}

/// A frame, and how long it was on the wire.
struct ArrivedFrame: Sendable {
    let frame: WireFrame
    let bytes: Int

    /// What it costs to keep it until it is read.
    var weight: Int { bytes + PeerLimits.frameOverheadBytes }
}

enum FrameError: Error, Hashable {
    case badLength(UInt32)
    case malformed

    var closeReason: CloseReason {
        switch self {
        case .badLength(let length): .badLength(length)
        case .malformed: .malformed
        }
    }
}

enum FrameEncoder {
    static let prefixBytes = 4

    static func append(_ payload: Data, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(payload.count))
        _ = payload.withUnsafeBytes { buffer.writeBytes($0) }
    }
}
