internal import Logging
internal import NIOCore
internal import SingerCore
internal import SingerNode

/// What is new for the account of a session, told without being asked.
extension Session {
    func startPushing(_ login: Login) {
        pushing = Task(executorPreference: gateway.loopTasks) { await self.push(login) }
    }

    func stopPushing() async {
        guard let pushing else { return }
        pushing.cancel()
        // It may be waiting for the end of the very reply that ends it.
        releasePushes()
        await pushing.value
        self.pushing = nil
    }

    func endReply() {
        isReplying = false
        releasePushes()
    }

    private func releasePushes() {
        pushWaiting?.resume()
        pushWaiting = nil
    }

    private func push(_ login: Login) async {
        do {
            try await pushNews(of: login)
            for await _ in login.wakes { try await pushNews(of: login) }
        } catch {
            // The client is gone, or logs out; whoever reads its lines finds out too.
            gateway.logger.debug("Pushing ended", metadata: ["error": "\(error)"])
        }
    }

    /// Writes batch after batch, as fast as the client reads, until the session is up to date.
    private func pushNews(of login: Login) async throws {
        while !Task.isCancelled {
            let news: News
            do {
                news = try await login.news()
            } catch {
                // Nothing is lost: the session's place is kept, and the next wake tries again.
                guard !Task.isCancelled else { return }
                gateway.logger.warning("News of an account can't be read", metadata: ["error": "\(error)"])
                return
            }
            // What a command brings about is seen after its reply. Once is enough: one that sends command after command gets its news between two of them.
            if !news.isEmpty {
                await withCheckedContinuation { continuation in
                    // Asked here, and not on the way: with an executor of its own, a task is queued again before it waits.
                    guard isReplying, !Task.isCancelled else { return continuation.resume() }
                    pushWaiting = continuation
                }
            }
            guard !Task.isCancelled else { return }
            if !news.isEmpty { try await write(news) }
            // What comes later wakes the session again.
            guard news.isFull else { return }
        }
    }

    private func write(_ news: News) async throws {
        guard news.isShared else { return try await write(news.pushes.map { dialect.line(of: $0) }.text(ending)) }
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        outbox.append(
            gateway.renderings.value.bytes(of: news, as: LineWay(dialect: dialect, ending: ending)) {
                $0.writeString(news.pushes.map { dialect.line(of: $0) }.text(ending))
            })
        if !outbox.hasRoom { await outbox.room() }
    }
}
