import Logging
import SingerCore
import SingerDHT
import SingerStore

/// Claims to names: kept alive for those who are away, and watched for rivals.
extension Node {
    /// How often claims are looked after while the node runs: rivals come when networks join, a claim that could not be found then
    /// may be found now. Far below the 30 days that a claim lives.
    static let tendPeriod: Duration = .seconds(3_600)

    /// How often an account that is online looks for rivals of its name: networks that were apart join without a sign, and both owners
    /// are to hear of it soon.
    static let rivalPeriod: Duration = .seconds(30)

    /// Looks for rivals of one account at a time, of the one that has waited longest: many accounts ask the network no more often than few.
    func watchRivals() {
        guard !isWatchingRivals, let next = opened.min(by: { $0.value.rivalsSought < $1.value.rivalsSought }),
            .now - next.value.rivalsSought > Self.rivalPeriod
        else { return }
        next.value.rivalsSought = .now
        isWatchingRivals = true
        job { [account = next.key] in
            await self.tellRivals(of: account)
            await self.watchedRivals()
        }
    }

    private func watchedRivals() { isWatchingRivals = false }

    /// Tells an account's sessions who else claims its name: each session once of each.
    func tellRivals(of account: AccountKey) async {
        guard let login = opened[account]?.logins.values.first else { return }
        do {
            let rivals = try await claims(to: login.name).filter { $0.account != account }.sorted { $0.precedes($1) }
            for rival in rivals {
                for session in sessions(of: account) { session.tell(RivalClaim(rival, against: account)) }
            }
        } catch {
            logger.warning("cannot look for rival claims", metadata: ["error": "\(error)"])
        }
    }

    /// After the start, when networks may have joined, and every hour: what other devices of the accounts online here say, who claims
    /// their names, and claims that could not be found before. One account after another: nobody waits for it.
    func tend() {
        tended = .now
        guard !isTending else { return }
        isTending = true
        job { await self.tendAll() }
    }

    private func tendAll() async {
        defer { isTending = false }
        var begun: ContinuousClock.Instant
        repeat {
            // Asked for again meanwhile, when the network changed: what was read before that may be half of it.
            begun = tended
            await renewClaims()
            for account in Array(opened.keys) {
                await readOwnRecords(of: account)
                await tellRivals(of: account)
            }
            for user in (try? await store.followedWithoutClaim()) ?? [] { await keepClaim(of: user) }
            if steadyTime - edgesRenewed > RecordKind.followerEdge.lifetime / 2 { await renewEdges() }
        } while tended != begun && !Task.isCancelled
    }

    /// Puts again the claims of this peer's accounts and of those they follow.
    ///
    /// The DHT announces again what was put permanently, as long as its writer runs. But a claim that was kept while no node could be
    /// reached, or refused because a rival's was there, is only put by this.
    func renewClaims() async {
        do {
            for claim in try await store.claims() { await directory.put(claim.placed, permanent: true) }
        } catch {
            if !Task.isCancelled { logger.error("cannot renew claims", metadata: ["error": "\(error)"]) }
        }
    }

    /// Keeps the claim of somebody who is followed from here, to put it again while they are away.
    func keepClaim(of user: UserView) async {
        do {
            guard let name = UserReference(user.name)?.name, let claim = try await claims(to: name).first(where: { $0.account == user.account }) else { return }
            try await store.keep(claim)
            await directory.put(claim.placed, permanent: true)
        } catch {
            logger.warning("cannot keep a claim", metadata: ["error": "\(error)"])
        }
    }
}
