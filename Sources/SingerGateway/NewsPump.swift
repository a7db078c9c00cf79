internal import Logging
internal import SingerCore
internal import SingerNode
internal import Synchronization

/// A session that is told what is new for a login. Lives on the event loop of the gateway, as all of its kind do.
protocol NewsReceiver: Sendable {
    var login: Login { get }

    /// Whether it takes news now. If not, it asks for another look itself, when it does.
    func isReady() -> Bool

    func take(_ news: News)
}

/// Reads what is new for all sessions that were woken, out of one snapshot, and gives it to each where its connection is served.
///
/// Nothing is queued for a session but that it was woken; and there is no task for each, which would cost more than what it reads.
final class NewsPump: Sendable {
    private struct State {
        /// Each login once.
        var woken: [any NewsReceiver] = []
        var isRunning = false
        /// Logins whose news could not be read, and are tried again before long.
        var retrying: Set<ObjectIdentifier> = []
    }

    /// Sessions that share a snapshot: bounds how long the first of them waits for it.
    private static let receiversMax = 1_024

    /// After so many others have their turn on the loop.
    private static let receiversInTurn = 64

    /// Going through many sessions costs most of what it is to show them one post more: as long as that took, it is not done again, and what comes
    /// meanwhile is shown together. Whoever is shown a post after a pause is shown it at once.
    private static let restMin = Duration.milliseconds(1)
    private static let restMax = Duration.milliseconds(20)

    private static let retryPause = Duration.seconds(5)

    private let loopTasks: LoopTasks
    private let logger: Logger
    private let state = Mutex(State())

    init(_ loopTasks: LoopTasks, _ logger: Logger) {
        self.loopTasks = loopTasks
        self.logger = logger
    }

    /// There may be news for it. May be called on any thread.
    func wake(_ receiver: any NewsReceiver) {
        let starts = state.withLock { state in
            state.woken.append(receiver)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { Task(executorPreference: loopTasks) { await self.run() } }
    }

    private func run() async {
        while let woken = next() {
            let began = ContinuousClock.now
            let receivers = woken.filter { $0.isReady() }
            for (index, (receiver, news)) in zip(receivers, await Login.news(of: receivers.map(\.login))).enumerated() {
                if index % Self.receiversInTurn == Self.receiversInTurn - 1 { await Task.yield() }
                switch news {
                case .success(let news): receiver.take(news)
                case .failure(let error):
                    // Nothing is lost: the session's place is kept.
                    logger.warning("News of an account can't be read", metadata: ["account": "\(receiver.login.name)", "error": "\(error)"])
                    retry(receiver.login)
                }
            }
            let taken = min(began.duration(to: .now), Self.restMax)
            if taken > Self.restMin { try? await Task.sleep(for: taken) }
        }
    }

    private func retry(_ login: Login) {
        guard state.withLock({ $0.retrying.insert(ObjectIdentifier(login)).inserted }) else { return }
        Task {
            try? await Task.sleep(for: Self.retryPause)
            _ = state.withLock { $0.retrying.remove(ObjectIdentifier(login)) }
            login.wake()
        }
    }

    private func next() -> [any NewsReceiver]? {
        state.withLock { state in
            let woken = Array(state.woken.prefix(Self.receiversMax))
            state.woken.removeFirst(woken.count)
            if woken.isEmpty { state.isRunning = false }
            return woken.isEmpty ? nil : woken
        }
    }
}
