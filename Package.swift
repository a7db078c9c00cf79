// swift-tools-version: 6.2
import PackageDescription

// Every target of ours reads the same language: Swift 6, explicit imports and existentials, warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// Swift 6.3.1 with -O loses the hop back to an actor where it inlines actor methods into the closures of task groups: a
// record was once taken off its actor, and the runtime's check ended the process. The pass that removes hops is switched
// off; a hop to where the code runs already costs a comparison, but for tasks that prefer an executor: see LoopTasks.
let actorSettings = settings + [.unsafeFlags(["-Xllvm", "-sil-disable-pass=optimize-hop-to-executor"], .when(configuration: .release))]

// Whether accesses to one variable overlap is asked at run time in debug builds, which the tests are. In release builds the gateway does not ask: it
// is a tenth of what a line costs outside the kernel.
let gatewaySettings = actorSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

// The modules that only calculate are optimised in debug builds too: a simulated network is ten times as fast.
let pureSettings = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

// A release carries the Swift runtime in its programs: they run where no toolchain is installed, an idle peer takes 9 MiB less, and what is called
// seldom is called sooner. Foundation is named with its parts, which the modules of a dynamic build do not name. Packed relocations need glibc 2.36.
let foundation = ["Foundation", "FoundationInternationalization", "FoundationEssentials", "CoreFoundation"]
let foundationParts = ["_FoundationCShims", "_FoundationCollections", "_FoundationICU", "swiftDispatch", "dispatch", "BlocksRuntime"]
let lldOptions = ["--no-export-dynamic", "--icf=safe", "-z", "pack-relative-relocs"].flatMap { ["-Xlinker", $0] }
let programLinking: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-use-ld=lld"] + (foundation + foundationParts).map { "-l\($0)" } + lldOptions, .when(platforms: [.linux], configuration: .release))
]

let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "singer",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "singer", targets: ["singer"]),
        .executable(name: "singerd", targets: ["singerd"]),
        // For development: the network in one process, in virtual time.
        .executable(name: "singer-sim", targets: ["singer-sim"]),
        // For Benchmarks/Micro, a package of its own.
        .library(name: "SingerLibrary", targets: ["SingerCore", "SingerStore", "SingerGateway", "SingerTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Values and rules. No IO, no clock.
        .target(name: "SingerWire", dependencies: [protobuf], exclude: ["singer.proto"], swiftSettings: pureSettings),
        .target(name: "SingerCore", dependencies: ["SingerWire", crypto, cryptoExtras, protobuf], swiftSettings: pureSettings),
        .target(name: "SingerReplication", dependencies: ["SingerCore"], swiftSettings: pureSettings),

        // The replica under faults: for tests, and for `singer-sim`.
        .target(name: "SingerSimulation", dependencies: ["SingerCore", "SingerReplication"], swiftSettings: pureSettings),
        .executableTarget(name: "singer-sim", dependencies: ["SingerSimulation", "SingerCore", arguments], swiftSettings: settings),

        // One module for each foreign dependency.
        .target(name: "SingerStore", dependencies: ["SingerCore", grdb, sqlite], swiftSettings: actorSettings),
        .target(name: "COpenDHT", linkerSettings: [.linkedLibrary("opendht")]),
        .target(name: "SingerDHT", dependencies: ["SingerCore", "COpenDHT", logging], swiftSettings: actorSettings),
        .target(
            name: "SingerPeer",
            dependencies: ["SingerCore", "SingerWire", crypto, nioCore, nioPosix, nioTLS, nioSSL, x509, asn1, logging],
            swiftSettings: actorSettings),

        // The use cases, and the port that offers them.
        .target(
            name: "SingerNode",
            dependencies: ["SingerCore", "SingerReplication", "SingerStore", "SingerDHT", "SingerPeer", "SingerWire", lifecycle, logging],
            swiftSettings: actorSettings),
        .target(
            name: "SingerGateway",
            dependencies: ["SingerCore", "SingerNode", deque, nioCore, nioPosix, nioSSL, nioHTTP1, nioWebSocket, lifecycle, logging],
            swiftSettings: gatewaySettings),
        .executableTarget(
            name: "singerd",
            dependencies: [
                "SingerCore", "SingerStore", "SingerDHT", "SingerPeer", "SingerNode", "SingerGateway", arguments, configuration, lifecycle, unixSignals,
                nioPosix, system, logging,
            ],
            swiftSettings: actorSettings, linkerSettings: programLinking),

        // The client. It has no tasks and no actors: one thread and poll(2), so it is small, and there at once.
        .target(name: "CReadline", linkerSettings: [.linkedLibrary("readline")]),
        .target(name: "SingerClient", dependencies: ["SingerCore", "CReadline"], swiftSettings: settings),
        .executableTarget(name: "singer", dependencies: ["SingerClient", "SingerCore", arguments], swiftSettings: settings, linkerSettings: programLinking),

        // Tests.
        .target(
            name: "SingerTesting", dependencies: ["SingerCore", "SingerReplication", "SingerWire"], swiftSettings: settings),
        .testTarget(name: "SingerCoreTests", dependencies: ["SingerCore", "SingerWire", "SingerTesting"], swiftSettings: settings),
        .testTarget(
            name: "SingerReplicationTests", dependencies: ["SingerReplication", "SingerSimulation", "SingerCore", "SingerTesting"], swiftSettings: settings),
        .testTarget(name: "SingerStoreTests", dependencies: ["SingerStore", "SingerCore", "SingerTesting", grdb], swiftSettings: settings),
        .testTarget(name: "SingerDHTTests", dependencies: ["SingerDHT", "SingerCore"], swiftSettings: settings),
        .testTarget(
            name: "SingerPeerTests",
            dependencies: ["SingerPeer", "SingerCore", "SingerWire", "SingerTesting", nioCore, nioPosix, nioTLS, nioSSL, crypto, x509, asn1, logging],
            swiftSettings: settings),
        .testTarget(
            name: "SingerNodeTests",
            dependencies: [
                "SingerNode", "SingerCore", "SingerStore", "SingerDHT", "SingerPeer", "SingerWire", "SingerTesting", nioPosix, grdb, lifecycle, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SingerGatewayTests",
            dependencies: [
                "SingerGateway", "SingerNode", "SingerStore", "SingerDHT", "SingerPeer", "SingerCore", "SingerTesting", nioCore, nioPosix, nioSSL, lifecycle,
                logging,
            ],
            swiftSettings: settings),
        .testTarget(name: "SingerClientTests", dependencies: ["SingerClient", "CReadline", "SingerCore", "SingerTesting"], swiftSettings: settings),
        // The real client at a real peer, in a real terminal.
        .testTarget(name: "ClientTests", dependencies: ["SingerTesting", "singer", "singerd"], swiftSettings: settings),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["SingerCore", "SingerWire", "SingerPeer", "SingerDHT", "SingerTesting", "singerd", nioCore, nioPosix, nioSSL, logging],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
