import Foundation
import SingerTesting
import Testing

extension FaultTests {
    @Test(.enabled(if: SmallDisk.canMount, "mounting a tmpfs takes root"))
    func `a full disk refuses posts and goes on reading, and posts are taken again when there is room`() async throws {
        let network = try Network()
        defer { network.remove() }
        let disk = try SmallDisk(at: network.directory + "/a", mebibytes: 8)
        defer { disk.unmount() }
        var peer = try await network.peer("a")
        var andre = try await peer.register("andre")
        var acknowledged: [String] = []
        let filling = String(repeating: "x", count: 1_900)
        func post(_ text: String) async throws -> String {
            let reply = try await andre.ask("POST \(text) \(filling)")
            if reply.isOK { acknowledged.append(reply.id) }
            return reply.last
        }
        for number in 1...20 { #expect(try await post("before \(number)").hasPrefix("OK ")) }
        try disk.fill()
        // What the files have room for is still taken.
        var refusal = "OK"
        for number in 1...2_000 where refusal.hasPrefix("OK") { refusal = try await post("tight \(number)") }
        #expect(refusal.hasPrefix("ERR STORAGE_FULL "))
        #expect(try await post("none").hasPrefix("ERR STORAGE_FULL "))
        let count = acknowledged.count
        print("\(count) posts before the disk was full")
        #expect(try await andre.timeline().count == count)
        let newest = try #require(acknowledged.last)
        #expect(try await andre.ask("SHOW \(newest)").isOK)
        #expect(try await peer.login("andre").ask("TIMELINE").rows.count == 20)

        try disk.makeRoom()
        #expect(try await post("after").hasPrefix("OK "))
        peer.kill()
        peer = try await network.restart("a", peer)
        andre = try await peer.login("andre")
        #expect(try await post("and after that").hasPrefix("OK "))
        let timeline = try await andre.timeline()
        let shown: [String] = timeline.compactMap { row in row.firstMatch(of: /\[([a-z2-7]{5})[a-z2-7]*\]$/).map { String($0.1) } }
        let wanted: [String] = acknowledged.reversed().map { String($0.prefix(5)) }
        #expect(shown == wanted)
        #expect(!timeline.contains { $0.contains("<andre> none ") })
    }

    @Test func `a damaged database is told at start, with what to do`() async throws {
        let network = try Network()
        defer { network.remove() }
        let peer = try await network.peer("a")
        let andre = try await peer.register("andre")
        for number in 1...300 { andre.send("POST number \(number)") }
        for _ in 1...300 { #expect(try await andre.reply().isOK) }
        #expect(peer.stop() == 0)
        let path = network.directory + "/a/singer.db"
        let whole = try Data(contentsOf: URL(filePath: path))
        let pageBytes = 4_096
        let middle = whole.count / pageBytes / 2 * pageBytes
        let garbage = Data(repeating: 0xa5, count: pageBytes)
        let damages: [(String, (inout Data) -> Void)] = [
            ("no database", { $0 = Data("not a database at all".utf8) }),
            ("its first page", { $0.replaceSubrange(0..<pageBytes, with: garbage) }),
            ("its second page", { $0.replaceSubrange(pageBytes..<(2 * pageBytes), with: garbage) }),
            ("pages in the middle", { $0.replaceSubrange(middle..<(middle + 4 * pageBytes), with: garbage + garbage + garbage + garbage) }),
            ("cut off", { $0 = $0.prefix(middle) }),
            ("cut to nothing", { $0 = Data() }),
        ]
        for (what, damage) in damages {
            var bytes = whole
            damage(&bytes)
            try bytes.write(to: URL(filePath: path))
            do {
                let started = try await network.restart("a", peer)
                started.kill()
                Issue.record("it started: \(what)")
            } catch let error as PeerProcess.CannotStart {
                #expect(error.status == 1, "\(what)")
                #expect(error.standardError.contains("\(path) is damaged"), "\(what): \(error.standardError)")
                #expect(error.standardError.contains("Restore a copy of the data directory, or move it away to begin anew."), "\(what)")
                #expect(error.standardError.split(separator: "\n").count == 1, "\(what): \(error.standardError)")
            }
        }
        // Following the advice.
        try whole.write(to: URL(filePath: path))
        let restored = try await network.restart("a", peer)
        #expect(try await restored.login("andre").timeline().count == 300)
    }
}

/// A file system in memory, of a few mebibytes.
private struct SmallDisk {
    private let path: String
    private var filler: String { path + "/filler" }

    static let canMount: Bool = {
        let path = NSTemporaryDirectory() + "singer-mount-\(UUID().uuidString)"
        guard let disk = try? SmallDisk(at: path, mebibytes: 1) else {
            rmdir(path)
            return false
        }
        disk.unmount()
        rmdir(path)
        return true
    }()

    init(at path: String, mebibytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let status = try Self.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=0700", "singer-test", path)
        guard status == 0 else { throw LineClient.TimedOut(description: "mount ended with \(status)") }
    }

    func unmount() { _ = try? Self.run("umount", "-l", path) }

    /// Takes all the room that is left.
    func fill() throws {
        let file = open(filler, O_CREAT | O_WRONLY, 0o600)
        guard file >= 0 else { throw LineClient.TimedOut(description: "cannot make \(filler)") }
        let page = [UInt8](repeating: 0, count: 4_096)
        while write(file, page, page.count) == page.count {}
        close(file)
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }

    private static func run(_ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
