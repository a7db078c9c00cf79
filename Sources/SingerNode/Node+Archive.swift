public import SingerCore
import SingerReplication
import SingerStore

/// An account's own entries, and what it takes to be at home at another peer.
extension Node {
    /// One of an account's own logs, as far as it is here.
    public struct OwnLog: Hashable, Sendable {
        public let device: DeviceKey
        /// How many entries are held.
        public let entries: Int
        /// The number of the last of them; more than `entries` where some are missing.
        public let last: UInt64
    }

    /// What this peer holds of the account's own logs.
    public func logs(_ login: Login) async throws(NodeError) -> [OwnLog] {
        do {
            return try await store.heldLogs(of: login.account).map { log in
                OwnLog(device: log.device, entries: log.ranges.reduce(0) { $0 + $1.count }, last: log.ranges.last?.upperBound ?? 0)
            }
        } catch {
            throw NodeError(error)
        }
    }

    /// Entries of one of the account's logs, ascending; fewer than `count` where they are long.
    public func export(_ device: DeviceKey, after seq: UInt64, count: Int, _ login: Login) async throws(NodeError) -> [Entry] {
        do {
            guard seq < Limits.sequenceMax else { return [] }
            let entries = try await store.entries(of: device, in: (seq + 1)...Limits.sequenceMax)
            return entries.filter { $0.header.account == login.account }.prefix(count).map(\.self)
        } catch {
            throw NodeError(error)
        }
    }

    /// The root key sealed by itself, and the claim to the name. The key of this device is not in it: it never leaves this peer.
    ///
    /// Throws `badLogin` when the passphrase is wrong.
    public func identity(of login: Login, passphrase: String) async throws(NodeError) -> (claim: NameClaim, sealed: SealedSecret) {
        do {
            guard let account = try await store.localAccount(login.account), let claim = try await store.claim(of: login.account) else {
                throw NodeError.internal("no keys or no claim of \(login.account)")
            }
            let workLog2 = configuration.workLog2
            let sealed = try await unlock(login.name, passphrase) {
                account.sealed.open(passphrase: passphrase).flatMap { Keys(secret: $0) }
                    .map { SealedSecret(sealing: $0.root.secret, passphrase: passphrase, workLog2: workLog2) }
            }
            return (claim, sealed)
        } catch {
            throw NodeError(error)
        }
    }

    /// Makes an account of another peer at home here too: with a device of its own, so that two peers never write one log.
    ///
    /// Throws `badLogin` when the passphrase is wrong or the sealed key is not that of the claim, `nameTaken`, `rateLimited`, `storageFull`.
    public func adopt(_ claim: NameClaim, _ sealed: SealedSecret, passphrase: String) async throws(NodeError) -> Login {
        let name = claim.name
        if hosted.contains(claim.account) { return try await login(name, passphrase: passphrase) }
        guard claiming.insert(name).inserted else { throw .nameTaken(name) }
        defer { claiming.remove(name) }
        do {
            let root = try await unlock(name, passphrase) {
                sealed.open(passphrase: passphrase).flatMap { RootKey(secret: $0) }.flatMap { $0.publicKey == claim.account ? $0 : nil }
            }
            if let holder = try await store.pinned(name), holder.account != claim.account { throw NodeError.nameTaken(name) }
            await awaitPeers()
            let rivals = try await claims(to: name).filter { $0.account != claim.account }
            if rivals.contains(where: { $0.precedes(claim) }) { throw NodeError.nameTaken(name) }

            let identity = RoamingIdentity(root: root, name: name, claimed: claim.created)
            let record = try await roamingPlace(of: name, passphrase)?.record(of: identity, now: clock())
            return try await open(moveIn(identity, passphrase, roaming: record))
        } catch {
            throw NodeError(error)
        }
    }

    /// Brings entries of the account's own logs here. What is here already is skipped. Returns after the commit.
    ///
    /// Throws `badArchive` for an entry of somebody else: then nothing was stored.
    public func restore(_ entries: [Entry], by login: Login) async throws(NodeError) -> (new: Int, known: Int) {
        do {
            _ = try keys(of: login)
            if let stranger = entries.firstIndex(where: { $0.header.account != login.account }) {
                throw NodeError.badArchive("entry \(stranger + 1) is not \(login.name)'s")
            }
            let sessions = sessions(of: login.account)
            // Its own past is no news to the account.
            let outcomes = try await Login.writing(for: sessions) { try await store.restore(entries, now: clock(), willCommit: $0) }
            took(entries, outcomes)
            var new = 0
            for (index, outcome) in outcomes.enumerated() {
                switch outcome {
                case .stored, .completed: new += 1
                // What its device wrote after it was revoked is not brought back by an archive, and harms nothing in it.
                case .duplicate, .parked, .revoked: break
                case .refused: throw NodeError.badArchive("entry \(index + 1) contradicts itself")
                case .crowded: throw NodeError.badArchive("entry \(index + 1) is dated too far ahead")
                case .equivocation, .quarantined: throw NodeError(StoreError.refused(.quarantined))
                }
            }
            return (new, entries.count - new)
        } catch {
            throw NodeError(error)
        }
    }
}
