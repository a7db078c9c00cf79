public import SingerCore
import SingerStore
import Synchronization

/// An account that a session has logged in to. Sessions of one account each have their own.
///
/// A session reads what is new for it when it is woken: nothing is queued for it, a slow session lags behind and costs
/// nothing. What the session wrote itself is not pushed back to it.
public final class Login: Sendable {
    public let account: AccountKey
    public let name: Username
    public let fingerprint: Fingerprint
    /// The account as others here saw it when the first of its open sessions began.
    let author: UserView
    /// Posts of others that came while no session of the account was open; the first news begin with the latest of them.
    public let unseen: Int

    private let store: Store
    private let viewers: Viewers
    /// When the session began.
    private let began: Milliseconds
    private let state: Mutex<State>

    private struct State {
        /// The last arrival that was read.
        var cursor: Int64
        /// The last of those that the session has shown.
        var shown: Int64
        var bell: (@Sendable () -> Void)?
        /// There may be something new, and nobody has asked since.
        var isWoken = true
        var isFinished = false
        /// Arrivals that this session wrote, and that it has not read past.
        var written: Set<Int64> = []
        /// Views besides the timeline, with the last arrival when each was opened: what was there already is not new in it.
        var views: [View: Int64] = [:]
        /// Whether it is told who holds its account's posts.
        var wantsReceipts = false
        /// Authors just followed, some of whose posts were here already.
        var backlog: [Backlog] = []
        /// Of those, whose posts are being read.
        var reading: [Backlog] = []
        /// What does not come from the store. The oldest are dropped when a session does not read.
        var notices: [Push] = []
        /// Other keys that claim the account's name, of which the session has been told.
        var rivals: Set<AccountKey> = []
    }

    private struct Backlog {
        let author: AccountKey
        /// The session's place when it was followed; what comes behind is news. `nil` until the session reads on.
        var upTo: Int64?
        /// Its log has had time to come: what was deleted in it is known.
        var isReady: Bool
    }

    init(_ account: Store.LocalAccount, _ author: UserView, store: Store, viewers: Viewers, cursor: Int64, began: Milliseconds, unseen: Int) {
        self.account = account.account
        name = account.name
        self.author = author
        fingerprint = Fingerprint(account.account)
        self.unseen = unseen
        self.store = store
        self.viewers = viewers
        self.began = began
        state = Mutex(State(cursor: cursor, shown: cursor))
    }

    // MARK: What is new

    /// Rings the bell when there may be something new, on any thread: once until somebody asks, and at once for the first time. There is one bell.
    public func whenWoken(_ bell: @escaping @Sendable () -> Void) {
        let isWoken = state.withLock { state in
            guard !state.isFinished else { return false }
            state.bell = bell
            return state.isWoken
        }
        if isWoken { bell() }
    }

    /// Rings it, unless it has rung and nobody has asked since.
    public func wake() {
        let bell: (@Sendable () -> Void)? = state.withLock { state in
            guard !state.isWoken else { return nil }
            state.isWoken = true
            return state.bell
        }
        bell?()
    }

    /// The next of what is new for several sessions of one node, out of one snapshot of its store: about `Limits.rowsMax` at a time
    /// for each; empty, and not full, for one that is up to date. Each is asked for once at a time.
    public static func news(of logins: [Login]) async -> [Result<News, NodeError>] {
        guard let store = logins.first?.store else { return [] }
        let readings = logins.map { $0.begin() }
        let answers: [Result<Store.Arrivals, StoreError>]
        do {
            answers = try await store.arrivals(readings.map(\.question))
        } catch {
            answers = logins.map { _ in .failure(error) }
        }
        var news: [Result<News, NodeError>] = []
        for (index, login) in logins.enumerated() { news.append(await login.end(readings[index], answers[index])) }
        return news
    }

    /// What is asked of the store, and what comes from elsewhere.
    private struct Reading {
        let question: Store.NewsQuestion
        let backlog: [Backlog]
        let notices: [Push]
    }

    private func begin() -> Reading {
        state.withLock { state in
            for index in state.backlog.indices where state.backlog[index].upTo == nil { state.backlog[index].upTo = state.cursor }
            let backlog = state.backlog.filter(\.isReady).prefix(Self.backlogAuthorsAtOnce).map(\.self)
            defer {
                state.isWoken = false
                state.backlog.removeAll { one in backlog.contains { $0.author == one.author } }
                state.reading = backlog
                state.notices = []
            }
            let question = Store.NewsQuestion(account: account, cursor: state.cursor, views: state.views, ownSince: began, known: state.written)
            return Reading(question: question, backlog: backlog, notices: state.notices)
        }
    }

    private func end(_ reading: Reading, _ answer: Result<Store.Arrivals, StoreError>) async -> Result<News, NodeError> {
        let arrivals: Store.Arrivals
        var past: [PostView]
        do {
            arrivals = try answer.get()
            past = try await reading.backlog.isEmpty ? [] : store.backlog(reading.backlog.map { ($0.author, $0.upTo ?? reading.question.cursor) })
        } catch {
            takeBack(reading)
            return .failure(NodeError(error))
        }
        // What was written while the store was read, too.
        let (known, wanted, hasBacklog) = state.withLock { state in
            let known = state.written
            state.written = known.filter { $0 > arrivals.cursor }
            state.cursor = max(state.cursor, arrivals.cursor)
            // Less those whom the account has ceased to follow meanwhile.
            defer { state.reading = [] }
            return (known, Set(state.reading.map(\.author)), state.backlog.contains(where: \.isReady))
        }
        past.removeAll { !wanted.contains($0.author.account) }
        if hasBacklog { wake() }
        if past.isEmpty, reading.notices.isEmpty, arrivals.places.allSatisfy({ !known.contains($0) }) { return .success(arrivals.news) }
        // Several who were followed at once are read as the timeline is: by time, whoever wrote.
        var pushes = past.sorted { ($0.created, $0.id.hash.text) < ($1.created, $1.id.hash.text) }.map { Push.post($0, in: [.home]) }
        pushes += zip(arrivals.places, arrivals.news.pushes).filter { !known.contains($0.0) }.map(\.1)
        return .success(News(pushes + reading.notices, isFull: arrivals.news.isFull))
    }

