import Benchmark
import Foundation
import SingerCore
import SingerStore
import SingerTesting

/// A data directory of its own for each benchmark, on the disk that holds temporary files.
private struct Fixture {
    let directory = FileManager.default.temporaryDirectory.appending(path: "singer-bench-\(UUID().uuidString)").path
    let store: Store
    var author = TestAuthor("andre")

    init(posts: Int) async throws {
        store = try Store(directory: directory)
        if posts > 0 { _ = try await store.ingest(author.posts(posts), now: author.clock) }
    }

    func remove() {
        store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// The store by itself: what entries of other peers cost, and what reading costs.
func storeBenchmarks() {
    Benchmark("store: 256 entries of another peer, one commit", configuration: .init(scalingFactor: .one)) { benchmark in
        var fixture = try await Fixture(posts: 0)
        for _ in benchmark.scaledIterations {
            let entries = fixture.author.posts(256)
            benchmark.startMeasurement()
            blackHole(try await fixture.store.ingest(entries, now: fixture.author.clock))
            benchmark.stopMeasurement()
        }
        fixture.remove()
    }

    Benchmark("store: one entry, one commit", configuration: .init(scalingFactor: .one)) { benchmark in
        var fixture = try await Fixture(posts: 0)
        for _ in benchmark.scaledIterations {
            let entry = fixture.author.post("one")
            benchmark.startMeasurement()
            blackHole(try await fixture.store.ingest([entry], now: fixture.author.clock))
            benchmark.stopMeasurement()
        }
        fixture.remove()
    }

    for posts in [1_000, 10_000] {
        Benchmark("store: the newest 20 of a feed of \(posts)", configuration: .init(scalingFactor: .one)) { benchmark in
            let fixture = try await Fixture(posts: posts)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(try await fixture.store.feed(of: fixture.author.account, count: 20, before: nil)) }
            benchmark.stopMeasurement()
            fixture.remove()
        }
    }
}
