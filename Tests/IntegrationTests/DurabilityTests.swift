import Foundation
import SingerTesting
import Testing

/// What is acknowledged, or shown, is on the disk: seen with a disk that does not answer while it is told not to.
@Suite(.enabled(if: HeldDisk.library != nil, "the library cannot be made"), .timeLimit(.minutes(2)))
struct DurabilityTests {
    /// Long enough for a reply that does not wait for the disk.
    private static let patience = Duration.milliseconds(400)

    @Test func `no post is acknowledged before the disk has it`() async throws {
        let network = try Network()
        defer { network.remove() }
        let disk = try HeldDisk(in: network.directory)
        let peer = try await network.peer("a", environment: disk.environment)
        let alice = try await peer.register("alice")
        let bob = try await peer.register("bob")
        _ = try await alice.ask("POST the disk answers")

        try disk.hold()
        alice.send("POST first")
        bob.send("POST second")
        bob.send("FOLLOW alice")
        try await disk.awaitHeld()
        await #expect(throws: LineClient.TimedOut.self) { try await alice.line(within: Self.patience) }
        await #expect(throws: LineClient.TimedOut.self) { try await bob.line(within: Self.patience) }
        try disk.release()
        for client in [alice, bob] { #expect(try await client.reply(to: "POST").isOK) }
        #expect(try await bob.reply(to: "FOLLOW").isOK)
    }

    @Test func `no post of another peer is shown before the disk has it here`() async throws {
        let network = try Network()
        defer { network.remove() }
        let disk = try HeldDisk(in: network.directory)
        let a = try await network.peer("a")
        let b = try await network.peer("b", joining: a, environment: disk.environment)
        let alice = try await a.register("alice")
        let bob = try await b.register("bob")
        _ = try await bob.ask("FOLLOW alice")
        _ = try await alice.ask("POST the disk answers")
        try await bob.push(with: "the disk answers")

        try disk.hold()
        _ = try await alice.ask("POST not yet")
        try await disk.awaitHeld()
        await #expect(throws: LineClient.TimedOut.self) { try await bob.push(with: "not yet", within: Self.patience) }
        try disk.release()
        try await bob.push(with: "not yet")
    }
}

/// A disk whose word that it has something can be held back: for programs that are started with its environment.
private struct HeldDisk {
    let environment: [String: String]
    private let hand: String

    init(in directory: String) throws {
        hand = directory + "/hand"
        environment = ["LD_PRELOAD": try #require(Self.library), "HELD_BY": hand]
    }

    func hold() throws { try Data().write(to: URL(filePath: hand)) }
    func release() throws { try FileManager.default.removeItem(atPath: hand) }

    /// Returns when a commit waits for the disk.
    func awaitHeld() async throws {
        while !FileManager.default.fileExists(atPath: hand + ".held") { try await Task.sleep(for: .milliseconds(5)) }
    }

    static let library = PreloadedLibrary.make(
        "singer-held-disk",
        """
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static int held(long call, int file) {
            const char *hand = getenv("HELD_BY");
            char mark[4096];
            snprintf(mark, sizeof mark, "%s.held", hand);
            while (access(hand, F_OK) == 0) {
                close(open(mark, O_CREAT | O_WRONLY, 0600));
                usleep(1000);
            }
            return (int)syscall(call, file);
        }

        int fsync(int file) { return held(SYS_fsync, file); }
        int fdatasync(int file) { return held(SYS_fdatasync, file); }

        """)
}