    /// What was taken and not told is still to be told.
    private func takeBack(_ reading: Reading) {
        state.withLock { state in
            state.backlog = (state.reading + state.backlog).suffix(Self.backlogAuthorsMax)
            state.reading = []
            state.notices = Array((reading.notices + state.notices).suffix(Limits.noticesMax))
        }
    }

    /// Notes that the session has shown all it was given: there the account's next one begins.
    public func didShow() { state.withLock { $0.shown = $0.cursor } }

    var shown: Int64 { state.withLock(\.shown) }

    // MARK: What is wanted

    /// Opens a view: its new posts are pushed from now on. At most `Limits.viewsMax`; the timeline is open from the beginning.
    ///
    /// - Returns: whether there was room for it.
    @discardableResult
    public func open(_ view: View) async -> Bool {
        viewers.insert(self)
        let latest = (try? await store.latestArrival()) ?? 0
        let isOpen = state.withLock { state in
            guard !state.isFinished else { return false }
            guard state.views[view] == nil else { return true }
            guard state.views.count < Limits.viewsMax else { return false }
            state.views[view] = latest
            return true
        }
        // Whose session ended meanwhile, or had room for none.
        if state.withLock({ $0.isFinished || $0.views.isEmpty }) { viewers.remove(self) }
        return isOpen
    }

    public func close(_ view: View) {
        let isLast = state.withLock { state in
            state.views[view] = nil
            return state.views.isEmpty
        }
        if isLast { viewers.remove(self) }
    }

    /// Whether the session is told how many other peers hold what its account posts: `Push.held`, from now on.
    public var wantsReceipts: Bool {
        get { state.withLock(\.wantsReceipts) }
        set { state.withLock { $0.wantsReceipts = newValue } }
    }

    func finish() {
        viewers.remove(self)
        state.withLock { state in
            state.isFinished = true
            state.bell = nil
        }
    }

    // MARK: What there is to tell

    /// Called before the commit, so that no read can see the entry first.
    private func wrote(_ arrivals: [Int64], insteadOf others: [Int64]) {
        let count = state.withLock { state in
            state.written.subtract(others)
            state.written.formUnion(arrivals)
            return state.written.count
        }
        // Reading past what it wrote, it forgets it.
        if count >= Self.writtenMax { wake() }
    }

    /// Carries out a write that tells of its arrivals before the commit. One that fails wrote nothing, nor did one that has to begin anew: the arrivals
    /// will be others'.
    static func writing<Value>(
        for logins: [Login], _ write: (_ willCommit: @escaping @Sendable ([Int64]) -> Void) async throws -> Value
    ) async throws -> Value {
        let arrivals = Arrivals()
        do {
            return try await write { new in
                let old = arrivals.replace(with: new)
                for login in logins { login.wrote(new, insteadOf: old) }
            }
        } catch {
            let old = arrivals.replace(with: [])
            for login in logins { login.wrote([], insteadOf: old) }
            throw error
        }
    }

    private final class Arrivals: Sendable {
        private let numbers = Mutex<[Int64]>([])

        func replace(with new: [Int64]) -> [Int64] {
            numbers.withLock { numbers in
                defer { numbers = new }
                return numbers
            }
        }
    }

    private static let writtenMax = 1_000
    /// Who follows more at once is shown what the last of them wrote.
    private static let backlogAuthorsMax = 10_000
    private static let backlogAuthorsAtOnce = 50

    /// The session is to be shown what an author wrote who is followed from now on, as far as it is here: when `showBacklog` says so.
    func expect(backlogOf author: AccountKey) {
        state.withLock { state in
            state.backlog.removeAll { $0.author == author }
            state.backlog = state.backlog.suffix(Self.backlogAuthorsMax - 1) + [Backlog(author: author, isReady: false)]
        }
        wake()
    }

    /// The author is followed no more, or muted.
    func dropBacklog(of author: AccountKey) {
        state.withLock { state in
            state.backlog.removeAll { $0.author == author }
            state.reading.removeAll { $0.author == author }
        }
    }

    func showBacklog(of author: AccountKey) {
        state.withLock { state in
            if let index = state.backlog.firstIndex(where: { $0.author == author }) { state.backlog[index].isReady = true }
        }
        wake()
    }

    func tell(_ notice: Push) {
        state.withLock { state in
            state.notices.append(notice)
            if state.notices.count > Limits.noticesMax { state.notices.removeFirst() }
        }
        wake()
    }

    /// Tells of a rival claim, once.
    func tell(_ rival: RivalClaim) {
        let isNew = state.withLock { $0.rivals.count < Self.rivalsMax && $0.rivals.insert(rival.rival).inserted }
        if isNew { tell(.rival(rival)) }
    }

    /// Anybody can claim any name at nodes of their own: a session is told of so many.
    private static let rivalsMax = 16
}
