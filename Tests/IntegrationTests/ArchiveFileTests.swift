import Foundation
import SingerTesting
import Testing

/// `singer export` and `singer import`, between real peers.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ArchiveFileTests {
    private struct Result {
        let status: Int32
        let output: String
        let error: String
    }

    /// Runs the client to its end.
    private func singer(_ arguments: String..., passphrase: String? = "correct-horse") throws -> Result {
        let process = Process()
        process.executableURL = PeerProcess.executable.deletingLastPathComponent().appending(path: "singer")
        process.arguments = arguments
        process.environment = ["HOME": NSTemporaryDirectory(), "PATH": "/usr/bin:/bin"].merging(passphrase.map { ["SINGER_PASSPHRASE": $0] } ?? [:]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let error = Pipe()
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let complaint = String(decoding: try error.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: said, error: complaint)
    }

    private func lines(_ path: String) throws -> [String] { try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init) }

    /// A peer where andre has said some things and follows diogo of another peer, and the file that he exports.
    private func withArchive(_ body: (Network, PeerProcess, PeerProcess, _ path: String) async throws -> Void) async throws {
        let network = try Network()
        defer { network.remove() }
        let hub = try await network.peer("hub")
        let old = try await network.peer("old", joining: hub)
        let diogo = try await hub.register("diogo")
        let andre = try await old.register("andre")
        _ = try await andre.ask("FOLLOW diogo")
        let hello = try await diogo.ask("POST Hello")
        try await andre.push(with: "Hello")
        for number in 1...5 { _ = try await andre.ask("POST post \(number) “with” \\ and \u{1F426}") }
        _ = try await andre.ask("REPLY \(hello.id) I hear you")
        _ = try await andre.ask("FORWARD \(hello.id) worth reading")
        _ = try await andre.ask("LIKE \(hello.id)")
        let mistake = try await andre.ask("POST a mistake")
        _ = try await andre.ask("DELETE \(mistake.id)")
        _ = try await andre.ask("PROFILE bio sings")
        let path = network.directory + "/andre.jsonl"
        let exported = try singer("export", "--user", "andre", "--port", String(old.gatewayPort), path)
        #expect(exported.status == 0 && exported.output == "\(path): 12 entries, 12 new\n", "\(exported)")
        try await body(network, hub, old, path)
    }

    @Test func `an account goes from one peer to another, and goes on at both`() async throws {
        try await withArchive { network, hub, old, path in
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            let checked = try singer("import", "--check", path, passphrase: nil)
            #expect(checked.status == 0 && checked.output.contains(": andre, key ") && checked.output.hasSuffix(", 12 entries, all verified\n"), "\(checked)")
            let andre = try await old.login("andre")
            let timeline = try await andre.ask("FEED andre").rows
            #expect(timeline.count == 8)
            andre.close()
            // The machine is gone for good.
            old.kill()
            let new = try await network.peer("new", joining: hub)
            let wrong = try singer("import", "--port", String(new.gatewayPort), path, passphrase: "wrong-horse")
            #expect(wrong.status == 1 && wrong.error.hasPrefix("singer: ERR BAD_LOGIN "), "\(wrong)")
            let imported = try singer("import", "--port", String(new.gatewayPort), path)
            // Some may have come from the hub meanwhile.
            #expect(imported.status == 0 && imported.output.contains(/: 12 entries of andre, \d+ new here\n$/), "\(imported)")
            let alone = try await network.peer("alone")
            #expect(try singer("import", "--port", String(alone.gatewayPort), path).output == "\(path): 12 entries of andre, 12 new here\n")
            alone.stop()
            let again = try singer("import", "--port", String(new.gatewayPort), path)
            #expect(again.status == 0 && again.output == "\(path): 12 entries of andre, 0 new here\n", "\(again)")

            let moved = try await new.login("andre")
            #expect(try await moved.ask("FEED andre").rows == timeline)
            #expect(try await moved.ask("FOLLOWING").rows == ["diogo"])
            #expect(try await moved.ask("WHOIS andre").rows.contains { $0.hasSuffix("bio sings") })
            // Follows hold: what diogo writes comes, and he sees what is written from here.
            let diogo = try await hub.login("diogo")
            try await diogo.ask("FOLLOWERS") { $0.rows == ["andre"] }
            let post = try await diogo.ask("POST are you there?")
            try await moved.push(with: "are you there? [\(post.id)]")
            _ = try await diogo.ask("FOLLOW andre")
            let answer = try await moved.ask("POST here I am")
            try await diogo.push(with: "here I am [\(answer.id)]")

            // The file takes in what was written since, of the other device too.
            let more = try singer("export", "--user", "andre", "--port", String(new.gatewayPort), path)
            #expect(more.status == 0 && more.output == "\(path): 13 entries, 1 new\n", "\(more)")
            #expect(try singer("import", "--check", path).output.hasSuffix(", 13 entries, all verified\n"))
        }
    }

    @Test func `a file that was changed is refused with the number of the line, and nothing of it goes anywhere`() async throws {
        try await withArchive { network, hub, old, path in
            let whole = try lines(path)
            let bad = network.directory + "/bad.jsonl"
            func refused(_ lines: [String], _ why: String) async throws {
                try (lines.joined(separator: "\n") + "\n").write(toFile: bad, atomically: true, encoding: .utf8)
                for arguments in [["import", "--check", bad], ["import", "--port", String(hub.gatewayPort), bad]] {
                    let result = arguments.count == 3 ? try singer(arguments[0], arguments[1], arguments[2]) : try singer("import", "--port", arguments[2], bad)
                    #expect(result.status == 1 && result.output.isEmpty && result.error == "singer: \(bad)\(why)\n", "\(result)")
                }
            }
            var changed = whole
            changed[2] = changed[2].replacing("post 1", with: "post 9")
            try await refused(changed, ":3: it shows something else than what was signed")
            changed = whole
            let encoded = try #require(changed[3].firstMatch(of: #/"entry":"([^"]+)"/#)).1
            var bytes = try #require(Data(base64Encoded: String(encoded)))
            bytes[bytes.count - 20] ^= 1
            changed[3] = changed[3].replacing(encoded, with: bytes.base64EncodedString())
            try await refused(changed, ":4: it has not the body that was signed")
            changed = whole
            changed.swapAt(5, 6)
            try await refused(Array(whole[...4] + [whole[4]]), ":6: entry 4 of its log stands in the wrong place")
            try await refused(["{\"singer\":\"other\"}"] + whole.dropFirst(), ":1: not an archive of Singer")
            try await refused(
                [whole[0].replacing("\"name\":\"andre\"", with: "\"name\":\"diogo\"")] + whole.dropFirst(), ":1: the claim is not that of the account")
            try await refused(whole + ["nonsense"], ":\(whole.count + 1): it is no entry")
            #expect(try await hub.connect().ask("LOGIN andre correct-horse").last.hasPrefix("ERR BAD_LOGIN "))

            // What is somebody else's is not written over, whether or not it has a whole line.
            for other in ["{\"a\":1}", "{\"a\":1}\n"] {
                try other.write(toFile: bad, atomically: true, encoding: .utf8)
                let result = try singer("export", "--user", "andre", "--port", String(old.gatewayPort), bad)
                #expect(result.status == 1 && result.error == "singer: \(bad):1: not an archive of Singer\n", "\(result)")
                #expect(try String(contentsOfFile: bad, encoding: .utf8) == other)
            }

            // An export that was cut off in the middle of a line goes on.
            try (whole[..<5].joined(separator: "\n") + "\n" + whole[5].prefix(100)).write(toFile: bad, atomically: true, encoding: .utf8)
            let cut = try singer("import", "--check", bad)
            #expect(cut.status == 1 && cut.error == "singer: \(bad):6: the file ends inside an entry; export to it again\n")
            let resumed = try singer("export", "--user", "andre", "--port", String(old.gatewayPort), bad)
            #expect(resumed.status == 0 && resumed.output == "\(bad): 12 entries, 8 new\n", "\(resumed)")
            #expect(try lines(bad) == whole)
        }
    }

    @Test func `an import that was cut off goes on`() async throws {
        try await withArchive { network, hub, _, path in
            let new = try await network.peer("new", joining: hub)
            let part = network.directory + "/part.jsonl"
            try (lines(path)[..<6].joined(separator: "\n") + "\n").write(toFile: part, atomically: true, encoding: .utf8)
            // Some may have come by themselves already: the old peer is there.
            #expect(try singer("import", "--port", String(new.gatewayPort), part).output.hasPrefix("\(part): 5 entries of andre, "))
            new.kill()
            let again = try await network.restart("new", new, joining: hub)
            let rest = try singer("import", "--port", String(again.gatewayPort), path)
            #expect(rest.status == 0 && rest.output.hasPrefix("\(path): 12 entries of andre, "), "\(rest)")
            #expect(try singer("import", "--port", String(again.gatewayPort), path).output == "\(path): 12 entries of andre, 0 new here\n")
        }
    }

    @Test func `what cannot be done is told in one line each`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        andre.close()
        let port = String(peer.gatewayPort)
        let path = network.directory + "/andre.jsonl"
        let missing = try singer("import", "--port", port, path)
        #expect(missing.status == 1 && missing.error == "singer: \(path): No such file or directory\n", "\(missing)")
        let nobody = try singer("export", "--port", port, path)
        #expect(nobody.status == 1 && nobody.error == "singer: \(path): whose entries? --user says it, or SINGER_USER\n", "\(nobody)")
        let dead = try singer("export", "--user", "andre", "--port", "1", path)
        #expect(dead.status == 2 && dead.error.hasPrefix("singer: no peer at 127.0.0.1:1 "), "\(dead)")
        let wrong = try singer("export", "--user", "andre", "--port", port, path, passphrase: "wrong-horse")
        #expect(wrong.status == 1 && wrong.error.hasPrefix("singer: ERR BAD_LOGIN "), "\(wrong)")
        #expect(!FileManager.default.fileExists(atPath: path))
        // Another account's archive is not written to.
        #expect(try singer("export", "--user", "andre", "--port", port, path).status == 0)
        _ = try await peer.register("diogo")
        let other = try singer("export", "--user", "diogo", "--port", port, path)
        #expect(other.status == 1 && other.error == "singer: \(path): an archive of another account, andre\n", "\(other)")
    }
}
