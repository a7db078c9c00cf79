import SingerCore
import SingerPeer
import SingerWire
import Testing

import class Foundation.ProcessInfo

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a link costs. Run with `SINGER_MEASURE=1 swift test -c release --filter PeerMeasurements`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SINGER_MEASURE"] != nil), .serialized)
struct PeerMeasurements {
    @Test func `time to dial on loopback`() async throws {
        try await withPeers { peers in
            _ = try await peers.link()
            var times: [Duration] = []
            for _ in 0..<200 {
                let start = ContinuousClock.now
                let link = try await peers.link()
                times.append(.now - start)
                link.a.close("measured")
                _ = await link.b.closed
            }
            times.sort()
            print("dial to link at both ends: median \(times[100]), 99th percentile \(times[198])")
        }
    }

    @Test func `cost of a frame of 300 bytes`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            var frame = WireFrame.numbered(1)
            while frame.encoded.count < 300 { frame.want.account.append(0) }
            let count = 200_000
            let cpu = ProcessInfo.processInfo.cpuSeconds
            let start = ContinuousClock.now
            async let writing: Void = { [frame] in
                for _ in 0..<count {
                    await a.room()
                    a.send(frame)
                }
            }()
            var seen = 0
            for await _ in b.frames {
                seen += 1
                if seen == count { break }
            }
            await writing
            let wall = (.now - start) / count
            print("a frame of 300 bytes: \(wall) wall, \((ProcessInfo.processInfo.cpuSeconds - cpu) / Double(count) * 1e6) µs CPU at both ends")
        }
    }

    @Test func `time of a frame there and back`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            async let echo: Void = { for await frame in b.frames { b.send(frame) } }()
            var reader = a.frames.makeAsyncIterator()
            var times: [Duration] = []
            for number in 0..<5_000 {
                let start = ContinuousClock.now
                a.send(.numbered(number, bytes: 280))
                _ = await reader.next()
                times.append(.now - start)
            }
            times.sort()
            print("there and back: median \(times[2_500]), 99th percentile \(times[4_950])")
            a.close("measured")
            await echo
        }
    }
}

extension ProcessInfo {
    /// Processor time of this process, user and system.
    fileprivate var cpuSeconds: Double { Double(clock()) / Double(1_000_000) }
}
