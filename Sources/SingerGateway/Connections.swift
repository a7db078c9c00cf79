internal import NIOCore
internal import SingerCore
internal import Synchronization

/// The connections that are open: how many there may be, and how to end them all.
final class Connections: Sendable {
    enum Admission: Hashable, Sendable {
        case admitted
        case full
        case closing
    }

    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    private let state = Mutex(State())
    private let max: Int

    init(max: Int = Limits.sessionsMax) {
        self.max = max
    }

    /// Whether sessions shall say goodbye.
    var isClosing: Bool { state.withLock(\.isClosing) }

    func admit(_ channel: any Channel) -> Admission {
        state.withLock { state in
            if state.isClosing { return .closing }
            if state.open.count >= max { return .full }
            state.open[ObjectIdentifier(channel)] = channel
            return .admitted
        }
    }

    func remove(_ channel: any Channel) {
        state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Asks every session to say goodbye after the command that it is at.
    func shutDown() {
        let open = state.withLock { state in
            state.isClosing = true
            return Array(state.open.values)
        }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(SessionHandler.EndOfInput()) }
    }

    /// Closes what is still open, goodbye or not.
    func closeAll() {
        for channel in state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
    }
}
