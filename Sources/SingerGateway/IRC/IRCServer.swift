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
        case tooLong(bytes: Int)
        case invalidUTF8([UInt8])

        init(_ item: LineDecoder.Item, _ decoder: LineDecoder) {
            switch item {
            case .line(let line): self = .line(line)
            case .tooLong: self = .tooLong(bytes: decoder.droppedBytes)
            case .invalidUTF8: self = .invalidUTF8(decoder.refused)
            }
        }
    }

    /// Of all connections and their sessions: what one brings about for another needs no lock and no change of threads.
    let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let serverName: String
    /// `:server PONG server :`
    let pongStart: [UInt8]
    let configuration: GatewayConfiguration
    let node: Node
    let newsPump: NewsPump
    let logger: Logger
    let started: Milliseconds

    var clients: [Int: IRCClient] = [:]
    /// Those that are sessions of an account.
    var loggedIn: [AccountKey: [IRCClient]] = [:]
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
    let histories = IRCHistory.Total()
    /// What clients leave here, of each guest and of each account with an open session.
    var kept: [IRCPartyKey: ClientState] = [:]
    /// Views that a connection of an account left open when it ended, and when that was: the next one is shown what is newer.
    var viewsLeft: [AccountKey: [View: Milliseconds]] = [:]
    /// Accounts whose sessions each have a nick of their own.
    var accountsAlone: Set<AccountKey> = []

    private var lastNumber = 0
    private var lastBatch: UInt64 = 0
    /// Sessions that were woken for their lines, and have not come to them yet.
    var woken = 0
    var messageIDs = IRCMessageIDs()
    /// What is being said in a channel: see `IRCServer+Relay`.
    var run: IRCRun?
    let renderings = NewsRenderings<IRCWay>()

    struct Whowas {
        let nick: String
        let userName: String
        let host: String
        let realName: String
        let left: Milliseconds
    }

    init(configuration: GatewayConfiguration, node: Node, newsPump: NewsPump, logger: Logger, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        self.configuration = configuration
        serverName = configuration.serverName
        pongStart = Array(":\(serverName) PONG \(serverName) :".utf8)
        self.node = node
        self.newsPump = newsPump
        self.logger = logger
        started = Node.systemClock()
    }

    nonisolated var now: Milliseconds { Node.systemClock() }

    // MARK: Connections

    func connect(_ handler: NIOLoopBound<SessionHandler>, isAdmitted: Bool) -> Int {
        let number = nextNumber()
        let client = IRCClient(number: number, output: handler.value.output, liveness: IRCLiveness(configuration.patience, now: .now()))
        client.output.limit(IRCLimits.sendQueueBytesMax) { [self] in assumeIsolated { $0.overrun(number) } }
        client.registration.isAdmitted = isAdmitted
        clients[number] = client
        watch(client)
        return number
    }

    /// Carries out what a client sent, in order, as far as that needs nothing from elsewhere.
    ///
    /// - Returns: the line that does, if there is one. It is the caller's to go on from there.
    func takeAtOnce(_ lines: inout LineDecoder, from number: Int) -> (next: Session.Next, waits: LineDecoder.Item?) {
        guard let client = clients[number] else { return (.close, nil) }
        client.liveness.heard(.now())
        var time = now
        while !client.isGone {
            relay(&lines, from: client, at: time)
            if lines.take({ pong($0, to: client) }) { continue }
            guard let item = lines.next() else { return (.more, nil) }
            switch begin(Input(item, lines), from: client) {
            // What comes behind is said no earlier.
            case .done(.more): time = now
            case .done(.close): return (.close, nil)
            case .waits: return (.more, item)
            }
        }
        return (.close, nil)
    }

    /// Carries out what a client sent, in order.
    func take(_ inputs: [Input], from number: Int) async -> Session.Next {
        clients[number]?.liveness.heard(.now())
        var rest = inputs[...]
        while let input = rest.first {
            guard let client = clients[number], !client.isGone else { return .close }
            let posts = postsInARow(rest, from: client)
            if posts.count > 1 {
                rest.removeFirst(posts.count)
                await post(posts)
                continue
            }
            rest.removeFirst()
            if await take(input, from: client) == .close { return .close }
        }
        return .more
    }

    /// The connection is at its end, whoever ended it.
    func disconnect(_ number: Int, reason: String) async {
        guard let client = clients[number] else { return }
        await depart(client, reason, isLost: true)
    }

    /// The last line of every connection at shutdown.
    nonisolated static func farewell(_ reason: String) -> String { "ERROR :\(reason)\r\n" }

    /// All connections of a user, and of its account under other nicks.
    func sessions(of user: IRCUser) -> [IRCClient] {
        guard let account = user.account?.key else { return user.clients }
        return loggedIn[account, default: []].filter { $0.user != nil }
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
    func newMessageID() -> String { messageIDs.next().text }

    // MARK: Sending

    func send(_ text: String, to client: IRCClient) {
        guard !client.isGone else { return }
        endRun(for: client)
        client.output.append(text)
    }

    func send(_ bytes: ByteBuffer, to client: IRCClient) {
        guard !client.isGone else { return }
        endRun(for: client)
        client.output.append(bytes)
    }

    func send(_ shared: ClientOutput.Shared, to client: IRCClient) {
        guard !client.isGone else { return }
        endRun(for: client)
        client.output.append(shared)
    }

    func send(to client: IRCClient, _ write: (inout ByteBuffer) -> Void) {
        guard !client.isGone else { return }
        endRun(for: client)
        client.output.append(write)
    }

    func send(_ message: IRCOutgoing, to client: IRCClient) {
        send(to: client) { message.write(for: client.capabilities, to: &$0) }
    }

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

    /// A client does not read what it is sent.
    private func overrun(_ number: Int) {
        guard let client = clients[number] else { return }
        client.isGone = true
        // Its session notices too that the connection is closed; whoever is first says why.
        Task { await self.disconnect(number, reason: "SendQ exceeded") }
        client.output.cut(Self.farewell("Closing link: SendQ exceeded"))
    }
}
