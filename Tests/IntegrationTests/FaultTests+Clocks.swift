import Foundation
import SingerTesting
import Testing

extension FaultTests {
    private static let twoDays = 2 * 24 * 60 * 60

    @Test(.enabled(if: WrongClock.library != nil, "the library cannot be made"))
    func `a peer two days behind is read by others, and shows what they wrote once its clock is right`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        var second = try await network.peer("b", joining: first, environment: WrongClock.environment(seconds: -Self.twoDays))
        let andre = try await first.register("andre")
        var diogo = try await second.register("diogo")
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        try await andre.push(with: "* follow diogo")
        try await diogo.push(with: "* notice the clock of this peer is 2 days behind other peers'")
        #expect(try await andre.ask("FOLLOW diogo").isOK)
        #expect(try await andre.ask("POST today").isOK)
        let old = try await diogo.ask("POST two days ago")
        try await andre.push(with: "two days ago [\(old.id)]")
        let timeline = try await andre.timeline()
        #expect(timeline.count == 2)
        #expect(timeline.first?.contains("<andre> today ") == true)
        #expect(second.stop() == 0)

        second = try await network.restart("b", second, joining: first)
        diogo = try await second.login("diogo")
        try await diogo.ask("TIMELINE") { $0.rows == timeline }
        try await diogo.ask("FOLLOWERS") { $0.rows == ["andre"] }
        let now = try await diogo.ask("POST and now")
        try await andre.push(with: "and now [\(now.id)]")
        #expect(try await andre.timeline() == diogo.timeline())
    }

    @Test(.enabled(if: WrongClock.library != nil, "the library cannot be made"))
    func `a peer two days ahead sees everything at once, and holds nobody else up`() async throws {
        let network = try Network()
        defer { network.remove() }
        let first = try await network.peer("a")
        let second = try await network.peer("b", joining: first, environment: WrongClock.environment(seconds: Self.twoDays))
        let third = try await network.peer("c", joining: first)
        let andre = try await first.register("andre")
        let diogo = try await second.register("diogo")
        let tiago = try await third.register("tiago")
        #expect(try await andre.ask("FOLLOW diogo").isOK)
        #expect(try await diogo.ask("FOLLOW andre").isOK)
        #expect(try await tiago.ask("FOLLOW andre").isOK)
        try await diogo.push(with: "* notice the clock of this peer is 2 days ahead of other peers'")
        try await second.login("diogo").push(with: "* notice the clock of this peer is 2 days ahead of other peers'")
        #expect(try await diogo.ask("POST from the day after tomorrow").isOK)
        let post = try await andre.ask("POST today")
        try await diogo.push(with: "today [\(post.id)]")
        try await tiago.push(with: "today [\(post.id)]")
        #expect(try await diogo.timeline().count == 2)
        // It waits for its day, here and at those whom it reaches by others.
        #expect(try await andre.timeline().count == 1)
        #expect(try await tiago.timeline() == andre.timeline())
    }
}

/// A library that, preloaded, sets the wall clock of one process wrong; clocks that only measure spans stay as they are.
private enum WrongClock {
    static func environment(seconds: Int) -> [String: String] {
        library.map { ["LD_PRELOAD": $0, "SINGER_TEST_CLOCK_SECONDS": "\(seconds)"] } ?? [:]
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static long offset(void) {
            const char *text = getenv("SINGER_TEST_CLOCK_SECONDS");
            return text ? atol(text) : 0;
        }

        int clock_gettime(clockid_t clock, struct timespec *now) {
            int result = (int)syscall(SYS_clock_gettime, clock, now);
            if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += offset();
            return result;
        }

        int gettimeofday(struct timeval *now, void *zone) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            now->tv_sec = time.tv_sec;
            now->tv_usec = time.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *now) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            if (now) *now = time.tv_sec;
            return time.tv_sec;
        }
        """

    static let library = PreloadedLibrary.make("singer-wrong-clock", source)
}
