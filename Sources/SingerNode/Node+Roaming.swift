import Logging
import SingerCore
import SingerDHT
import SingerReplication
import SingerStore

/// Logging in at a peer that never saw the account.
extension Node {
    /// The way to an account's sealed root key; `nil` for a passphrase that is too weak for a key that anybody can fetch.
    func roamingPlace(of name: Username, _ passphrase: String) async throws -> RoamingPlace? {
        guard passphrase.count >= Limits.passphraseCharactersStrong else { return nil }
        let workLog2 = configuration.workLog2
        return try await derivations.run { RoamingPlace(of: name, passphrase: passphrase, workLog2: workLog2) }
    }

    /// Finds an account in the network by its name and a strong passphrase, and makes this peer a device of it.
    ///
    /// - Returns: `nil` if nothing lies where the two lead.
    func roam(_ name: Username, _ passphrase: String) async throws -> Unlocked? {
        guard let place = try await roamingPlace(of: name, passphrase) else { return nil }
        await awaitPeers()
        // All of them: a withdrawal may come after what it replaces.
        let found = await directory.all(place.place, .sealedIdentity, within: .seconds(3))
        for envelope in found {
            guard let identity = place.open(envelope), identity.name == name,
                // Withdrawn since: the passphrase was changed.
                !found.contains(where: { $0.key == envelope.key && $0.seq > envelope.seq })
            else { continue }
            let record = PlacedRecord(place: place.place, valueID: RoamingPlace.valueID, envelope: envelope)
            return try await moveIn(identity, passphrase, roaming: record)
        }
        return nil
    }

    /// Makes this peer a device of an account. A device key never leaves its peer, so two machines never write one log: this one
    /// gets a key of its own. One after the other for each account: of two logins at once the second uses the device of the first.
    ///
    /// - Parameter roaming: the sealed root key as it lies, or shall lie, in the network; `nil` for a passphrase too weak for that.
    func moveIn(_ identity: RoamingIdentity, _ passphrase: String, roaming: PlacedRecord?) async throws -> Unlocked {
        let key = identity.root.publicKey
        let before = movingIn[key]
        let arrival = Task {
            _ = await before?.result
            return try await settleIn(identity, passphrase, roaming: roaming)
        }
        movingIn[key] = arrival
        defer { if movingIn[key] == arrival { movingIn[key] = nil } }
        return try await arrival.value
    }

    private func settleIn(_ identity: RoamingIdentity, _ passphrase: String, roaming: PlacedRecord?) async throws -> Unlocked {
        let root = identity.root
        let key = root.publicKey
        let now = clock()
        let keys: Keys
        let certificate: Certificate
        var isNew = false
        try await closeRevoked(key)
        if let open = opened[key] {
            // At home here too, under the passphrase of before.
            (keys, certificate) = (open.keys, open.certificate)
        } else if let account = try await store.localAccount(key), try await !isOver(account),
            let unlocked = try await derivations.run({ Unlocked(account, passphrase) })
        {
            // It came here while the network was asked for it.
            (keys, certificate) = (unlocked.keys, unlocked.account.certificate)
        } else {
            isNew = true
            keys = Keys(root: root, device: DeviceSecret())
            certificate = Certificate(device: keys.device.publicKey, name: identity.name, root: root, now: now)
        }
        let workLog2 = configuration.workLog2
        let sealed = try await derivations.run { SealedSecret(sealing: keys.secret, passphrase: passphrase, workLog2: workLog2) }
        let before = try await store.roamingPlace(of: key)
        try await store.reserveRoom()
        try await store.add(certificate, sealed: sealed, claim: identity.claim, roaming: roaming, since: now)
        // A new device has written nothing anywhere.
        if isNew { ownLogs[key] = .ends(0) }
        logger.notice("an account came to this peer", metadata: ["account": "\(Fingerprint(key))"])
        if let before, let roaming, before.place != roaming.place { await directory.withdraw(before.place, valueID: RoamingPlace.valueID) }
        if let roaming { await directory.put(roaming, permanent: true) }
        await directory.put(identity.claim.placed, permanent: true)
        hosted.insert(key)
        drive(.hosting(key, certificate.device))
        // Somebody here may have followed the account, and so its feed be here already.
        for log in try await store.heldLogs(of: key) { drive(.holding(log.account, log.device, SequenceSet(log.ranges))) }
        await refollow(key)
        return Unlocked(account: Store.LocalAccount(account: key, name: identity.name, sealed: sealed, certificate: certificate), keys: keys)
    }

