internal import SingerCore
internal import SingerNode

/// The answer to one command, before a dialect puts it into lines.
struct Reply: Hashable, Sendable {
    let rows: [Row]
    let end: End

    enum End: Hashable, Sendable {
        case done(Done)
        case failed(Failure)
    }

    init(_ done: Done, rows: [Row] = []) {
        self.rows = rows
        self.end = .done(done)
    }

    init(failure: Failure) {
        self.rows = []
        self.end = .failed(failure)
    }
}

/// One row of a reply.
enum Row: Hashable, Sendable {
    case post(PostView)
    case user(UserView)
    case field(Field)
    case peer(Node.PeerView)
    case device(DeviceView)
    /// One of the account's own logs.
    case log(Node.OwnLog)
    /// An entry as it was signed.
    case entry(Entry)
    /// A command in the list that HELP gives.
    case help(group: CommandGroup, usage: String, summary: String)
    /// Words for people.
    case note(String)

    static func field(_ name: String, _ value: Field.Value) -> Row { .field(Field(name: name, value: value)) }
}

/// One thing that is known, under its name.
struct Field: Hashable, Sendable {
    let name: String
    let value: Value

    enum Value: Hashable, Sendable {
        case text(String)
        case number(Int)
        case id(ShownID)
        case users([UserView])
        case presence(WhoIs.Presence)
        case span(Duration)
        /// There is such a thing, but it is not known here or not set.
        case none
    }
}

/// What was done.
enum Done: Hashable, Sendable {
    /// `isStrong`: the passphrase may guard a key that leaves this peer. `generated`: it was made up, and is told only here.
    case registered(name: String, key: Fingerprint, isStrong: Bool, generated: String?)
    case loggedIn(name: String, key: Fingerprint, unseen: Int)
    case loggedOut
    case passphraseChanged
    case revoked(DeviceView)
    case posted(ShownID)
    case deleted(ShownID)
    case liked(ShownID)
    case unliked(ShownID)
    case following(UserView)
    case unfollowed(UserView)
    case muted(UserView)
    case unmuted(UserView)
    case profileSet(field: String)
    case profileRemoved(field: String)
    case imported(new: Int, known: Int)
    /// That many rows were given.
    case listed(Int, Noun)
    /// What there is to show was shown.
    case shown
    case receipts(Bool)
    case format(Dialect)
    case pong(String)
    case bye

    enum Noun: Hashable, Sendable {
        case posts
        case followers
        case following
        case peers
        case devices
        case commands
        case logs
        case entries
    }
}
