import Benchmark
import SingerCore
import SingerTesting

@testable import SingerGateway

/// Bytes to values, and back.
func codecBenchmarks() {
    let text = String(repeating: "x", count: 100)

    Benchmark("codec: an entry to bytes") { benchmark in
        var author = TestAuthor("andre")
        let entry = author.post(text)
        for _ in benchmark.scaledIterations { blackHole(entry.encoded) }
    }

    Benchmark("codec: an entry from the store") { benchmark in
        var author = TestAuthor("andre")
        let entry = author.post(text)
        for _ in benchmark.scaledIterations {
            blackHole(try? Entry(trusting: entry.headerBytes, signature: entry.signature, body: entry.body, certificate: entry.certificate))
        }
    }

    Benchmark("codec: 32 lines of 100 bytes out of one read") { benchmark in
        let read = Array(String(repeating: "POST " + text + "\r\n", count: 32).utf8)
        for _ in benchmark.scaledIterations {
            var decoder = LineDecoder()
            decoder.feed(read)
            while let item = decoder.next() { blackHole(item) }
        }
    }

    Benchmark("codec: a line of IRC taken apart") { benchmark in
        let line = "PRIVMSG #bench :" + text
        for _ in benchmark.scaledIterations { blackHole(try? IRCMessage(parsing: line)) }
    }
}