    /// What a change of the passphrase means for the network: the old one leads nowhere, the new one, if it is strong, to the key.
    func roamElsewhere(_ login: Login, _ passphrase: String) async throws -> (withdrawal: PlacedRecord?, roaming: PlacedRecord?) {
        let root = try keys(of: login).keys.root
        let place = try await roamingPlace(of: login.name, passphrase)
        let old = try await store.roamingPlace(of: login.account)
        let now = max(clock(), (old?.seq ?? 0) + 1)
        let claimed = try await store.claim(of: login.account)?.created ?? now
        let withdrawal = old.flatMap { $0.place == place?.place ? nil : RoamingPlace.withdrawal(from: $0.place, by: root, now: now) }
        return (withdrawal, place?.record(of: RoamingIdentity(root: root, name: login.name, claimed: claimed), now: now))
    }

    /// Looks at entries of this peer's accounts that were not written just now: for follows and unfollows that another of their devices
    /// wrote, and for what this one wrote before its data were put back to an older state.
    func catchUpOwnLogs(_ entries: [Entry]) {
        let own = entries.filter { hosted.contains($0.header.account) }
        guard !own.isEmpty else { return }
        var accounts: Set<AccountKey> = []
        for entry in own {
            switch entry.content {
            case .follow, .unfollow: accounts.insert(entry.header.account)
            case .post, .profile, .like, .unlike, .delete, .revoke, .unknown, nil: break
            }
        }
        for account in accounts { job { await self.refollow(account) } }
        job { await self.oweAgain(own) }
    }

    /// Sets going what the store found to be owed of these, and puts into the DHT whom they are about.
    private func oweAgain(_ entries: [Entry]) async {
        do {
            for (entry, recipients) in try await store.owed(entries) where !recipients.isEmpty {
                if let open = opened[entry.header.account], open.certificate.device == entry.header.device { await putEdge(entry, by: open.keys.device) }
                await owe(entry, to: recipients)
            }
        } catch {
            // They are in the outbox: the next start sets them going.
            if !Task.isCancelled { logger.warning("cannot read what is owed", metadata: ["error": "\(error)"]) }
        }
    }

    /// Keeps up with whom an account follows by what the store says, after entries came from elsewhere. Once at a time for each account: what changes
    /// meanwhile is looked at when it is done.
    func refollow(_ account: AccountKey) async {
        guard refollowing[account] == nil else { return refollowing[account] = .again }
        repeat {
            refollowing[account] = .once
            // Whom it followed before the store was read: whoever is followed meanwhile has been taken up already.
            let before = followersHere.filter { $0.value.contains(account) }.keys
            guard let followees = try? await Set(store.followees(of: account)) else { break }
            for followee in before where !followees.contains(followee) && followersHere[followee]?.remove(account) != nil {
                if followersHere[followee]?.isEmpty == true { giveUp(followee) }
            }
            let new = followees.filter { followersHere[$0, default: []].insert(account).inserted }
            for followee in new.sorted() { await beginShowing(followee, to: sessions(of: account)) }
        } while refollowing[account] == .again
        refollowing[account] = nil
    }

    /// Whether there is more to do than a look at the store that is under way has seen.
    enum Refollowing { case once, again }

    /// An account has followed or unfollowed somebody here: a look at the store that was begun before may not know of it.
    func didChangeFollows(of account: AccountKey) {
        if refollowing[account] != nil { refollowing[account] = .again }
    }

    /// Puts the sealed root key into the network at a login with a strong passphrase, where it does not lie there yet.
    func offerRoaming(_ login: Login, _ passphrase: String) async {
        do {
            guard try await store.roamingPlace(of: login.account) == nil, let record = try await roamElsewhere(login, passphrase).roaming else { return }
            try await store.keep(record, of: login.account)
            await directory.put(record, permanent: true)
        } catch {
            // The session is closed again, say. The next login tries again.
            logger.debug("no roaming identity written", metadata: ["error": "\(error)"])
        }
    }
}
