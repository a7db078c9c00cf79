public import SingerCore
import SingerStore

/// What the clients of an account leave with this peer: how far they read, what they say of themselves, where they were. It goes to no other peer.
extension Node {
    /// All of it; empty for an account whose clients left nothing.
    public func clientState(_ login: Login) async throws(NodeError) -> ClientState {
        do {
            return try await store.clientState(of: login.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// How far a channel or conversation was read.
    public func setReadMarker(_ login: Login, at target: String, _ time: Milliseconds) async throws(NodeError) {
        do {
            try await store.setReadMarker(of: login.account, at: target, time)
        } catch {
            throw NodeError(error)
        }
    }

    /// Sets keys, or removes those without a value; what else there is stays.
    public func setMetadata(_ login: Login, _ changes: [String: String?]) async throws(NodeError) {
        do {
            try await store.setMetadata(of: login.account, changes)
        } catch {
            throw NodeError(error)
        }
    }

    /// The ordinary channels that the account was in when its last connection was lost.
    public func setChannels(_ login: Login, _ channels: [String]) async throws(NodeError) {
        do {
            try await store.setChannels(of: login.account, channels)
        } catch {
            throw NodeError(error)
        }
    }
}
