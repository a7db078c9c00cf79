import Logging
public import SingerCore
import SingerDHT
import SingerReplication
import SingerStore

/// Registering, logging in and out.
extension Node {
    /// Claims a name and makes the keys. Throws `nameTaken`, `weakPassphrase`, `rateLimited`, `storageFull`.
    ///
    /// - Parameter charactersMin: what a passphrase must have; less than usual only where clients register without asking a person.
    public func register(
        _ name: Username, passphrase: String, charactersMin: Int = Limits.passphraseCharactersMin
    ) async throws(NodeError) -> Login {
        try Self.check(passphrase, charactersMin: charactersMin)
        guard !claiming.contains(name) else { throw .nameTaken(name) }
        claiming.insert(name)
        defer { claiming.remove(name) }
        do {
            if try await store.pinned(name) != nil { throw NodeError.nameTaken(name) }
            await awaitPeers()
            if try await !claims(to: name).isEmpty { throw NodeError.nameTaken(name) }

            let root = RootKey()
            let device = DeviceSecret()
            let keys = Keys(root: root, device: device)
            let workLog2 = configuration.workLog2
            let sealed = try await derivations.run { SealedSecret(sealing: keys.secret, passphrase: passphrase, workLog2: workLog2) }
            let roaming = try await roamingPlace(of: name, passphrase)
            // A claim whose key cannot be kept would stand in the network for a month, and be of use to nobody.
            try await store.reserveRoom()

            // Dated when it is written, not before the derivation: whoever read back before that has the earlier claim.
            let now = clock()
            let certificate = Certificate(device: device.publicKey, name: name, root: root, now: now)
            let claim = NameClaim(name: name, root: root, created: now)
            let identity = roaming?.record(of: RoamingIdentity(root: root, name: name, claimed: now), now: now)
            do {
                try await settle(claim)
                try await store.add(certificate, sealed: sealed, claim: claim, roaming: identity)
            } catch {
                await directory.withdraw(claim.placed.place, valueID: claim.placed.valueID)
                throw error
            }
            if let identity { await directory.put(identity, permanent: true) }
            hosted.insert(root.publicKey)
            // A new device has written nothing anywhere.
            ownLogs[root.publicKey] = .ends(0)
            drive(.hosting(root.publicKey, device.publicKey))
            let account = Store.LocalAccount(account: root.publicKey, name: name, sealed: sealed, certificate: certificate)
            return try await open(Unlocked(account: account, keys: keys))
        } catch {
            throw NodeError(error)
        }
    }

    /// Writes a claim and reads it back: of two who claim a name in the same moment one at least sees the other's claim.
    private func settle(_ claim: NameClaim) async throws {
        await directory.put(claim.placed, permanent: true)
        let found = try await claims(to: claim.name)
        // A claim that is not even found where a rival's is was refused, whatever the dates say.
        let isThere = found.contains { $0.account == claim.account }
        guard let rival = found.first(where: { $0.account != claim.account && (!isThere || $0.precedes(claim)) }) else { return }
        logger.notice("lost the race for a name", metadata: ["name": "\(claim.name)", "to": "\(Fingerprint(rival.account))"])
        throw NodeError.nameTaken(claim.name)
    }

    private static func check(_ passphrase: String, charactersMin: Int = Limits.passphraseCharactersMin) throws(NodeError) {
        guard passphrase.count >= charactersMin else { throw .weakPassphrase }
        guard passphrase.utf8.count <= Limits.passphraseBytesMax else {
            throw .tooLong(bytes: passphrase.utf8.count, max: Limits.passphraseBytesMax)
        }
    }

    /// Opens the keys of an account: of this peer, else, where the passphrase is strong, out of the network.
    ///
    /// A wrong passphrase and an unknown name both throw `badLogin`. Also `rateLimited`.
    public func login(_ name: Username, passphrase: String) async throws(NodeError) -> Login {
        do {
            try checkAttempts(name, passphrase)
            let accounts = try await store.localAccounts(named: name)
            let workLog2 = configuration.workLog2
            let local = try await derivations.run { () -> Unlocked? in
                if accounts.isEmpty { SealedSecret.spendTime(passphrase: passphrase, workLog2: workLog2) }
                return accounts.lazy.compactMap { Unlocked($0, passphrase) }.first
            }
            try checkAttempts(name, passphrase)
            guard let local else {
                guard let found = try await roam(name, passphrase) else { throw failure(of: name) }
                return try await open(found)
            }
            let login = try await open(isOver(local.account) ? renewDevice(local, passphrase) : local)
            if passphrase.count >= Limits.passphraseCharactersStrong { job { await self.offerRoaming(login, passphrase) } }
            return login
        } catch {
            throw NodeError(error)
        }
    }

