public import Logging
public import SingerCore
public import SingerDHT
public import SingerPeer
import SingerReplication
public import SingerStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One peer: what its users can ask of it (`Node+Accounts`, `Node+Writing`, `Node+Reading`), and what it owes the network
/// (`Node+Links`, `Node+Replica`, `Node+Directory`, `Node+Presence`).
///
/// The actor keeps what changes and decides nothing about replication: events go into the `Replica`, its actions are carried out.
public actor Node {
    public struct Configuration: Sendable {
        public var network: String
        /// The host that others are told to dial; `nil`: the address under which the DHT sees this peer.
        public var advertise: String?
        /// The port of the peer link.
        public var peerPort: Int
        /// The host that the peer link is bound to, when it is bound to one.
        public var peerHost: String?
        /// Whether the peer link is bound to IPv6 too: an address that nobody can dial is not told.
        public var takesIPv6: Bool
        /// Whether there should be others: a question to the network waits a little for the first of them.
        public var expectsPeers: Bool
        /// scrypt's work factor; only tests lower it.
        public var workLog2: Int

        public init(
            network: String, advertise: String?, peerPort: Int, peerHost: String?, takesIPv6: Bool = true, expectsPeers: Bool,
            workLog2: Int = SealedSecret.workLog2Default
        ) {
            self.network = network
            self.advertise = advertise
            self.peerPort = peerPort
            self.peerHost = peerHost
            self.takesIPv6 = takesIPv6
            self.expectsPeers = expectsPeers
            self.workLog2 = workLog2
        }
    }

    public static let version = singerVersion

    let configuration: Configuration
    let store: Store
    let directory: any Directory
    let transport: PeerTransport
    let secret: NodeSecret
    let logger: Logger
    /// Unix time: for what is dated.
    let clock: @Sendable () -> Milliseconds
    /// The same for what waits: it goes on evenly from the start, whatever the clock is set to meanwhile.
    var steadyTime: Milliseconds { startTime + Milliseconds((ContinuousClock.now - started) / .milliseconds(1)) }
    private let startTime: Milliseconds
    let started = ContinuousClock.now
    let derivations = Derivations()

    // Accounts.
    /// Every account of this peer.
    var hosted: Set<AccountKey> = []
    /// Of those the ones that have another peer, too: what concerns them goes there as well.
    var servedElsewhere: Set<AccountKey> = []
    /// Accounts with an open session: their keys are in memory.
    var opened: [AccountKey: OpenAccount] = [:]
    let viewers = Viewers()
    /// Accounts of this peer by whom they follow: who is woken by an entry.
    var followersHere: [AccountKey: Set<AccountKey>] = [:]
    /// Accounts for which `refollow` is under way.
    var refollowing: [AccountKey: Refollowing] = [:]
    /// Accounts that are coming to this peer, with the last of the logins that bring them.
    var movingIn: [AccountKey: Task<Unlocked, any Error>] = [:]
    /// Until where the network knows the logs that this peer writes.
    var ownLogs: [AccountKey: OwnLogEnd] = [:]
    /// Written here, committed, and yet to be told.
    var fresh: [FreshEntry] = []
    /// Names that are being registered this very moment.
    var claiming: Set<Username> = []
    /// The peer goes: sessions that are still open count as closed.
    var isLeaving = false
    var failedLogins: [String: [ContinuousClock.Instant]] = [:]

    // Replication.
    var replica: Replica
    var plannedTick: Milliseconds?
    var links: [NodeKey: OpenLink] = [:]
    var isClockWrong = false
    var ingest = IngestQueue()
    /// What links said, as it is on the disk, and when that was last seen to.
    var keptMemories: [NodeKey: Replica.Memory] = [:]
    var memoriesKept = ContinuousClock.now
    /// Deliveries of each link that are being looked at, and links that wait until there are fewer.
    var accepting: [NodeKey: Int] = [:]
    var acceptWaiting: [NodeKey: [CheckedContinuation<Void, Never>]] = [:]

    // The directory.
    var status = DirectoryStatus(port: 0, goodNodes: 0, publicHosts: [])
    var listeners: [AccountKey: Task<Void, Never>] = [:]
    var listeningSince: [AccountKey: Milliseconds] = [:]
    /// Entries that came before the log that they are in: see `hold`.
    var early: [AccountKey: [Entry]] = [:]
    var providedAt: Milliseconds = 0
    var edgesRenewed: Milliseconds = 0
    var met = ContinuousClock.now
    /// Accounts whose records are out of date, and when they are to be written again (`steadyTime`).
    var dirtyRecords: [AccountKey: Milliseconds] = [:]
    var isWritingRecords = false
    var newsPaces: [AccountKey: NewsPace] = [:]
    /// When claims and own records were last looked after; the start does it on its own.
    var tended = ContinuousClock.now
    var isTending = false
    var isWatchingRivals = false

    // Presence of those whom accounts of this peer follow.
    var leases: [AccountKey: [DeviceKey: Lease]] = [:]
    /// How many there may be before those of nobody who is online or followed are forgotten.
    var leasesMax = 10_000
    var online: Set<AccountKey> = []

    /// Work that goes on besides what is awaited; it ends with `run`.
    let jobs: AsyncStream<@Sendable () async -> Void>
    let addJob: AsyncStream<@Sendable () async -> Void>.Continuation

    /// A class, so that looking at one, as every entry does at those of all whom it concerns, copies nothing.
    final class OpenAccount {
        let keys: Keys
        let certificate: Certificate
        var logins: [ObjectIdentifier: Login] = [:]
        /// Of its record, which was written then last (`steadyTime`).
        var recordVersion: Milliseconds = 0
        var recordWritten: Milliseconds = 0
        var rivalsSought = ContinuousClock.now

        init(keys: Keys, certificate: Certificate) {
            self.keys = keys
            self.certificate = certificate
        }
    }

    struct Lease {
        let onlineUntil: Milliseconds
        let seen: Milliseconds
    }

    /// - Parameter clock: Unix time; tests set it wrong.
    public init(
        configuration: Configuration, store: Store, directory: any Directory, transport: PeerTransport, secret: NodeSecret,
        logger: Logger = Logger(label: "singer.node"), clock: @escaping @Sendable () -> Milliseconds = Node.systemClock
    ) {
        self.configuration = configuration
        self.store = store
        self.directory = directory
        self.transport = transport
        self.secret = secret
        self.logger = logger
        self.clock = clock
        startTime = clock()
        replica = Replica(seed: UInt64.random(in: 0...UInt64.max))
        (jobs, addJob) = AsyncStream.makeStream()
    }

    /// The key of this peer: kept in the data directory, made at the first start.
    public static func secret(in store: Store) async throws(StoreError) -> NodeSecret {
        if let bytes = try await store.setting("node-key") {
            guard let secret = NodeSecret(secret: bytes) else { throw .corrupt("the node key has not 32 bytes") }
            return secret
        }
        let secret = NodeSecret()
        try await store.set("node-key", secret.secret)
        return secret
    }

    public static let systemClock: @Sendable () -> Milliseconds = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Milliseconds(time.tv_sec) * 1_000 + Milliseconds(time.tv_nsec) / 1_000_000
    }

    func job(_ work: @escaping @Sendable () async -> Void) { addJob.yield(work) }

    /// The login's keys. A session whose account was closed under it is told to log in again.
    func keys(of login: Login) throws(NodeError) -> OpenAccount {
        guard let account = opened[login.account], account.logins[ObjectIdentifier(login)] != nil else {
            throw .unavailable("this session is logged out: log in again")
        }
        return account
    }
}
