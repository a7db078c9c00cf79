internal import Logging
internal import SingerCore
internal import SingerNode

/// What outlives a connection: of an account it is in the store, and here as long as a session is open; of a guest it is here only.
extension IRCServer {
    /// Reads what an account's clients left, unless another session has.
    func recall(_ login: Login) async {
        let key = IRCPartyKey.account(login.account)
        guard kept[key] == nil else { return }
        do {
            let state = try await node.clientState(login)
            if kept[key] == nil { kept[key] = state }
        } catch {
            // The session goes on without; nothing is overwritten, since only what changes is written.
            logger.warning("What clients left can't be read", metadata: ["error": "\(error)"])
        }
    }

    /// Called before the account's session is closed. With the last one, the channels that it is in are kept for the next.
    func settleAccount(_ login: Login) async {
        let key = IRCPartyKey.account(login.account)
        func isLast() -> Bool { loggedIn[login.account] == nil }
        guard isLast(), let channels = kept[key]?.channels else { return }
        do {
            try await node.setChannels(login, channels)
        } catch {
            logger.warning("Channels can't be kept", metadata: ["error": "\(error)"])
        }
        // Somebody may have logged in meanwhile.
        if isLast() { kept[key] = nil }
    }

    /// A user becomes an account's: it takes over the account's metadata; what it set itself before counts more.
    func takeMetadata(_ user: IRCUser, _ login: Login) {
        let key = IRCPartyKey.account(login.account)
        let stored = kept[key]?.metadata ?? [:]
        var values = stored
        for (name, value) in user.metadata.sorted(by: { $0.key < $1.key }) where values[name] != nil || values.count < IRCLimits.metadataKeysMax {
            values[name] = value
        }
        user.metadata = values
        let new = values.filter { stored[$0.key] != $0.value }
        guard !new.isEmpty else { return }
        kept[key, default: ClientState()].metadata = values
        Task {
            do {
                try await node.setMetadata(login, new)
            } catch {
                logger.warning("Metadata can't be kept", metadata: ["error": "\(error)"])
            }
        }
    }
}
