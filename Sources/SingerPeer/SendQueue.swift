internal import NIOCore
internal import SingerCore

internal import struct Foundation.Data

/// What waits to be written to one link: frames in order, joined into chunks, all of it counted until the socket has taken it.
struct SendQueue {
    struct Chunk {
        var bytes = ByteBuffer()
        var frames = 0
    }

    private var chunks = CircularBuffer<Chunk>()
    private var inFlightBytes = 0
    /// Not yet taken by the socket, in flight or not.
    private(set) var frames = 0
    private(set) var bytes = 0

    /// `false`, and nothing is queued, when the frame would take the queue over its bounds.
    mutating func append(_ payload: Data) -> Bool {
        let size = payload.count + FrameEncoder.prefixBytes
        guard frames < Limits.linkQueueFramesMax, bytes + size <= Limits.linkQueueBytesMax else { return false }
        if chunks.last.map({ $0.bytes.readableBytes + size > PeerLimits.chunkBytes }) ?? true { chunks.append(Chunk()) }
        let last = chunks.index(before: chunks.endIndex)
        FrameEncoder.append(payload, to: &chunks[last].bytes)
        chunks[last].frames += 1
        frames += 1
        bytes += size
        return true
    }

    /// Whether `next` would hand out a chunk.
    var isWritable: Bool { !chunks.isEmpty && inFlightBytes < PeerLimits.inFlightBytesMax }

    /// Little waits. Whoever sends in bulk waits for this, leaves room for those that cannot wait, and keeps no more in memory than the line needs.
    var hasRoom: Bool { frames <= Limits.linkQueueFramesMax / 2 && bytes <= Limits.linkQueueBytesMax / 8 }

    /// The next chunk to write, unless enough is in flight. `wrote` has to be called for each.
    mutating func next(regardless: Bool = false) -> Chunk? {
        guard isWritable || regardless, let chunk = chunks.popFirst() else { return nil }
        inFlightBytes += chunk.bytes.readableBytes
        return chunk
    }

    mutating func wrote(bytes written: Int, frames count: Int) {
        inFlightBytes -= written
        bytes -= written
        frames -= count
    }

    /// Forgets what is not yet in flight.
    mutating func drop() {
        for chunk in chunks {
            bytes -= chunk.bytes.readableBytes
            frames -= chunk.frames
        }
        chunks.removeAll()
    }
}
