import COpenDHT
import SingerCore

import struct Foundation.Data

/// What the C node asks and tells. Its functions run on the thread of the node, and belong to no actor.
final class NodeEvents: Sendable {
    private let gate: StorageGate
    private let changed: @Sendable () -> Void
    private let log: @Sendable (String) -> Void

    init(gate: StorageGate, changed: @escaping @Sendable () -> Void, log: @escaping @Sendable (String) -> Void) {
        self.gate = gate
        self.changed = changed
        self.log = log
    }

    static let release: @Sendable @convention(c) (UnsafeMutableRawPointer) -> Void = { Unmanaged<NodeEvents>.fromOpaque($0).release() }

    static let accept: @Sendable @convention(c) (UnsafeMutableRawPointer, UnsafePointer<copendht_value>, UnsafePointer<copendht_value>?, Bool) -> Bool = {
        context, value, old, local in
        let events = Unmanaged<NodeEvents>.fromOpaque(context).takeUnretainedValue()
        let value = value.pointee
        guard let kind = RecordKind(rawValue: value.kind) else { return false }
        let key = Data(bytes: value.key, count: Int(COPENDHT_KEY_BYTES))
        return events.gate.accepts(kind, at: key, valueID: value.id, value.bytes, over: old?.pointee.bytes, local: local)
    }

    static let changed: @Sendable @convention(c) (UnsafeMutableRawPointer) -> Void = {
        Unmanaged<NodeEvents>.fromOpaque($0).takeUnretainedValue().changed()
    }

    static let log: @Sendable @convention(c) (UnsafeMutableRawPointer, UnsafePointer<CChar>) -> Void = { context, message in
        Unmanaged<NodeEvents>.fromOpaque(context).takeUnretainedValue().log(String(cString: message))
    }
}

/// Where the values of one get or listen go. The stream ends when OpenDHT lets go of its reader, whatever the reason.
final class ValueReader: Sendable {
    private let continuation: AsyncStream<RawValue>.Continuation

    private init(_ continuation: AsyncStream<RawValue>.Continuation) { self.continuation = continuation }

    deinit { continuation.finish() }

    static func make() -> (AsyncStream<RawValue>, ValueReader) {
        let (stream, continuation) = AsyncStream.makeStream(of: RawValue.self, bufferingPolicy: .bufferingNewest(Limits.recordsPerKeyMax))
        return (stream, ValueReader(continuation))
    }

    func finish() { continuation.finish() }

    /// `body` must hold no reference to this reader, which would keep it forever.
    func onTermination(_ body: @escaping @Sendable () -> Void) {
        continuation.onTermination = { _ in body() }
    }

    /// For C, which keeps it until it calls `release`.
    func handOver() -> copendht_reader {
        copendht_reader(
            context: Unmanaged.passRetained(self).toOpaque(), release: Self.release, value: Self.value, done: Self.done)
    }

    private static let release: @Sendable @convention(c) (UnsafeMutableRawPointer) -> Void = { Unmanaged<ValueReader>.fromOpaque($0).release() }

    private static let value: @Sendable @convention(c) (UnsafeMutableRawPointer, UnsafePointer<copendht_value>) -> Bool = { context, value in
        let value = value.pointee
        // Larger than any record: not worth a copy.
        guard value.size <= 2 * Limits.recordBytesMax else { return true }
        let reader = Unmanaged<ValueReader>.fromOpaque(context).takeUnretainedValue()
        switch reader.continuation.yield(RawValue(valueID: value.id, bytes: value.bytes)) {
        case .enqueued, .dropped: return true
        case .terminated: return false
        @unknown default: return false
        }
    }

    private static let done: @Sendable @convention(c) (UnsafeMutableRawPointer, Bool) -> Void = { context, _ in
        Unmanaged<ValueReader>.fromOpaque(context).takeUnretainedValue().finish()
    }
}

extension copendht_value {
    /// A copy.
    var bytes: Data {
        guard let data, size > 0 else { return Data() }
        return Data(bytes: data, count: size)
    }
}
