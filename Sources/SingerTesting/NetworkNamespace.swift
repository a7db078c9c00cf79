import Foundation
import Synchronization

/// A network of this machine's own (Linux network namespaces; they take root and `ip`).
public struct NetworkNamespace: Sendable {
    public let name: String

    /// In front of a command that is to run in it.
    var command: [String] { ["ip", "netns", "exec", name] }

    /// Runs something on a thread that is in the namespace: sockets stay where they were made.
    func enter<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        Thread.detachNewThread { [name] in
            outcome.finish(
                Result {
                    try Self.join(name)
                    return try body()
                })
        }
        return try outcome.wait()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let result = Mutex<Result<Value, any Error>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        func finish(_ value: Result<Value, any Error>) {
            result.withLock { $0 = value }
            done.signal()
        }

        func wait() throws -> Value {
            done.wait()
            guard let result = result.withLock({ $0 }) else { preconditionFailure("the thread has ended") }
            return try result.get()
        }
    }

    /// setns(2), which Glibc's module does not show.
    private static func join(_ name: String) throws {
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { throw SplitNetwork.CannotMake(why: "there is no setns") }
        let descriptor = open("/var/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0) == 0 else {
            throw SplitNetwork.CannotMake(why: "cannot enter \(name): \(String(cString: strerror(errno)))")
        }
    }
}

/// Two networks that are one until they are cut apart: then nothing that one sends reaches the other, and nobody is told.
///
///     left 10.87.0.1 … ── veth ── right 10.87.1.1 …
public final class SplitNetwork: Sendable {
    public struct CannotMake: Error, CustomStringConvertible {
        let why: String
        public var description: String { why }
    }

    public let left: NetworkNamespace
    public let right: NetworkNamespace
    private let hosts: Int

    /// Why there are none on this machine; `nil` where there are.
    public static let hindrance: String? = {
        do {
            try SplitNetwork(hosts: 1).remove()
            return nil
        } catch {
            return "\(error)"
        }
    }()

    public static func leftHost(_ number: Int) -> String { "10.87.0.\(number)" }
    public static func rightHost(_ number: Int) -> String { "10.87.1.\(number)" }

    /// - Parameter hosts: addresses on each side, from 1 on.
    public init(hosts: Int) throws {
        let id = String(UInt32.random(in: 0...UInt32.max), radix: 16)
        left = NetworkNamespace(name: "singer-l-\(id)")
        right = NetworkNamespace(name: "singer-r-\(id)")
        self.hosts = hosts
        do {
            for side in [left, right] {
                try Self.run("ip netns add \(side.name)")
                try Self.run("ip -n \(side.name) link set lo up")
            }
            try Self.run("ip -n \(left.name) link add veth0 type veth peer name veth0 netns \(right.name)")
            for (side, own, other) in [(left, 0, 1), (right, 1, 0)] {
                for number in 1...hosts { try Self.run("ip -n \(side.name) addr add 10.87.\(own).\(number)/32 dev lo") }
                try Self.run("ip -n \(side.name) link set veth0 up")
                try Self.run("ip -n \(side.name) route add 10.87.\(other).0/24 dev veth0 src 10.87.\(own).1")
            }
        } catch {
            remove()
            throw error
        }
    }

    /// From now on packets go to a card that is not there.
    public func cut() throws { try forEachNeighbour { "ip -n \($0) neigh replace \($1) lladdr 02:00:00:00:00:99 dev veth0 nud permanent" } }

    public func heal() throws { try forEachNeighbour { "ip -n \($0) neigh del \($1) dev veth0" } }

    public func remove() { for side in [left, right] { try? Self.run("ip netns del \(side.name)") } }

    private func forEachNeighbour(_ command: (String, String) -> String) throws {
        for number in 1...hosts {
            try Self.run(command(left.name, Self.rightHost(number)))
            try Self.run(command(right.name, Self.leftHost(number)))
        }
    }

    private static func run(_ command: String) throws {
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command.split(separator: " ").map(String.init)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CannotMake(why: "\(command): \(said.split(separator: "\n").first ?? "it failed")") }
    }
}
