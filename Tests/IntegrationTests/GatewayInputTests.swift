import Foundation
import SingerTesting
import Testing

/// Whatever is typed at the gateway has one answer, and costs nobody else anything.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct GatewayInputTests {
    @Test func `every mistake has its one error, and the connection goes on`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let guest = try peer.connect()
        let andre = try await peer.register("andre")
        let diogo = try await peer.register("diogo")
        let post = try await diogo.ask("POST mine").id
        let gone = try await diogo.ask("POST gone").id
        _ = try await diogo.ask("DELETE \(gone)")

        let before: [(line: String, code: String)] = [
            ("POST hi", "NEED_LOGIN"), ("TIMELINE", "NEED_LOGIN"), ("LOGIN andre", "NEED_MORE_PARAMS"), ("LOGIN nobody correct-horse", "BAD_LOGIN"),
            ("LOGIN andre wrong-horse", "BAD_LOGIN"), ("LOGIN 1x correct-horse", "BAD_LOGIN"), ("REGISTER", "NEED_MORE_PARAMS"),
            ("REGISTER home correct-horse", "INVALID_NAME"), ("REGISTER 1andre correct-horse", "INVALID_NAME"),
            ("REGISTER \(String(repeating: "x", count: 25)) correct-horse", "INVALID_NAME"), ("REGISTER tiago 1234567", "WEAK_PASSPHRASE"),
            ("REGISTER tiago short", "WEAK_PASSPHRASE"), ("REGISTER Andre correct-horse", "NAME_TAKEN"), ("FORMAT xml", "BAD_PARAM"),
            ("FORWRD x", "UNKNOWN_COMMAND"), ("*", "UNKNOWN_COMMAND"), ("#", "BAD_PARAM"),
        ]
        let after: [(line: String, code: String)] = [
            ("LIKE", "NEED_MORE_PARAMS"), ("LIKE aaa", "BAD_PARAM"), ("LIKE aaaa!", "BAD_PARAM"), ("LIKE aaaaaaaa", "NO_SUCH_POST"),
            ("SHOW aaaaaaaa", "NO_SUCH_POST"),
            ("LIKE \(gone)", "NO_SUCH_POST"), ("DELETE \(post)", "NOT_YOURS"), ("FOLLOW", "NEED_MORE_PARAMS"), ("FOLLOW nobody", "NO_SUCH_USER"),
            ("FOLLOW andre", "SELF_FOLLOW"), ("UNFOLLOW diogo", "NOT_FOLLOWING"), ("UNFOLLOW nobody", "NO_SUCH_USER"), ("TIMELINE 0", "BAD_PARAM"),
            ("TIMELINE 201", "BAD_PARAM"), ("TIMELINE x", "BAD_PARAM"), ("TIMELINE 5 BEFORE", "NEED_MORE_PARAMS"),
            ("TIMELINE 5 BEFORE aaaaaaaa", "NO_SUCH_POST"),
            ("FEED", "NEED_MORE_PARAMS"), ("FEED nobody", "NO_SUCH_USER"), ("SEARCH", "NEED_MORE_PARAMS"), ("PASSWD x", "NEED_MORE_PARAMS"),
            ("PASSWD wrong-horse battery-staple", "BAD_LOGIN"), ("PASSWD correct-horse short", "WEAK_PASSPHRASE"), ("PROFILE no/field text", "BAD_PARAM"),
            ("POST \(String(repeating: "x", count: 2_001))", "TOO_LONG"), ("POST a\u{1b}[2Jb", "BAD_PARAM"), ("POST \u{3000}", "EMPTY_TEXT"),
            ("MUTE nobody", "NO_SUCH_USER"), ("WHOIS nobody", "NO_SUCH_USER"), (String(repeating: "x", count: 9_000), "LINE_TOO_LONG"),
            ("PING \(String(repeating: "x", count: 1 << 20))", "LINE_TOO_LONG"),
        ]
        for (client, mistakes) in [(guest, before), (andre, after)] {
            for (line, code) in mistakes {
                let reply = try await client.ask(line)
                #expect(reply.last.hasPrefix("ERR \(code) "), "\(line.prefix(40)): \(reply.last)")
                #expect(reply.rows == [])
            }
            client.send(bytes: Array("POST ".utf8) + [0xc3, 0x28, 10])
            #expect(try await client.reply().last.hasPrefix("ERR INVALID_UTF8 "))
            #expect(try await client.ask("PING alive").last.contains("alive"))
        }
        // As many replies as lines, in their order, when all come at once.
        andre.send(bytes: Array((after.map(\.line).joined(separator: "\r\n") + "\r\n").utf8))
        for (line, code) in after { #expect(try await andre.reply().last.hasPrefix("ERR \(code) "), "\(line.prefix(40))") }
        #expect(try await andre.ask("FOLLOW diogo").isOK)
        #expect(try await andre.ask("FOLLOW diogo").last.hasPrefix("ERR ALREADY_FOLLOWING "))
        #expect(try await andre.ask("TIMELINE").rows.count == 2)
    }

    @Test func `one who never reads delays nobody, and costs a bounded piece of memory`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        let deaf = try RawSocket(port: peer.gatewayPort)
        // As many rows as a reply may have, asked for again and again, besides all that is pushed.
        deaf.send("REGISTER deaf correct-horse\nFOLLOW andre\n")
        let diogo = try await peer.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        let text = String(repeating: "words ", count: 60)
        let start = peer.residentMiB
        var slowest = Duration.zero
        for number in 1...2_000 {
            andre.send("POST \(number) \(text)")
            if number % 100 == 0 {
                for _ in 1...100 { #expect(try await andre.reply().isOK) }
                deaf.send(String(repeating: "TIMELINE 200\n", count: 10))
                let asked = ContinuousClock.now
                #expect(try await diogo.ask("PING \(number)").isOK)
                slowest = max(slowest, .now - asked)
                try await diogo.push(with: "<andre> \(number) ")
            }
        }
        #expect(slowest < .seconds(1))
        // 200 replies of 200 rows of 400 bytes would be 16 MB, 2,000 posts besides, and the store caches pages.
        #expect(peer.residentMiB < start + 64, "\(start) MiB before, \(peer.residentMiB) after")
    }

    @Test func `five hundred connections come and go`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        for round in 1...5 {
            var sockets: [RawSocket] = []
            for number in 1...100 {
                let socket = try RawSocket(port: peer.gatewayPort)
                switch number % 4 {
                case 0: break
                case 1: socket.send("LOGIN andre ")
                case 2: socket.send("PING x\nPOST\n")
                default: socket.send("LOGIN andre correct-horse\nTIMELINE\nTIMEL")
                }
                sockets.append(socket)
            }
            #expect(try await andre.ask("PING \(round)").isOK)
        }
        try await andre.ask("STATUS") { $0.rows.contains { $0.hasPrefix("sessions 1") } }
        #expect(try await andre.ask("POST still here").isOK)
    }

    @Test func `what was acknowledged before a kill is there after it, once, and the log goes on`() async throws {
        let network = try Network()
        defer { network.remove() }
        var peer = try await network.peer("a")
        var andre = try await peer.register("andre")
        var acknowledged: [String: String] = [:]
        for cycle in 1...10 {
            for number in 1...60 { andre.send("POST cycle \(cycle) number \(number).") }
            // The kill falls somewhere between the first acknowledgement and the last.
            for number in 1...(cycle * 5) {
                let reply = try await andre.reply()
                #expect(reply.isOK)
                acknowledged["cycle \(cycle) number \(number)."] = reply.id
            }
            peer.kill()
            // Replies that were on their way are acknowledgements too.
            var number = cycle * 5
            while let line = try await andre.line() {
                number += 1
                if line.hasPrefix("OK posted ") { acknowledged["cycle \(cycle) number \(number)."] = String(line.dropFirst("OK posted ".count)) }
            }
            peer = try await network.restart("a", peer)
            andre = try await peer.login("andre")
        }
        var rows: [String] = []
        var page = try await andre.ask("TIMELINE 200")
        while !page.rows.isEmpty {
            rows += page.rows
            let oldest = try #require(page.rows.last?.firstMatch(of: /\[([a-z2-7]+)\]$/)?.1)
            page = try await andre.ask("TIMELINE 200 BEFORE \(oldest)")
        }
        for (text, id) in acknowledged {
            let found = rows.filter { $0.contains(text) }
            #expect(found.count == 1 && found.first?.hasSuffix("[\(id)]") == true, "\(text) [\(id)] is there as \(found)")
        }
        #expect(Set(rows).count == rows.count)
        // One log, in the order in which it was typed, without gaps: another peer takes it whole.
        let other = try await network.peer("b", joining: peer)
        let diogo = try await other.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await diogo.ask("FEED andre 200") { $0.rows == Array(rows.prefix(200)) }
    }
}

/// A connection that writes when it can, and never reads.
final class RawSocket: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else {
            _ = Foundation.close(descriptor)
            throw LineClient.TimedOut(description: "cannot connect to port \(port)")
        }
    }

    deinit { _ = Foundation.close(descriptor) }

    /// What does not fit into the socket is dropped.
    func send(_ text: String) { send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) { _ = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) } }
}
