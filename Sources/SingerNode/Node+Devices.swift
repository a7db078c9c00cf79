import Logging
public import SingerCore
import SingerDHT
import SingerStore

/// The devices of an account, and those that no longer speak for it.
extension Node {
    static let revokedWords = "this device was revoked, and writes no more: LOGIN name passphrase makes this peer a new one"

    /// The account's devices, oldest first: those that are known here, and those that the DHT has a word of.
    public func devices(_ login: Login) async throws(NodeError) -> [DeviceView] {
        do {
            await readOwnRecords(of: login.account)
            return try await store.devices(of: login.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// Revokes one of the account's devices; what is held of its log here stays.
    ///
    /// Throws `noSuchDevice`, `ambiguousID`. One that is revoked already stays so, and that is no error.
    public func revoke(_ typed: String, by login: Login) async throws(NodeError) -> DeviceView {
        do {
            let devices = try await store.devices(of: login.account)
            let meant = devices.filter { $0.device.matches(typed: typed) }
            guard let device = meant.first else { throw NodeError.noSuchDevice(typed) }
            guard meant.count == 1 else { throw NodeError.ambiguousID(typed, candidates: meant.map(\.shown)) }
            let account = try keys(of: login)
            guard try await !store.isRevoked(account.certificate.device) else { throw StoreError.refused(.revoked) }
            try await ownLogIsLevel(login.account, account.certificate.device)
            let written = try await Login.writing(for: [login]) {
                try await store.revoke(
                    device.device, root: account.keys.root, by: account.keys.device, account.certificate, now: clock(), willCommit: $0)
            }
            if let written {
                logger.notice("a device was revoked", metadata: ["account": "\(login.fingerprint)", "device": "\(device.shown)"])
                // The last word of this device, if it is the one: others hear it from its tail, too.
                if device.isThis { await publishRecord(of: login.account, online: true, isLast: true) }
                didStore([written.entry], from: nil, isNews: true)
                publish(written.entry, by: account.keys.device)
            }
            return device
        } catch {
            throw NodeError(error)
        }
    }

    /// Acts on revocations that are committed now. The store has hidden what they make void.
    func heed(_ entries: [Entry]) {
        for entry in entries {
            guard case .revoke(let revocation)? = entry.content else { continue }
            forgetLease(of: revocation.device, revocation.account)
            guard hosted.contains(revocation.account) else { continue }
            // Another peer of the account says before long that it is there, if there still is one.
            servedElsewhere.remove(revocation.account)
            // An unfollow may be void now, or a follow.
            job { await self.refollow(revocation.account) }
            guard let open = opened[revocation.account], open.certificate.device == revocation.device else { continue }
            for session in open.logins.values { session.tell(.notice(Self.revokedWords)) }
        }
    }

    /// Makes this peer a new device of an account that cannot go on with the one it had here: it is revoked, wrote two logs, or its log is lost. The
    /// sessions of one that is revoked are over: whoever sits at them may be the reason.
    func renewDevice(_ old: Unlocked, _ passphrase: String) async throws -> Unlocked {
        let account = old.account
        guard let claim = try await store.claim(of: account.account) else { throw NodeError.internal("no claim of \(account.account)") }
        let identity = RoamingIdentity(root: old.keys.root, name: account.name, claimed: claim.created)
        let renewed = try await moveIn(identity, passphrase, roaming: nil)
        ownLogs[account.account] = nil
        return renewed
    }

    /// Whether an account's device here writes no more: it was revoked, it wrote two logs, or its log is lost.
    func isOver(_ account: Store.LocalAccount) async throws -> Bool {
        let device = account.certificate.device
        if try await store.isRevoked(device) || isOwnLogLost(account.account, device) { return true }
        return try await store.isQuarantined(device) && opened[account.account] == nil
    }

    /// Ends the sessions of an account whose device here is revoked.
    func closeRevoked(_ account: AccountKey) async throws {
        guard let open = opened[account], try await store.isRevoked(open.certificate.device) else { return }
        guard opened[account]?.certificate.device == open.certificate.device else { return }
        for login in sessions(of: account) { login.finish() }
        opened[account] = nil
    }

    // MARK: What the account's other peers say

    /// Reads the records of an account of this peer that its other devices have put into the DHT.
    func readOwnRecords(of account: AccountKey) async {
        for envelope in await directory.all(.account(account), .account, within: .seconds(2)) {
            guard let record = try? AccountRecord(reading: envelope) else { continue }
            // Also from a peer that cannot be reached: a revocation must not wait for a link.
            let revocations = record.tail.filter { $0.header.kind == .revoke }
            let outcomes = (try? await store.ingest(revocations, now: clock())) ?? []
            took(revocations, outcomes)
            await take(record, envelope, from: nil)
        }
    }
}
