import Foundation
import SingerCore
import SingerTesting
import Testing

@testable import SingerGateway

/// EXPORT, IMPORT, IDENTITY and ADOPT as they are typed.
@Suite(.timeLimit(.minutes(1))) struct ArchiveSessionTests {
    private func ask(_ client: inout LiveClient, _ line: String) async throws -> [String] {
        try await client.send(line + "\n")
        var lines: [String] = []
        while true {
            let line = String(try await client.line().dropLast())
            if line.hasPrefix("* ") { continue }
            lines.append(line)
            if line.isEmpty || line == "OK" || line.hasPrefix("OK ") || line.hasPrefix("ERR ") { return lines }
        }
    }

    @Test func `an account is exported from one peer and imported at another`() async throws {
        try await withGateway { (old) async throws in
            try await old.connect { (andre) async throws in
                _ = try await ask(&andre, "REGISTER andre correct-horse")
                for number in 1...5 { _ = try await ask(&andre, "POST post \(number)") }
                let logs = try await ask(&andre, "EXPORT")
                #expect(logs.count == 2 && logs[1] == "OK 1 log" && logs[0].hasSuffix(" 5 entries, last 5"))
                let log = try #require(logs[0].split(separator: " ").first)
                #expect(try await ask(&andre, "EXPORT \(log.prefix(8)) 2 AFTER 4").last == "OK 1 entry")
                let entries = try await ask(&andre, "EXPORT \(log)").dropLast().map { String($0.dropFirst(2)) }
                #expect(entries.count == 5)
                let identity = try await ask(&andre, "IDENTITY correct-horse").map { $0.split(separator: " ").map(String.init) }
                #expect(identity.map { $0.first } == ["name", "account", "claim", "sealed", "OK"])
                #expect(try await ask(&andre, "IDENTITY wrong-horse")[0].hasPrefix("ERR BAD_LOGIN "))
                #expect(try await ask(&andre, "EXPORT zzzz")[0].hasPrefix("ERR BAD_PARAM "))
                #expect(try await ask(&andre, "EXPORT \(log) 201")[0].hasPrefix("ERR BAD_PARAM "))
                #expect(try await ask(&andre, "EXPORT \(log) 2 AFTER x")[0].hasPrefix("ERR BAD_PARAM "))
                let timeline = try await ask(&andre, "TIMELINE")

                try await withGateway { (new) async throws in
                    try await new.connect { (moved) async throws in
                        #expect(try await ask(&moved, "ADOPT \(identity[2][1]) \(identity[3][1]) wrong-horse")[0].hasPrefix("ERR BAD_LOGIN "))
                        #expect(try await ask(&moved, "ADOPT x \(identity[3][1]) correct-horse")[0].hasPrefix("ERR BAD_PARAM "))
                        #expect(try await ask(&moved, "ADOPT \(identity[2][1]) \(identity[3][1]) correct-horse")[0].hasPrefix("OK logged in as andre, "))
                        #expect(try await ask(&moved, "IMPORT \(entries[0])") == ["OK imported 1, 0 known"])
                        // Several at once; an entry may be broken into lines.
                        let broken = entries[2].prefix(40) + "\\\n" + entries[2].dropFirst(40)
                        try await moved.send("IMPORT\n\(entries[0])\n\(entries[1])\n\(broken)\n")
                        #expect(try await ask(&moved, ".") == ["OK imported 2, 1 known"])
                        var bytes = try #require(Data(base64Encoded: entries[4]))
                        bytes[bytes.count - 1] ^= 1
                        try await moved.send("IMPORT\n\(entries[3])\n\(bytes.base64EncodedString())\n")
                        let refused = "ERR BAD_PARAM entry 2 has not the body that was signed; nothing of these was stored"
                        #expect(try await ask(&moved, ".") == [refused])
                        #expect(try await ask(&moved, "IMPORT nonsense!")[0] == "ERR BAD_PARAM entry 1 is no entry; nothing of these was stored")
                        try await moved.send("IMPORT\n\(entries[3])\n\(entries[4])\n")
                        #expect(try await ask(&moved, ".") == ["OK imported 2, 0 known"])
                        #expect(try await ask(&moved, "TIMELINE") == timeline)
                        #expect(try await ask(&moved, "#7 EXPORT").last == "OK #7 1 log")
                        #expect(try await ask(&moved, "LOGIN andre correct-horse")[0].hasPrefix("OK logged in as andre, "))
                    }
                }
            }
        }
    }

    @Test func `in JSON an entry says which log it is of`() async throws {
        try await withGateway { (gateway) async throws in
            let said = try await gateway.converse("FORMAT json\nREGISTER andre correct-horse\nPOST hi\nEXPORT\n")
            let row = try #require(said.split(separator: "\n").first { $0.contains("\"row\":\"log\"") })
            #expect(row.wholeMatch(of: /\{"row":"log","log":"[0-9a-f]{64}","entries":1,"last":1\}/) != nil)
        }
    }
}
