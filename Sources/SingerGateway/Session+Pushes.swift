internal import NIOCore
internal import SingerCore
internal import SingerNode

/// What is new for the account of a session, told without being asked.
extension Session {
    /// What a session keeps of that.
    struct Pushes {
        /// Came while a command was being answered.
        var held: News?
        /// Woken while nothing could be taken, and not looked at since.
        var areWanted = false
    }

    private struct Receiver: NewsReceiver {
        let session: Session
        let login: Login

        func isReady() -> Bool { session.assumeIsolated { $0.isReady(for: self) } }
        func take(_ news: News) { session.assumeIsolated { $0.take(news, of: login) } }
    }

    func startPushing(_ login: Login) {
        let receiver = Receiver(session: self, login: login)
        login.whenWoken { [newsPump = gateway.newsPump] in newsPump.wake(receiver) }
    }

    func endReply() {
        isReplying = false
        guard let news = pushes.held else { return }
        pushes.held = nil
        show(news)
        lookAgain()
    }

    private func isReady(for receiver: Receiver) -> Bool {
        guard login === receiver.login, channel.isActive else { return false }
        if pushes.held == nil, output.hasRoom { return true }
        guard !pushes.areWanted else { return false }
        pushes.areWanted = true
        if pushes.held == nil { output.whenRoom { self.assumeIsolated { $0.lookAgain() } } }
        return false
    }

    private func lookAgain() {
        guard pushes.areWanted, let login else { return }
        pushes.areWanted = false
        gateway.newsPump.wake(Receiver(session: self, login: login))
    }

    private func take(_ news: News, of login: Login) {
        guard self.login === login else { return }
        // What a command brings about is seen after its reply.
        if isReplying, !news.isEmpty { pushes.held = news } else { show(news) }
    }

    /// One piece after the other, as fast as the client reads, until the session is up to date.
    private func show(_ news: News) {
        guard let login, channel.isActive else { return }
        if news.isShared, !news.isEmpty {
            output.append(
                gateway.renderings.value.bytes(of: news, as: LineWay(dialect: dialect, ending: ending)) {
                    $0.writeString(news.pushes.map { dialect.line(of: $0) }.text(ending))
                })
        } else if !news.isEmpty {
            output.append(news.pushes.map { dialect.line(of: $0) }.text(ending))
        }
        login.didShow()
        if news.isFull { login.wake() }
    }
}
