// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what benchmarks need stays out of the product's graph. `make bench-micro` runs it.
let package = Package(
    name: "singer-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "singer", path: "../.."),
        // Without its interposer, which counts allocations: that would need more packages.
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        .executableTarget(
            name: "SingerBenchmarks",
            dependencies: [
                .product(name: "SingerLibrary", package: "singer"),
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Benchmarks/SingerBenchmarks",
            swiftSettings: [.treatAllWarnings(as: .error)],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ],
    swiftLanguageModes: [.v6]
)
