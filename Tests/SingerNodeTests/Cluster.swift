import Logging
import NIOPosix
import ServiceLifecycle
import SingerCore
import SingerDHT
import SingerNode
import SingerPeer
import SingerStore
import SingerTesting

/// Nodes with real stores and real links on loopback, which meet in a directory in memory.
///
///     a ─┐
///     b ─┼─ one InMemoryNetwork
///     c ─┘
struct Cluster {
    let nodes: [TestNode]

    subscript(index: Int) -> TestNode { nodes[index] }
}

/// One of them, and what a test may look into.
struct TestNode {
    let node: Node
    let store: Store
    let directory: InMemoryDirectory
    let transport: PeerTransport
    fileprivate let folder: TemporaryDirectory

    fileprivate init(network: InMemoryNetwork, workLog2: Int, clock: @escaping @Sendable () -> Milliseconds) async throws {
        folder = TemporaryDirectory()
        store = try Store(directory: folder.path)
        let secret = try await Node.secret(in: store)
        transport = try PeerTransport(secret: secret, group: MultiThreadedEventLoopGroup.singleton, logger: quietLogger)
        directory = InMemoryDirectory(network: network)
        let port = try await transport.listen(host: "127.0.0.1", port: 0)
        node = Node(
            configuration: Node.Configuration(
                network: "test", advertise: nil, peerPort: port, peerHost: "127.0.0.1", expectsPeers: false, workLog2: workLog2),
            store: store, directory: directory, transport: transport, secret: secret, logger: quietLogger, clock: clock)
        try await node.load()
    }

    func register(_ name: String, _ passphrase: String = "correct-horse") async throws -> Person {
        Person(node, try await node.register(.of(name), passphrase: passphrase))
    }

    func login(_ name: String, _ passphrase: String = "correct-horse") async throws -> Person {
        Person(node, try await node.login(.of(name), passphrase: passphrase))
    }

    /// Makes an author known to the network, and puts what they wrote into the store as if it had come from there.
    func meet(_ author: TestAuthor, _ entries: Entry...) async throws {
        await directory.put(NameClaim(name: author.name, root: author.root, created: TestAuthor.start).placed, permanent: true)
        _ = try await store.ingest(entries, now: Node.systemClock())
    }
}

/// Runs nodes as long as `body` takes, and shuts them down however it ends.
///
/// - Parameter workLog2: how slow the derivations of each node are; the others' are quick.
func withNodes(
    _ count: Int = 1, workLog2: [Int] = [], clock: @escaping @Sendable () -> Milliseconds = Node.systemClock, _ body: (Cluster) async throws -> Void
) async throws {
    let network = InMemoryNetwork()
    var nodes: [TestNode] = []
    for index in 0..<count {
        nodes.append(try await TestNode(network: network, workLog2: index < workLog2.count ? workLog2[index] : 4, clock: clock))
    }
    let cluster = Cluster(nodes: nodes)
    let services = ServiceGroup(services: nodes.map(\.node), logger: quietLogger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        do {
            try await body(cluster)
        } catch {
            await services.triggerGracefulShutdown()
            throw error
        }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
    }
}

/// A session, and what was pushed to it. Used by one task.
final class Person {
    struct LoggedOut: Error {}

    /// Gone when the login lets go of it.
    private final class Bell: Sendable {
        let continuation: AsyncStream<Void>.Continuation
        init(_ continuation: AsyncStream<Void>.Continuation) { self.continuation = continuation }
        deinit { continuation.finish() }
    }

    let node: Node
    let login: Login
    private let wakes: AsyncStream<Void>
    private var unread: [Push] = []

    init(_ node: Node, _ login: Login) {
        self.node = node
        self.login = login
        let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.wakes = wakes
        let bell = Bell(continuation)
        login.whenWoken { bell.continuation.yield() }
    }

    @discardableResult
    func post(_ text: String) async throws -> ShownID { try await node.post(text, by: login).id }

    /// The first push that is wanted; those before it are dropped.
    @discardableResult
    func push(_ isWanted: (Push) -> Bool) async throws -> Push {
        while true {
            while !unread.isEmpty {
                let push = unread.removeFirst()
                if isWanted(push) { return push }
            }
            unread = try await given()
            login.didShow()
        }
    }

    /// What is new, as soon as there is something; it is not said to be shown.
    func given() async throws -> [Push] {
        while true {
            let news = try await login.news()
            if !news.isEmpty { return news.pushes }
            var wakes = wakes.makeAsyncIterator()
            if !news.isFull, await wakes.next() == nil { throw LoggedOut() }
        }
    }

    @discardableResult
    func post(saying text: String) async throws -> PostView {
        let push = try await push { if case .post(let post, in: _) = $0 { post.text == text } else { false } }
        guard case .post(let post, in: _) = push else { throw LoggedOut() }
        return post
    }

    /// What was pushed and not yet asked for, without waiting.
    func pushed() async throws -> [String] {
        unread += try await login.news().pushes
        login.didShow()
        defer { unread = [] }
        return unread.map(\.summary)
    }

    func timeline(_ count: Int = 200) async throws -> [PostView] { try await node.timeline(login, count: count, before: nil) }
}

extension Login {
    /// The next of what is new for this one alone.
    fileprivate func news() async throws -> News { try await Self.news(of: [self])[0].get() }
}

extension Push {
    var summary: String {
        switch self {
        case .post(let post, in: _): "\(post.author.name): \(post.text)"
        case .deleted: "deleted"
        case .follow(let user): "\(user.name) follows"
        case .unfollow(let user): "\(user.name) unfollows"
        case .like(let user, _): "\(user.name) likes"
        case .online(let user): "\(user.name) is online"
        case .offline(let user): "\(user.name) is offline"
        case .held(_, let peers): "held by \(peers)"
        case .rival(let rival): "rival for \(rival.name), shown as \(rival.shownAs)"
        case .notice(let text): text
        }
    }
}

extension Username {
    /// A name that is known to be one.
    static func of(_ text: String) -> Username {
        guard let name = Username(text) else { preconditionFailure("no name: \(text)") }
        return name
    }
}

/// Asks until the answer is yes: for what the network settles in its own time, and tells nobody. The test's time limit ends it.
func eventually(_ isSo: () async throws -> Bool) async throws {
    while try await !isSo() { try await Task.sleep(for: .milliseconds(5)) }
}

let quietLogger = Logger(label: "singer.tests") { _ in SwiftLogNoOpLogHandler() }
