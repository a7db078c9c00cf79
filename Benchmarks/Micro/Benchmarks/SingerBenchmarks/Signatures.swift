import Benchmark
import SingerCore
import SingerTesting

/// What a post costs its author's peer and every other before it is stored.
func signatureBenchmarks() {
    let text = String(repeating: "x", count: 100)

    Benchmark("sign: one entry of 100 bytes of text") { benchmark in
        var author = TestAuthor("andre")
        for _ in benchmark.scaledIterations { blackHole(author.post(text)) }
    }

    Benchmark("verify: one entry, its certificate known", configuration: .init(warmupIterations: 1)) { benchmark in
        var author = TestAuthor("andre")
        let count = benchmark.scaledIterations.count
        // This process remembers the signatures that it has made, too: so many later it has forgotten them.
        let wire = (0..<count + 8_192).map { _ in author.post(text) }.prefix(count).map(\.wire)
        benchmark.startMeasurement()
        for entry in wire { blackHole(try? Entry(verifying: entry, certificate: author.certificate)) }
        benchmark.stopMeasurement()
    }

    Benchmark("verify: one entry that has just come another way") { benchmark in
        var author = TestAuthor("andre")
        let wire = author.post(text).signedWire
        for _ in benchmark.scaledIterations { blackHole(try? Entry(verifying: wire)) }
    }
}
