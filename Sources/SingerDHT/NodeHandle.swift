import COpenDHT
import SingerCore

import struct Foundation.Data

/// The node in C, and the bridge over which values and events come from its thread.
final class NodeHandle: Sendable {
    /// Usable from any thread, also after `stop`.
    private nonisolated(unsafe) let node: OpaquePointer

    init(
        host: String, port: UInt16, network: UInt32, discovery: Bool, gate: StorageGate, changed: @escaping @Sendable () -> Void,
        log: @escaping @Sendable (String) -> Void
    ) throws(DirectoryError) {
        let kinds = RecordKind.allCases.map { copendht_kind(id: $0.rawValue, lifetime_seconds: $0.lifetime / 1_000) }
        let events = NodeEvents(gate: gate, changed: changed, log: log)
        var error = [CChar](repeating: 0, count: 256)
        let started = host.withCString { host in
            kinds.withUnsafeBufferPointer { kinds in
                // `allCases` is not empty, so the buffer has an address.
                kinds.baseAddress.flatMap { base in
                    var config = copendht_config(
                        network: network, host: host, port: port, discovery: discovery, kinds: base, kinds_count: kinds.count,
                        value_bytes_max: 2 * Limits.recordBytesMax, values_per_key_max: Limits.recordsPerKeyMax, store_bytes_max: 256 << 20,
                        // Far above what peers ask of each other, for all the nodes of a test share one address.
                        requests_per_second_max: 16_384, requests_per_second_per_peer_max: 8_192,
                        context: Unmanaged.passRetained(events).toOpaque(), release: NodeEvents.release, accept: NodeEvents.accept,
                        changed: NodeEvents.changed, log: NodeEvents.log)
                    return copendht_start(&config, &error, error.count)
                }
            }
        }
        guard let started else {
            throw .cannotStart(String(decoding: error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        node = started
    }

    deinit { copendht_free(node) }

    /// Waits for the threads of the node, some milliseconds. All streams end, and from then on nothing happens here any more.
    func stop() { copendht_stop(node) }

    var status: copendht_status {
        var status = copendht_status()
        copendht_get_status(node, &status)
        return status
    }

    func ping(_ host: String, _ port: UInt16) { copendht_ping(node, host, port) }

    /// Meets the neighbours: Kademlia's lookup of the own id.
    func refresh() { copendht_refresh(node) }

    /// The good nodes, as `host:port` lines.
    func exportNodes() -> Data {
        var bytes = [CChar](repeating: 0, count: 64 << 10)
        let count = copendht_export_nodes(node, &bytes, bytes.count)
        return Data(bytes.prefix(count).map(UInt8.init(bitPattern:)))
    }

    /// - Parameter force: don't ask the storage rule, as a hostile node would not.
    func put(_ bytes: Data, _ kind: RecordKind, at place: DirectoryKey, valueID: UInt64, permanent: Bool, force: Bool = false) {
        put(bytes, type: kind.rawValue, at: place, valueID: valueID, permanent: permanent, force: force)
    }

    /// Puts a value of a type that is none of ours, as a hostile node might.
    func putForeign(_ bytes: Data, type: UInt16, at place: DirectoryKey) {
        put(bytes, type: type, at: place, valueID: UInt64(type) + 1_000, permanent: true, force: true)
    }

    private func put(_ bytes: Data, type: UInt16, at place: DirectoryKey, valueID: UInt64, permanent: Bool, force: Bool) {
        let key = [UInt8](place.bytes)
        let data = [UInt8](bytes)
        key.withUnsafeBufferPointer { key in
            data.withUnsafeBufferPointer { data in
                guard let base = key.baseAddress else { return }
                var value = copendht_value(key: base, id: valueID, kind: type, data: data.baseAddress, size: data.count)
                copendht_put(node, &value, permanent, force)
            }
        }
    }

    func cancelPut(at place: DirectoryKey, valueID: UInt64) {
        copendht_cancel_put(node, [UInt8](place.bytes), valueID)
    }

    /// Values as they come; the stream ends when all have come.
    func get(_ place: DirectoryKey, _ kind: RecordKind) -> AsyncStream<RawValue> {
        let (stream, reader) = ValueReader.make()
        copendht_get(node, [UInt8](place.bytes), kind.rawValue, reader.handOver())
        return stream
    }

    /// Values that are there and that come, until the stream is dropped or the node stops.
    func listen(_ place: DirectoryKey, _ kind: RecordKind) -> AsyncStream<RawValue> {
        let (stream, reader) = ValueReader.make()
        let token = copendht_listen(node, [UInt8](place.bytes), kind.rawValue, reader.handOver())
        reader.onTermination { [weak self] in self?.cancelListen(token) }
        return stream
    }

    private func cancelListen(_ token: UInt64) { copendht_cancel_listen(node, token) }
}

extension copendht_status {
    var port: Int { Int(port4 != 0 ? port4 : port6) }
    /// A node that answers over IPv4 and IPv6 is one.
    var goodNodes: Int { Int(max(good4, good6)) }
    /// Values that lie here, for others or our own.
    var storedValues: Int { store_values }

    var publicHosts: [String] {
        withUnsafeBytes(of: hosts) { bytes in
            (0..<min(hosts_count, Int(COPENDHT_HOSTS_MAX))).map { index in
                let start = index * Int(COPENDHT_HOST_BYTES)
                return String(decoding: bytes[start..<start + Int(COPENDHT_HOST_BYTES)].prefix { $0 != 0 }, as: UTF8.self)
            }
        }
    }
}
