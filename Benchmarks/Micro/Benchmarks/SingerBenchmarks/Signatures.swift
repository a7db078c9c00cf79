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

    Benchmark("verify: one entry, its certificate known") { benchmark in
        var author = TestAuthor("andre")
        let wire = author.post(text).wire
        for _ in benchmark.scaledIterations { blackHole(try? Entry(verifying: wire, certificate: author.certificate)) }
    }

    Benchmark("verify: one entry with its certificate") { benchmark in
        var author = TestAuthor("andre")
        let wire = author.post(text).signedWire
        for _ in benchmark.scaledIterations { blackHole(try? Entry(verifying: wire)) }
    }
}
