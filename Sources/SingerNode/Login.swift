public import SingerCore
import SingerStore
import Synchronization

/// An account that a session has logged in to. Sessions of one account each have their own.
///
/// A session reads what is new for it by `news()`, whenever `wakes` yields: nothing is queued for it, a slow session lags
/// behind and costs nothing. What the session wrote itself is not pushed back to it.
public final class Login: Sendable {
    public let account: AccountKey
    public let name: Username
    public let fingerprint: Fingerprint
    /// Posts of others that came while no session of the account was open; the first `news()` begins with the latest of them.
    public let unseen: Int
    /// Yields when there may be something new. Several wakes in a row may be one element. Finishes at logout or shutdown.
    public let wakes: AsyncStream<Void>

    private let store: Store
    private let viewers: Viewers
    /// When the session began.
    private let began: Milliseconds
    private let waker: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    private struct State {
        /// The last arrival that was read.
        var cursor: Int64
        /// Arrivals that this session wrote, and that it has not read past.
        var written: Set<Int64> = []
        /// Views besides the timeline.
        var views: Set<View> = []
        /// Whether it is told who holds its account's posts.
        var wantsReceipts = false
        /// Authors just followed, whose latest posts were here already.
        var backlog: [AccountKey] = []
        /// What does not come from the store. The oldest are dropped when a session does not read.
        var notices: [Push] = []
        /// Other keys that claim the account's name, of which the session has been told.
        var rivals: Set<AccountKey> = []
    }

    init(_ account: Store.LocalAccount, store: Store, viewers: Viewers, cursor: Int64, began: Milliseconds, unseen: Int) {
        self.account = account.account
        name = account.name
        fingerprint = Fingerprint(account.account)
        self.unseen = unseen
        self.store = store
        self.viewers = viewers
        self.began = began
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(cursor: cursor))
        if unseen > 0 { waker.yield() }
    }

    /// The next of what is new, about `Limits.rowsMax` at a time; empty when the session is up to date.
    public func news() async throws(NodeError) -> News {
        let (start, backlog, notices) = state.withLock { state in
            defer {
                state.backlog = []
                state.notices = []
            }
            return (state.cursor, state.backlog, state.notices)
        }
        do {
            var past: [PostView] = []
            for author in backlog { past += try await store.backlog(of: author, upTo: start) }
            // Several who were followed at once are read as the timeline is: by time, whoever wrote.
            var pushes = past.sorted { ($0.created, $0.id.hash.text) < ($1.created, $1.id.hash.text) }.map { Push.post($0, in: [.home]) }
            while true {
                let (cursor, views, written) = state.withLock { ($0.cursor, $0.views, $0.written) }
                let arrivals = try await store.arrivals(for: account, after: cursor, views: views, ownSince: began, besides: written)
                // What was written while the store was read, too.
                let known = state.withLock { state in
                    let known = state.written
                    state.written = known.filter { $0 > arrivals.cursor }
                    state.cursor = max(state.cursor, arrivals.cursor)
                    return known
                }
                if pushes.isEmpty, notices.isEmpty, arrivals.places.allSatisfy({ !known.contains($0) }), !arrivals.news.isFull { return arrivals.news }
                pushes += zip(arrivals.places, arrivals.news.pushes).filter { !known.contains($0.0) }.map(\.1)
                if !arrivals.news.isFull || pushes.count >= Limits.rowsMax { return News(pushes + notices, isFull: arrivals.news.isFull) }
            }
        } catch {
            // What was taken is still to be told.
            state.withLock { state in
                state.backlog = backlog + state.backlog
                state.notices = notices + state.notices
            }
            throw NodeError(error)
        }
    }

    /// Opens a view: its new posts are pushed from now on. At most `Limits.viewsMax`; the timeline is open from the beginning.
    ///
    /// - Returns: whether there was room for it.
    @discardableResult
    public func open(_ view: View) -> Bool {
        viewers.insert(self)
        return state.withLock { state in
            guard state.views.count < Limits.viewsMax else { return state.views.contains(view) }
            state.views.insert(view)
            return true
        }
    }

    public func close(_ view: View) {
        let isLast = state.withLock { state in
            state.views.remove(view)
            return state.views.isEmpty
        }
        if isLast { viewers.remove(self) }
    }

    /// Whether the session is told how many other peers hold what its account posts: `Push.held`, from now on.
    public var wantsReceipts: Bool {
        get { state.withLock(\.wantsReceipts) }
        set { state.withLock { $0.wantsReceipts = newValue } }
    }

    var cursor: Int64 { state.withLock { $0.cursor } }

    func wake() { waker.yield() }
    func finish() {
        viewers.remove(self)
        waker.finish()
    }

    /// Called before the commit, so that no read can see the entry first.
    func wrote(_ arrival: Int64) {
        let count = state.withLock { state in
            state.written.insert(arrival)
            return state.written.count
        }
        // Reading past what it wrote, it forgets it.
        if count >= Self.writtenMax { wake() }
    }

    private static let writtenMax = 1_000

    func show(backlogOf author: AccountKey) {
        state.withLock { $0.backlog.append(author) }
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
