import NIOCore
import SingerCore
import SingerTesting
import SingerWire
import Testing

import struct Foundation.Data

@testable import SingerPeer

struct FrameCodecTests {
    private func encoded(_ frame: WireFrame) -> ByteBuffer {
        var buffer = ByteBuffer()
        FrameEncoder.append(frame.encoded, to: &buffer)
        return buffer
    }

    @Test func `a frame comes out as it went in`() throws {
        var buffer = encoded(.numbered(3, bytes: 500))
        let arrived = try FrameDecoder().decode(buffer: &buffer)
        #expect(arrived?.frame == .numbered(3, bytes: 500))
        #expect(arrived?.bytes == WireFrame.numbered(3, bytes: 500).encoded.count)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `nothing comes out before the last byte is there`() throws {
        let whole = encoded(.numbered(3, bytes: 20))
        for count in 0..<whole.readableBytes {
            var part = try #require(whole.getSlice(at: 0, length: count))
            #expect(try FrameDecoder().decode(buffer: &part) == nil)
            #expect(part.readableBytes == count)
        }
    }

    @Test(arguments: [0, UInt32(Limits.frameBytesMax) + 1, .max])
    func `a length is refused before any byte of its frame`(length: UInt32) {
        var buffer = ByteBuffer(integer: length)
        #expect(throws: FrameError.badLength(length)) { try FrameDecoder().decode(buffer: &buffer) }
    }

    @Test func `bytes that are no protobuf are refused`() {
        var buffer = ByteBuffer(integer: UInt32(3))
        buffer.writeBytes([0x0a, 0x7f, 0x00])
        #expect(throws: FrameError.malformed) { try FrameDecoder().decode(buffer: &buffer) }
    }

    @Test func `groups nested without end are refused`() {
        let groups = Array(repeating: UInt8(0x7b), count: 100_000)
        var buffer = ByteBuffer(integer: UInt32(groups.count))
        buffer.writeBytes(groups)
        #expect(throws: FrameError.malformed) { try FrameDecoder().decode(buffer: &buffer) }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `random bytes never trap`(seed: UInt64) {
        var random = Generator(seed: seed)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...64, using: &random)
            var buffer = ByteBuffer(integer: UInt32.random(in: 0...66, using: &random))
            buffer.writeBytes((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            while let _ = try? FrameDecoder().decode(buffer: &buffer) {}
        }
    }
}

struct SendQueueTests {
    private func fits(_ outcome: Bool, _ expected: Bool = true, at place: SourceLocation = #_sourceLocation) {
        #expect(outcome == expected, sourceLocation: place)
    }

    @Test func `frames are joined into chunks, in order`() {
        var queue = SendQueue()
        for byte in 0..<100 { fits(queue.append(Data([UInt8(byte)]))) }
        let chunk = queue.next()
        #expect(chunk?.frames == 100)
        #expect(chunk?.bytes.readableBytes == 500)
        #expect(chunk?.bytes.getBytes(at: 495, length: 5) == [0, 0, 0, 1, 99])
        #expect(queue.next() == nil)
    }

    @Test func `what is in flight counts until it is written`() {
        var queue = SendQueue()
        for _ in 0..<Limits.linkQueueFramesMax { fits(queue.append(Data([1]))) }
        fits(queue.append(Data([1])), false)
        #expect(!queue.hasRoom)
        while let chunk = queue.next() {
            fits(queue.append(Data([1])), false)
            queue.wrote(bytes: chunk.bytes.readableBytes, frames: chunk.frames)
        }
        #expect(queue.frames == 0 && queue.bytes == 0)
        fits(queue.append(Data([1])))
    }

    @Test func `bytes are bounded too, and a little is in flight at one time`() {
        var queue = SendQueue()
        let frame = Data(count: 100_000)
        var count = 0
        while queue.append(frame) { count += 1 }
        #expect(count == Limits.linkQueueBytesMax / 100_004)
        var inFlight = 0
        while let chunk = queue.next() { inFlight += chunk.bytes.readableBytes }
        #expect(inFlight >= PeerLimits.inFlightBytesMax && inFlight < PeerLimits.inFlightBytesMax + 100_004)
        queue.drop()
        #expect(queue.bytes == inFlight)
    }
}

struct KeepaliveTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test func `asks after 20 seconds and gives up after 60`() {
        var keepalive = Keepalive(PeerTimings(), now: start)
        #expect(keepalive.check(at: at(0)) == .wait(until: at(20)))
        #expect(keepalive.check(at: at(20)) == .ping)
        #expect(keepalive.check(at: at(20)) == .wait(until: at(40)))
        #expect(keepalive.check(at: at(40)) == .ping)
        #expect(keepalive.check(at: at(41)) == .wait(until: at(60)))
        #expect(keepalive.check(at: at(60)) == .giveUp)
    }

    @Test func `every byte counts as a sign of life`() {
        var keepalive = Keepalive(PeerTimings(), now: start)
        keepalive.heard(at: at(19))
        #expect(keepalive.check(at: at(20)) == .wait(until: at(39)))
    }

    @Test func `one that does not read goes on asking, and does not call the other silent`() {
        var keepalive = Keepalive(PeerTimings(), now: start)
        keepalive.stoppedReading()
        #expect(keepalive.check(at: at(100)) == .ping)
        #expect(keepalive.check(at: at(100)) == .wait(until: at(120)))
        keepalive.resumedReading(at: at(110))
        #expect(keepalive.check(at: at(120)) == .wait(until: at(130)))
    }

    @Test func `whoever takes nothing of what waits for it is given up, whatever it sends`() {
        var keepalive = Keepalive(PeerTimings(), now: start)
        keepalive.waits(at: at(5))
        keepalive.waits(at: at(30))
        keepalive.heard(at: at(60))
        #expect(keepalive.check(at: at(64)) == .wait(until: at(65)))
        keepalive.wrote(at: at(64), more: true)
        keepalive.heard(at: at(120))
        #expect(keepalive.check(at: at(123)) == .wait(until: at(124)))
        #expect(keepalive.check(at: at(124)) == .giveUp)
        keepalive.wrote(at: at(124), more: false)
        #expect(keepalive.check(at: at(124)) == .wait(until: at(140)))
    }
}
