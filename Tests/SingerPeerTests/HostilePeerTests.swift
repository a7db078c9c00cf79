import Crypto
import NIOCore
import NIOPosix
import NIOSSL
import SingerCore
import SingerWire
import SwiftASN1
import Testing
import X509

import struct Foundation.Date

@testable import SingerPeer

@Suite(.timeLimit(.minutes(1)), .serialized)
struct HostilePeerTests {
    @Test(arguments: [
        Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), Array(repeating: UInt8(0), count: 100_000), Array(0...255) + Array(0...255),
        // A TLS record header that announces more than a record may hold.
        [0x16, 0x03, 0x01, 0xff, 0xff] + Array(repeating: 0xff, count: 70_000),
    ])
    func `bytes that are no TLS close their connection, and the listener lives on`(bytes: [UInt8]) async throws {
        try await withPeers { peers in
            let client = try await RawClient(port: peers.port)
            client.send(bytes)
            try await client.closed()
            _ = try await peers.link()
        }
    }

    @Test(arguments: [
        ([0xff, 0xff, 0xff, 0xff], CloseReason.badLength(.max)),
        ([0x00, 0x10, 0x00, 0x01], .badLength(1 << 20 | 1)),
        ([0x00, 0x00, 0x00, 0x00], .badLength(0)),
        ([0x00, 0x00, 0x00, 0x02, 0xff, 0xff], .malformed),
        (Array("NICK alice\r\n".utf8), .badLength(0x4e49_434b)),
    ])
    func `a frame that breaks the rules closes its link, and no other`(bytes: [UInt8], reason: CloseReason) async throws {
        try await withPeers { peers in
            let (honest, other) = try await peers.link()
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: .peer()))
            try await client.handshook()
            let link = try await peers.b.nextLink()
            client.send(bytes)
            #expect(await link.closed == reason)
            try await client.closed()
            #expect(honest.isOpen && other.isOpen)
            _ = try await peers.link()
        }
    }

    @Test func `frames before the one that breaks the rules arrive`() async throws {
        try await withPeers { peers in
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: .peer()))
            let link = try await peers.b.nextLink()
            let good = WireFrame.numbered(5).encoded
            client.send([0, 0, 0, UInt8(good.count)] + good + [0xff, 0xff, 0xff, 0xff])
            var reader = link.frames.makeAsyncIterator()
            #expect(await reader.next()?.number == 5)
            #expect(await reader.next() == nil)
        }
    }

    @Test func `a message of a later version is passed over`() async throws {
        try await withPeers { peers in
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: .peer()))
            let link = try await peers.b.nextLink()
            let known = WireFrame.numbered(6).encoded
            client.send([0, 0, 0, 3, 0xa2, 0x06, 0x00] + [0, 0, 0, UInt8(known.count)] + known)
            var reader = link.frames.makeAsyncIterator()
            #expect(await reader.next()?.number == 6)
        }
    }

    @Test func `a client of TLS 1.2 is refused`() async throws {
        try await withPeers { peers in
            var configuration = try TLSConfiguration.peer()
            configuration.minimumTLSVersion = .tlsv12
            configuration.maximumTLSVersion = .tlsv12
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: configuration))
            await #expect(throws: (any Error).self) { try await client.handshook() }
            try await client.closed()
            _ = try await peers.link()
        }
    }

    @Test func `a client without a certificate is refused`() async throws {
        try await withPeers { peers in
            var configuration = try TLSConfiguration.peer()
            configuration.certificateChain = []
            configuration.privateKey = nil
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: configuration))
            try await client.closed()
            #expect(peers.b.linkCount == 0)
        }
    }

    @Test func `a client whose certificate has another kind of key is refused`() async throws {
        try await withPeers { peers in
            let key = P256.Signing.PrivateKey()
            let name = try DistinguishedName { CommonName("singer") }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Date(), notValidAfter: Date(),
                issuer: name, subject: name, extensions: .init(), issuerPrivateKey: .init(key))
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            var configuration = try TLSConfiguration.peer()
            configuration.certificateChain = [.certificate(try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der))]
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der))
            configuration.signingSignatureAlgorithms = [.ecdsaSecp256R1Sha256]
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: configuration))
            try await client.closed()
            #expect(peers.b.linkCount == 0)
        }
    }

    @Test func `silence after the handshake closes the link`() async throws {
        var timings = PeerTimings()
        timings.pingAfter = .milliseconds(20)
        timings.silenceMax = .milliseconds(200)
        try await withPeers(timings) { peers in
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: .peer()))
            let link = try await peers.b.nextLink()
            #expect(await link.closed == .silence)
            try await client.closed()
        }
    }

    @Test func `silence in place of a handshake closes the connection`() async throws {
        var timings = PeerTimings()
        timings.handshake = .milliseconds(100)
        try await withPeers(timings) { peers in
            try await RawClient(port: peers.port).closed()
            // The other end of that connection hears of it in its own time; the time limit bounds it.
            while peers.b.table.handshakeCount > 0 { await Task.yield() }
        }
    }

    @Test func `handshakes that dawdle make room for others`() async throws {
        try await withPeers { peers in
            var idle: [RawClient] = []
            for _ in 0..<PeerLimits.handshakesMax + 1 { idle.append(try await RawClient(port: peers.port)) }
            // The oldest had to go; which one that is the kernel decides, so ask for any.
            await withTaskGroup(of: Void.self) { group in
                for client in idle { group.addTask { try? await client.closed() } }
                await group.next()
                for client in idle { client.channel.close(promise: nil) }
            }
            _ = try await peers.link()
        }
    }

    @Test func `a peer that floods pings and reads no answer is closed`() async throws {
        try await withPeers { peers in
            let client = try await RawClient(port: peers.port, tls: NIOSSLContext(configuration: .peer()))
            let link = try await peers.b.nextLink()
            try await client.handshook()
            try await client.channel.setOption(.autoRead, value: false).get()
            var ping = WireFrame()
            ping.ping.token = .max
            let frame = [0, 0, 0, UInt8(ping.encoded.count)] + ping.encoded
            let flood = Array(repeatElement(frame, count: 10_000).joined())
            while link.isOpen { try? await client.channel.writeAndFlush(ByteBuffer(bytes: flood)).get() }
            let reason = await link.closed
            #expect(reason.isQueueFull)
        }
    }
}

extension CloseReason {
    fileprivate var isQueueFull: Bool {
        if case .queueFull = self { true } else { false }
    }
}
