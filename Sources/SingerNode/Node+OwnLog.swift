import Logging
import SingerCore
import SingerDHT
import SingerReplication
import SingerStore

/// A data directory that was put back to an older state would use numbers of its log twice. So the first writing after the start
/// waits for word from the network of how long the log is, and what is missing comes first.
extension Node {
    /// What the network says of an own log.
    enum OwnLogEnd {
        case asking(Task<UInt64, Never>)
        /// It ends at least there, by a record that its own key signed.
        case ends(UInt64)
    }

    /// Begins to ask, once for each start of the peer.
    func askForOwnLog(of account: AccountKey, _ device: DeviceKey) {
        guard ownLogs[account] == nil else { return }
        let directory = directory
        ownLogs[account] = .asking(
            Task {
                // Without anybody to ask, nothing would be known until the next start.
                await awaitPeers()
                return await directory.all(.account(account), .account, within: Self.ownLogPatience).reduce(UInt64(0)) { head, envelope in
                    guard let record = try? AccountRecord(reading: envelope), record.certificate.device == device else { return head }
                    return max(head, record.head)
                }
            })
    }

    /// Returns when the own log may be gone on with. Throws `unavailable` while entries of it are known to be missing.
    ///
    /// What links merely claim is waited for a little, once, and then not believed: only what the log's own key signed is proof, and a
    /// peer that claims too much must not delay every post.
    func ownLogIsLevel(_ account: AccountKey, _ device: DeviceKey) async throws {
        var isFirst = false
        if case .asking? = ownLogs[account] { isFirst = true }
        let end = await ownLogEnd(of: account)
        let isBehind = end > replica.lastHeld(account, device)
        guard isBehind || (isFirst && !replica.isOwnLogLevel(account)) else { return }
        await wait(within: Self.ownLogPatience) {
            $0.replica.isOwnLogLevel(account) && end <= $0.replica.lastHeld(account, device) && $0.ingest.isIdle(for: account)
        }
        let last = replica.lastHeld(account, device)
        guard end > last else { return }
        logger.error("old data: the network knows more of an own log", metadata: ["account": "\(account)", "last": "\(last)", "known": "\(end)"])
        throw NodeError.unavailable(
            "this data directory is older than your log in the network (\(end - last) entries missing); log out and in again to go on with a new one")
    }

    /// The first record after a start waits for the answer; nothing else does.
    func isAskingForOwnLog(of account: AccountKey) -> Bool { if case .asking? = ownLogs[account] { true } else { false } }

    /// What the network knows of the length of an own log; 0 where it knows nothing.
    func ownLogEnd(of account: AccountKey) async -> UInt64 {
        switch ownLogs[account] {
        case .asking(let asking):
            let end = await asking.value
            if case .asking? = ownLogs[account] { ownLogs[account] = .ends(end) }
            return end
        case .ends(let end): return end
        case nil: return 0
        }
    }

    /// Whether an account must go on with another device: entries of this one's log are missing, and nobody gave them.
    func isOwnLogLost(_ account: AccountKey, _ device: DeviceKey) -> Bool {
        guard case .ends(let end)? = ownLogs[account], opened[account] == nil else { return false }
        return end > replica.lastHeld(account, device)
    }

    private static let ownLogPatience = Duration.seconds(2)
}
