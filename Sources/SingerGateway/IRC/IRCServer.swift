internal import Logging
internal import NIOCore
internal import SingerCore
internal import SingerNode

/// All that IRC clients of this peer share: nicks, ordinary channels, who watches whom. Views are each client's own.
///
/// What is kept here ends with the process. Posts are in the store, and so is what an account's clients leave: see `IRCServer+Keeping`.
actor IRCServer {
    /// What was read of a client.
    enum Input: Hashable, Sendable {
        case line(String)
        case tooLong
        case invalidUTF8([UInt8])
    }

    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let serverName: String
    let configuration: GatewayConfiguration
    let node: Node
    let logger: Logger
    let started: Milliseconds

    var clients: [Int: IRCClient] = [:]
    /// By folded nick.
    var users: [String: IRCUser] = [:]
    var usersMax = 0
    /// By folded name.
    var channels: [String: IRCChannel] = [:]
    /// Who monitors a nick: numbers of clients by folded nick.
    var watchers: [String: Set<Int>] = [:]
    var whowas: [Whowas] = []
    /// What two users said to each other, for each of them, by the folded nick of the other.
    var conversations: [IRCPartyKey: [String: IRCConversation]] = [:]
    /// What clients leave here, of each guest and of each account with an open session.
    var kept: [IRCPartyKey: ClientState] = [:]
    /// Views that a connection of an account left open when it ended, and when that was: the next one is shown what is newer.
    var viewsLeft: [AccountKey: [View: Milliseconds]] = [:]
    /// Accounts whose sessions each have a nick of their own.
    var accountsAlone: Set<AccountKey> = []

    private var lastNumber = 0
    private var lastBatch: UInt64 = 0
    private var dirty: [ObjectIdentifier: IRCOutbox] = [:]
    private var overrun: [IRCClient] = []

    struct Whowas {
        let nick: String
        let userName: String
        let host: String
        let realName: String
        let left: Milliseconds
    }

    init(configuration: GatewayConfiguration, node: Node, logger: Logger, executor: any SerialExecutor) {
        self.executor = executor
        self.configuration = configuration
        serverName = configuration.serverName
        self.node = node
        self.logger = logger
        started = Node.systemClock()
    }

    nonisolated var now: Milliseconds { Node.systemClock() }

    // MARK: Connections

    func connect(_ outbox: IRCOutbox, isAdmitted: Bool) -> Int {
        let client = IRCClient(number: nextNumber(), outbox: outbox, liveness: IRCLiveness(configuration.patience, now: .now()))
        client.registration.isAdmitted = isAdmitted
        clients[client.number] = client
        watch(client)
        return client.number
    }

    /// Carries out what a client sent, in order.
    func take(_ inputs: [Input], from number: Int) async -> Session.Next {
        clients[number]?.liveness.heard(.now())
        for input in inputs {
            guard let client = clients[number], !client.isGone else { return .close }
            let next = await take(input, from: client)
            if next == .close {
                flush()
                return .close
            }
        }
        flush()
        return .more
    }

    /// The connection is at its end, whoever ended it.
    func disconnect(_ number: Int, reason: String) async {
        guard let client = clients[number] else { return }
        await depart(client, reason, isLost: true)
        flush()
    }

    /// The last line of every connection at shutdown.
    nonisolated static func farewell(_ reason: String) -> String { "ERROR :\(reason)\r\n" }

    /// All connections of a user, and of its account under other nicks.
    func sessions(of user: IRCUser) -> [IRCClient] {
        guard let account = user.account?.key else { return user.clients }
        return clients.values.filter { $0.user != nil && $0.login?.account == account }
    }

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    func nextBatch() -> String {
        lastBatch += 1
        return String(lastBatch, radix: 36)
    }

    /// Unguessable, and of the same form as the hashes of posts.
    func newMessageID() -> String {
        // Each of these is a system call; one for every byte would cost as much as all the rest of a message.
        let random = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        return withUnsafeBytes(of: random) { Base32.encode(Array($0.prefix(15))) }
    }

    // MARK: Sending

    func send(_ text: String, to client: IRCClient) { send(ByteBuffer(string: text), to: client) }

    func send(_ bytes: ByteBuffer, to client: IRCClient) {
        guard !client.isGone else { return }
        guard client.outbox.append(bytes) else {
            client.isGone = true
            overrun.append(client)
            return
        }
        dirty[ObjectIdentifier(client.outbox)] = client.outbox
    }

    func send(_ message: IRCOutgoing, to client: IRCClient) { send(message.line(for: client.capabilities), to: client) }

    /// To every connection of a user.
    func send(_ message: IRCOutgoing, to user: IRCUser, except: IRCClient? = nil, having: IRCCapabilities = []) {
        for client in user.clients where client !== except && client.capabilities.isSuperset(of: having) { send(message, to: client) }
    }

    /// To every connection of the members of a channel.
    func send(_ message: IRCOutgoing, to channel: IRCChannel, except: IRCClient? = nil, having: IRCCapabilities = []) {
        var fanout = IRCFanout(message)
        send(&fanout, to: channel, except: except) { $0.isSuperset(of: having) }
    }

    func send(_ fanout: inout IRCFanout, to channel: IRCChannel, except: IRCClient? = nil, where isMeant: (IRCCapabilities) -> Bool) {
        for member in channel.members.values {
            for client in member.user.clients where client !== except && isMeant(client.capabilities) {
                send(fanout.bytes(for: client.capabilities), to: client)
            }
        }
    }

    /// To everybody who shares a channel with a user, once, and to the user's own connections.
    func sendToPeers(
        of user: IRCUser, _ message: IRCOutgoing, includingSelf: Bool, except: IRCClient? = nil, having: IRCCapabilities = [], monitors: Bool = false
    ) {
        var fanout = IRCFanout(message)
        var done: Set<Int> = includingSelf ? [] : [user.number]
        var told: Set<Int> = []
        func tell(_ receiver: IRCUser) {
            guard done.insert(receiver.number).inserted else { return }
            for client in receiver.clients where client !== except && client.capabilities.isSuperset(of: having) {
                told.insert(client.number)
                send(fanout.bytes(for: client.capabilities), to: client)
            }
        }
        if includingSelf { tell(user) }
        for channel in user.channels.values {
            for member in channel.members.values { tell(member.user) }
        }
        guard monitors else { return }
        for number in watchers[user.nick.ircFolded] ?? [] where !told.contains(number) {
            guard let client = clients[number], client.user !== user, client.capabilities.isSuperset(of: having.union(.extendedMonitor)) else { continue }
            send(fanout.bytes(for: client.capabilities), to: client)
        }
    }

    /// Sends what was queued: one task for each event loop, one write for each client.
    func flush() {
        let cut = overrun
        overrun = []
        for client in cut {
            client.outbox.cut(Self.farewell("Closing link: SendQ exceeded"))
            let number = client.number
            // Its reader notices too; whoever is first does it.
            Task { await self.disconnect(number, reason: "SendQ exceeded") }
        }
        guard !dirty.isEmpty else { return }
        let outboxes = Array(dirty.values)
        dirty.removeAll(keepingCapacity: true)
        guard outboxes.count > 1 else {
            outboxes[0].channel.eventLoop.execute { outboxes[0].drain() }
            return
        }
        for (_, group) in Dictionary(grouping: outboxes, by: { ObjectIdentifier($0.channel.eventLoop) }) {
            group[0].channel.eventLoop.execute { for outbox in group { outbox.drain() } }
        }
    }
}