    /// Guessing is slow: throws `rateLimited` after too many failures, and `badLogin` for what is no passphrase.
    func checkAttempts(_ name: Username, _ passphrase: String) throws(NodeError) {
        let recent = failedLogins[name.folded, default: []].filter { .now - $0 < .seconds(60) }
        failedLogins[name.folded] = recent.isEmpty ? nil : recent
        guard recent.count < Limits.loginsPerMinuteMax else { throw .rateLimited }
        guard passphrase.utf8.count <= Limits.passphraseBytesMax else { throw .badLogin }
    }

    /// Opens what is sealed under a passphrase. Throws `badLogin` where it does not open, `rateLimited`.
    func unlock<Value: Sendable>(
        _ name: Username, _ passphrase: String, _ open: @escaping @Sendable () -> Value?
    ) async throws -> Value {
        try checkAttempts(name, passphrase)
        guard let value = try await derivations.run(open) else { throw failure(of: name) }
        try checkAttempts(name, passphrase)
        return value
    }

    /// What a wrong passphrase is answered. Of many guesses at once no more are told whether they were right than of guesses in a row.
    private func failure(of name: Username) -> NodeError {
        // Many names, and those that nobody has tried for a minute are forgotten: guessing must not fill the memory, nor the table.
        if failedLogins.count >= 10_000 { failedLogins = failedLogins.filter { $0.value.contains { .now - $0 < .seconds(60) } } }
        failedLogins[name.folded, default: []].append(.now)
        return failedLogins[name.folded, default: []].count > Limits.loginsPerMinuteMax ? .rateLimited : .badLogin
    }

    /// An account of this peer with its keys: what a passphrase opens.
    struct Unlocked: Sendable {
        let account: Store.LocalAccount
        let keys: Keys
    }

    /// The sessions of an account that are open here.
    func sessions(of account: AccountKey) -> [Login] { opened[account]?.logins.values.map { $0 } ?? [] }

    func open(_ unlocked: Unlocked) async throws -> Login {
        let account = unlocked.account
        let start: (cursor: Int64, posts: Int)
        let author: UserView
        if let login = opened[account.account]?.logins.values.first {
            // Another session of the account is there: this one begins where that one stands.
            start = (login.shown, 0)
            author = login.author
        } else {
            start = try await store.unseen(by: account.account)
            author = try await store.user(account.account) ?? UserView(account: account.account, name: account.name.text)
        }
        let login = Login(account, author, store: store, viewers: viewers, cursor: start.cursor, began: clock(), unseen: start.posts)
        let key = account.account
        let open = opened[key] ?? OpenAccount(keys: unlocked.keys, certificate: account.certificate)
        opened[key] = open
        open.logins[ObjectIdentifier(login)] = login
        tellOfClock(login)
        job { await self.tellOfDates(login, account.certificate.device) }
        if open.logins.count == 1 {
            askForOwnLog(of: key, account.certificate.device)
            job { await self.cameOnline(key) }
        } else {
            job { await self.tellRivals(of: key) }
        }
        return login
    }

    /// Ends one login; the last one of an account takes it offline. Idempotent.
    public func logout(_ login: Login) async {
        guard opened[login.account]?.logins.removeValue(forKey: ObjectIdentifier(login)) != nil else { return }
        login.finish()
        try? await store.setSeen(login.account, login.shown)
        guard opened[login.account]?.logins.isEmpty == true else { return }
        await publishRecord(of: login.account, online: false)
        // Somebody may have logged in meanwhile.
        if opened[login.account]?.logins.isEmpty == true { opened[login.account] = nil }
    }

    /// Throws `badLogin` when `old` is wrong, `weakPassphrase`, `rateLimited`; `unavailable` where a login elsewhere renewed the device meanwhile.
    public func changePassphrase(_ login: Login, from old: String, to new: String) async throws(NodeError) {
        try Self.check(new)
        do {
            guard let account = try await store.localAccount(login.account) else { throw NodeError.badLogin }
            let workLog2 = configuration.workLog2
            let sealed = try await unlock(login.name, old) {
                account.sealed.open(passphrase: old).map { SealedSecret(sealing: $0, passphrase: new, workLog2: workLog2) }
            }
            let (withdrawal, roaming) = try await roamElsewhere(login, new)
            guard try await store.reseal(login.account, account.certificate.device, sealed, withdrawal: withdrawal, roaming: roaming) else {
                throw NodeError.unavailable("the account has another device here since; log in again, and then change the passphrase")
            }
            for record in [withdrawal, roaming].compactMap({ $0 }) { await directory.put(record, permanent: true) }
        } catch {
            throw NodeError(error)
        }
    }
}

extension Node.Unlocked {
    /// Derives the key from the passphrase, which takes time; `nil` if it is another, or the keys are not those of the account's device here.
    init?(_ account: Store.LocalAccount, _ passphrase: String) {
        guard let keys = account.sealed.open(passphrase: passphrase).flatMap({ Keys(secret: $0) }),
            keys.root.publicKey == account.account, keys.device.publicKey == account.certificate.device
        else { return nil }
        self.init(account: account, keys: keys)
    }
}
