import Benchmark

/// Each part of the path that a post takes, by itself. Times are of the thread that runs it.
nonisolated(unsafe) let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuUser, .wallClock, .throughput], warmupIterations: 10, scalingFactor: .kilo, maxDuration: .seconds(1), maxIterations: 10_000)
    codecBenchmarks()
    signatureBenchmarks()
    renderBenchmarks()
    storeBenchmarks()
}
