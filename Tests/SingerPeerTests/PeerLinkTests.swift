import NIOCore
import SingerCore
import SingerPeer
import SingerWire
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized)
struct PeerLinkTests {
    @Test func `each side sees the key of the other`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            #expect(a.remote == peers.b.key)
            #expect(b.remote == peers.a.key)
            #expect(a.isDialled && !b.isDialled)
            #expect(a.remoteHost == "127.0.0.1" && b.remoteHost == "127.0.0.1")
            #expect(peers.a.linkCount == 1 && peers.b.linkCount == 1)
        }
    }

    @Test func `ten thousand frames arrive both ways, in order`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            await withTaskGroup(of: Void.self) { group in
                for (sender, receiver) in [(a, b), (b, a)] {
                    group.addTask {
                        for number in 0..<10_000 {
                            await sender.room()
                            sender.send(.numbered(number, bytes: number % 700))
                        }
                    }
                    group.addTask {
                        var expected = 0
                        for await frame in receiver.frames {
                            #expect(frame.number == expected)
                            expected += 1
                            if expected == 10_000 { break }
                        }
                        #expect(expected == 10_000)
                    }
                }
            }
        }
    }

    @Test func `a frame of the largest size passes, and one beyond closes the link of its sender`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            let overhead = WireFrame.numbered(1, bytes: 1 << 19).encoded.count - (1 << 19)
            // The lengths of two nested fields take a byte more each, from half the size on or not.
            var largest = WireFrame.numbered(1, bytes: Limits.frameBytesMax - overhead - 2)
            while largest.encoded.count < Limits.frameBytesMax { largest.want.account.append(0) }
            #expect(largest.encoded.count == Limits.frameBytesMax)
            a.send(largest)
            var reader = b.frames.makeAsyncIterator()
            #expect(await reader.next() == largest)
            largest.want.account.append(0)
            a.send(largest)
            #expect(await a.closed == .tooLargeToSend(bytes: Limits.frameBytesMax + 1))
            #expect(await b.closed == .closedThere)
            #expect(await reader.next() == nil)
        }
    }

    @Test func `what was sent before a close still arrives`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            for number in 0..<4_000 { a.send(.numbered(number, bytes: 1_000)) }
            a.close("done")
            a.send(.numbered(9_999))
            var count = 0
            for await frame in b.frames {
                #expect(frame.number == count)
                count += 1
            }
            #expect(count == 4_000)
            #expect(await a.closed == .closedHere("done"))
            #expect(await b.closed == .closedThere)
        }
    }

    @Test func `a receiver that does not read makes the link of the sender close, with both sides bounded`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            var sent = 0
            while a.isOpen, sent < 1_000 {
                a.send(.numbered(sent, bytes: 100_000))
                sent += 1
                // The event loops get their turn, so that the sender does not simply outrun them.
                await Task.yield()
                #expect(a.queued.bytes <= Limits.linkQueueBytesMax)
                #expect(a.queued.frames <= Limits.linkQueueFramesMax)
            }
            guard case .queueFull(let frames, let bytes) = await a.closed else {
                Issue.record("closed for another reason: \(await a.closed)")
                return
            }
            #expect(bytes <= Limits.linkQueueBytesMax && bytes > Limits.linkQueueBytesMax - 200_000)
            #expect(frames <= 85)
            // The queue, the socket buffers of both sides and the unread frames of the other; far less than was sent for.
            #expect(sent < 500)
            #expect(a.queued == (0, 0))
            let other = await b.closed
            #expect(other == .closedThere || other.isFailure)
        }
    }

    @Test func `a slow reader gets everything, and memory stays bounded meanwhile`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            let sent = Mutex(0)
            async let writing: Void = {
                for number in 0..<2_000 {
                    await a.room()
                    a.send(.numbered(number, bytes: 20_000))
                    sent.withLock { $0 = number + 1 }
                }
            }()
            // While nothing is read the writer comes to a halt, most of it unsent.
            var seen = 0
            repeat {
                seen = sent.withLock(\.self)
                try await Task.sleep(for: .milliseconds(100))
            } while sent.withLock(\.self) != seen
            #expect(seen < 1_000)
            var count = 0
            for await frame in b.frames {
                #expect(frame.number == count)
                count += 1
                if count == 2_000 { break }
            }
            await writing
            #expect(count == 2_000)
        }
    }

    @Test func `a link whose reader stops closes`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            let reading = Task { for await _ in b.frames {} }
            a.send(.numbered(1))
            reading.cancel()
            await reading.value
            #expect(await b.closed == .notRead)
            #expect(await a.closed == .closedThere)
        }
    }

    @Test func `a link whose reader was cancelled before it began closes`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            let reading = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                for await _ in b.frames {}
            }
            await reading.value
            #expect(await b.closed == .notRead)
            #expect(await a.closed == .closedThere)
        }
    }

    @Test func `a link that nobody holds closes`() async throws {
        try await withPeers { peers in
            let a = try await peers.a.dial(peers.endpoint(), expecting: nil)
            _ = try await peers.b.nextLink()
            #expect(await a.closed == .closedThere)
        }
    }

    @Test func `an idle link lives by pings, which its reader never sees`() async throws {
        var timings = PeerTimings()
        timings.pingAfter = .milliseconds(20)
        timings.silenceMax = .milliseconds(400)
        try await withPeers(timings) { peers in
            let (a, b) = try await peers.link()
            // Idle for longer than the longest silence: the time is what is tested.
            try await Task.sleep(for: .milliseconds(1_000))
            a.send(.numbered(7))
            var reader = b.frames.makeAsyncIterator()
            #expect(await reader.next()?.number == 7)
        }
    }

    @Test func `shutdown closes listeners and links, and nothing can be dialled after it`() async throws {
        try await withPeers { peers in
            let (a, b) = try await peers.link()
            await peers.b.shutdown()
            #expect(await b.closed == .shutdown)
            #expect(await a.closed == .closedThere)
            #expect(peers.b.linkCount == 0)
            for await _ in peers.b.incoming { Issue.record("a link after shutdown") }
            await #expect(throws: PeerError.stopped) { try await peers.b.dial(peers.endpoint()) }
            await #expect(throws: PeerError.stopped) { try await peers.b.listen(host: "127.0.0.1", port: 0) }
            // A test that starts a process at this moment has the listener's socket in it until that is another program: dials are reset so long.
            let refused = try PeerError.unreachable(peers.endpoint(), reason: "connection refused")
            var failure: PeerError?
            for _ in 0..<100 where failure != refused {
                if failure != nil { try await Task.sleep(for: .milliseconds(50)) }
                do {
                    _ = try await peers.a.dial(peers.endpoint())
                    Issue.record("dialled after shutdown")
                    break
                } catch {
                    failure = error as? PeerError
                }
            }
            #expect(failure == refused)
        }
    }
}

extension CloseReason {
    fileprivate var isFailure: Bool {
        if case .failed = self { true } else { false }
    }
}
