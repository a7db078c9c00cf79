public import SingerCore

/// The use cases of Singer: what a person can ask of their peer.
public actor Node {
    public struct Registration: Sendable {
        public let login: Login
        /// Set when the passphrase was made here; shown once, kept nowhere.
        public let generatedPassphrase: String?
        /// Whether the account can be logged in to from a peer that never saw it.
        public let roams: Bool
    }

    public struct NodeStatus: Hashable, Sendable {
        public var version: String
        public var network: String
        public var uptime: Duration
        /// Accounts of this peer, and those with an open session.
        public var accounts: Int
        public var online: Int
        public var sessions: Int
        /// Posts in the store.
        public var posts: Int
        public var links: Int
        public var dhtNodes: Int
        /// Entries that other peers have yet to acknowledge.
        public var owed: Int
    }

    public struct PeerView: Hashable, Sendable {
        public let node: NodeKey
        public let host: String
        public let isDialled: Bool
        public let feeds: Int
    }

    // MARK: Accounts

    /// Claims a name and makes the keys. Throws `nameTaken`, `weakPassphrase`, `rateLimited`, `storageFull`.
    public func register(_ name: Username, passphrase: String?) async throws(NodeError) -> Registration { throw .internal("unbuilt") }

    /// Opens the keys of an account. A wrong passphrase and an unknown name both throw `badLogin`. Also `rateLimited`.
    public func login(_ name: Username, passphrase: String) async throws(NodeError) -> Login { throw .internal("unbuilt") }

    /// Ends one login; the last one of an account takes it offline. Idempotent.
    public func logout(_ login: Login) async {}

    /// Throws `badLogin` when `old` is wrong, `weakPassphrase`.
    public func changePassphrase(_ login: Login, from old: String, to new: String) async throws(NodeError) { throw .internal("unbuilt") }

    // MARK: Writing. All return after the commit; none waits for the network.

    public func post(_ text: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    public func reply(to id: String, _ text: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    public func forward(_ id: String, comment: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    public func delete(_ id: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    public func like(_ id: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    public func unlike(_ id: String, by login: Login) async throws(NodeError) -> ShownID { throw .internal("unbuilt") }
    /// May ask the network who bears the name, when this peer does not know: then a few seconds at most.
    public func follow(_ name: String, by login: Login) async throws(NodeError) -> UserView { throw .internal("unbuilt") }
    public func unfollow(_ name: String, by login: Login) async throws(NodeError) -> UserView { throw .internal("unbuilt") }
    public func mute(_ name: String, by login: Login) async throws(NodeError) -> UserView { throw .internal("unbuilt") }
    public func unmute(_ name: String, by login: Login) async throws(NodeError) -> UserView { throw .internal("unbuilt") }
    /// An empty text removes the field.
    public func setProfile(_ field: String, _ text: String, by login: Login) async throws(NodeError) { throw .internal("unbuilt") }

    // MARK: Reading. Newest first; `before` is an id as typed.

    public func timeline(_ login: Login, count: Int, before: String?) async throws(NodeError) -> [PostView] { throw .internal("unbuilt") }
    public func feed(of name: String, _ login: Login, count: Int, before: String?) async throws(NodeError) -> [PostView] { throw .internal("unbuilt") }
    public func search(_ words: String, _ login: Login, count: Int) async throws(NodeError) -> [PostView] { throw .internal("unbuilt") }
    public func show(_ id: String, _ login: Login) async throws(NodeError) -> PostDetails { throw .internal("unbuilt") }
    /// The whole conversation that a post belongs to, oldest first.
    public func thread(_ id: String, _ login: Login) async throws(NodeError) -> [PostView] { throw .internal("unbuilt") }
    /// Of the login's own account when no name is given. In alphabetical order.
    public func followers(of name: String?, _ login: Login) async throws(NodeError) -> [UserView] { throw .internal("unbuilt") }
    public func following(of name: String?, _ login: Login) async throws(NodeError) -> [UserView] { throw .internal("unbuilt") }
    public func whois(_ name: String, _ login: Login) async throws(NodeError) -> WhoIs { throw .internal("unbuilt") }
    /// The login's own profile.
    public func profile(_ login: Login) async throws(NodeError) -> [ProfileField] { throw .internal("unbuilt") }
    public func status() async -> NodeStatus { preconditionFailure("unbuilt") }
    public func peers() async -> [PeerView] { preconditionFailure("unbuilt") }
}

/// An account that a session has logged in to. Sessions of one account each have their own.
///
/// A session reads what is new for it by `pushes()`, whenever `wakes` yields: nothing is queued for it, a slow session lags
/// behind and costs nothing. What the session wrote itself is not pushed back to it.
public final class Login: Sendable {
    public let account: AccountKey
    public let name: Username
    public let fingerprint: Fingerprint
    /// Posts of others that came while no session of the account was open; the first `pushes()` begins with the latest of them.
    public let unseen: Int
    /// Yields when there may be something new. Several wakes in a row may be one element. Finishes at logout or shutdown.
    public let wakes: AsyncStream<Void>

    init(account: AccountKey, name: Username, fingerprint: Fingerprint, unseen: Int, wakes: AsyncStream<Void>) {
        self.account = account
        self.name = name
        self.fingerprint = fingerprint
        self.unseen = unseen
        self.wakes = wakes
    }

    /// The next of what is new, oldest first, at most `Limits.rowsMax` at a time; empty when the session is up to date.
    public func pushes() async throws(NodeError) -> [Push] { throw .internal("unbuilt") }
}
