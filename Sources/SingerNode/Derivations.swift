import SingerCore

/// Passphrase derivations: slow and large on purpose, so one runs at a time and few may wait.
actor Derivations {
    private var isRunning = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func run<Value: Sendable>(_ derivation: @escaping @Sendable () -> Value) async throws(NodeError) -> Value {
        if isRunning {
            guard waiting.count < Limits.derivationsWaitingMax else { throw .rateLimited }
            await withCheckedContinuation { waiting.append($0) }
        }
        isRunning = true
        let value = await Self.offActor(derivation)
        if waiting.isEmpty { isRunning = false } else { waiting.removeFirst().resume() }
        return value
    }

    @concurrent
    private static func offActor<Value: Sendable>(_ derivation: @escaping @Sendable () -> Value) async -> Value { derivation() }
}
