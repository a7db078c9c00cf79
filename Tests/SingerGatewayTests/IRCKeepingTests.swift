import Foundation
import SingerCore
import SingerNode
import SingerTesting
import Testing

@testable import SingerGateway

/// What IRC clients of an account find again.
@Suite(.timeLimit(.minutes(1))) struct IRCKeepingTests {
    private static let capabilities = "batch draft/read-marker draft/metadata-3 message-tags"

    /// What a peer that was shut down left, for one that is started anew: the lock goes with the last task of the first.
    private static func copy(of directory: TemporaryDirectory) throws -> TemporaryDirectory {
        let copy = TemporaryDirectory()
        try FileManager.default.copyItem(atPath: directory.path + "/singer.db", toPath: copy.path + "/singer.db")
        return copy
    }

    @Test func `read markers, metadata and channels of an account outlive the peer`() async throws {
        let before = TemporaryDirectory()
        try await withGateway(in: before.path) { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                try await andre.register("andre", Self.capabilities)
                _ = try await andre.ask("REGISTER andre correct-horse", "JOIN #talk,#more", "PART #more")
                #expect(
                    try await andre.ask("MARKREAD &home timestamp=2022-12-11T10:56:05.123Z") == [
                        ":singer.local MARKREAD &home timestamp=2022-12-11T10:56:05.123Z"
                    ])
                #expect(try await andre.ask("METADATA * SET url :https://example.org").mention(" 761 andre andre url * :https://example.org"))
            }
        }
        let directory = try Self.copy(of: before)
        try await withGateway(in: directory.path) { (gateway) async throws in
            try await gateway.connect { (andre) async throws in
                let said = try await andre.ask(
                    "CAP REQ :\(Self.capabilities)", "PASS andre:correct-horse", "NICK x", "USER x 0 * :x", "CAP END")
                #expect(said.mention(" JOIN #talk"))
                #expect(!said.mention("#more"))
                #expect(said.mention(" MARKREAD &home timestamp=2022-12-11T10:56:05.123Z"))
                let own = try #require(said.firstIndex { $0.hasSuffix(" 761 andre andre url * :https://example.org") })
                let end = try #require(said.firstIndex { $0.contains(" 376 ") })
                #expect(own < end)
                // It never goes back.
                let old = try await andre.ask("MARKREAD &HOME timestamp=2021-01-01T00:00:00.000Z", "MARKREAD &home")
                #expect(old.allSatisfy { $0.hasSuffix(" timestamp=2022-12-11T10:56:05.123Z") } && old.count == 2)
                // Who takes leave does not come back to channels.
                _ = try await andre.ask("QUIT")
            }
            try await gateway.connect { (andre) async throws in
                #expect(try await !andre.ask("PASS andre:correct-horse", "NICK x", "USER x 0 * :x").mention("#talk"))
                _ = try await andre.ask("METADATA * CLEAR")
                #expect(try await andre.ask("CAP REQ batch", "METADATA * LIST").count == 3)
            }
        }
    }

    @Test func `who comes back does not pass a key that a channel took meanwhile`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (bob) async throws in
                try await bob.register("bob")
                _ = try await bob.ask("JOIN #talk,#more")
                try await gateway.connect { (andre) async throws in
                    try await andre.register("andre")
                    _ = try await andre.ask("REGISTER andre correct-horse", "JOIN #talk,#more")
                }
                _ = try await bob.wait(for: " QUIT ")
                _ = try await bob.ask("MODE #talk +k secret")
                try await gateway.connect { (andre) async throws in
                    let said = try await andre.ask("PASS andre:correct-horse", "NICK andre", "USER andre 0 * :andre")
                    #expect(said.mention(" 475 andre #talk ") && !said.mention(" JOIN #talk") && said.mention(" JOIN #more"), "\(said)")
                }
            }
        }
    }

    @Test func `markers and metadata are the account's under every nick it has`() async throws {
        try await withGateway { (gateway) async throws in
            try await gateway.connect { (first) async throws in
                try await first.register("andre", Self.capabilities)
                _ = try await first.ask("REGISTER andre correct-horse", "NS SET MULTICLIENT OFF", "METADATA * SUB status")
                try await gateway.connect { (second) async throws in
                    try await second.register("phone", Self.capabilities)
                    _ = try await second.ask("METADATA * SET mood :fine")
                    _ = try await second.ask("AUTHENTICATE PLAIN", "AUTHENTICATE " + Data("\0andre\0correct-horse".utf8).base64EncodedString())
                    _ = try await second.ask("MARKREAD #x timestamp=2022-12-11T10:56:05.123Z", "METADATA * SET status :away")
                    #expect(try await first.wait(for: "MARKREAD #x").hasSuffix(" timestamp=2022-12-11T10:56:05.123Z\r\n"))
                    #expect(try await first.ask("METADATA * GET status").mention(" 761 andre andre status * :away"))
                    _ = try await second.ask("LOGOUT")
                    #expect(try await second.ask("METADATA * GET status").mention(" 766 "))
                }
            }
        }
    }

    @Test func `posts from the past show when they were written, to those whose clients would not`() async throws {
        let directory = TemporaryDirectory()
        let past: @Sendable () -> Milliseconds = { Node.systemClock() - 3 * 3_600_000 }
        try await withGateway(in: directory.path, clock: past) { (gateway) async throws in
            try await gateway.connect { (diogo) async throws in
                _ = try await diogo.ask("NICK d", "USER d 0 * :d", "REGISTER diogo correct-horse")
                try await gateway.connect { (andre) async throws in
                    _ = try await andre.ask("NICK a", "USER a 0 * :a", "REGISTER andre correct-horse", "FOLLOW diogo", "QUIT")
                }
                _ = try await diogo.ask("POST hello from before")
            }
        }
        for capabilities in ["", "server-time"] {
            let copy = try Self.copy(of: directory)
            try await withGateway(in: copy.path) { (gateway) async throws in
                try await gateway.connect { (andre) async throws in
                    try await andre.register("a", capabilities)
                    try await andre.send("LOGIN andre correct-horse\r\n")
                    let line = try await andre.wait(for: "hello from before")
                    let isStamped = line.contains(#/ PRIVMSG &home :\[\d\d-\d\d \d\d:\d\d\] hello from before \[[a-z2-7]{5}\]/#)
                    #expect(isStamped == capabilities.isEmpty)
                    #expect(line.hasPrefix("@time=20") != capabilities.isEmpty)
                    let new = try await andre.ask("CAP REQ echo-message", "PRIVMSG &home :hello now")
                    #expect(new.mention(" PRIVMSG &home :hello now ["))
                }
            }
        }
    }

    @Test func `a time of another year has its year`() {
        _ = Fixture.post("", by: Fixture.andre)
        #expect(Timestamp.short(Fixture.time, now: Fixture.time + 3_600_000) == "12-11 10:56")
        #expect(Timestamp.short(Fixture.time, now: Fixture.time + 400 * 86_400_000) == "2022-12-11 10:56")
    }
}
