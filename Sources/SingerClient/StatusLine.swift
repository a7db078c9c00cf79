/// What the quiet line above the one being typed says while something takes long: that an answer is still to come, or how many posts
/// have come in a burst, as after the first login on another machine.
package struct StatusLine {
    /// What is waited for.
    package struct Wait: Hashable {
        package let what: String
        package let since: ContinuousClock.Instant

        package init(what: String, since: ContinuousClock.Instant) {
            self.what = what
            self.since = since
        }
    }

    private var posts = 0
    private var lastPost: ContinuousClock.Instant?

    /// What is done sooner needs no words; and a burst that pauses so long is over.
    package static let patience = Duration.seconds(1)
    /// Fewer posts than this can be looked over without being counted.
    static let postsMin = 100

    package init() {}

    /// A post was shown.
    package mutating func arrived(at now: ContinuousClock.Instant) {
        if let lastPost, now - lastPost < Self.patience { posts += 1 } else { posts = 1 }
        lastPost = now
    }

    /// Empty when there is nothing to say.
    package func text(_ wait: Wait?, now: ContinuousClock.Instant) -> String {
        if isBurst(now) { return "· \(posts) posts so far…" }
        guard let wait, now - wait.since >= Self.patience else { return "" }
        return "· \(wait.what): no answer yet, \((now - wait.since).components.seconds) s"
    }

    /// When the text is another without anything having happened.
    package func deadline(_ wait: Wait?, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        if isBurst(now), let lastPost { return lastPost + Self.patience }
        return wait.map { $0.since + .seconds((now - $0.since).components.seconds + 1) }
    }

    private func isBurst(_ now: ContinuousClock.Instant) -> Bool {
        guard let lastPost else { return false }
        return posts >= Self.postsMin && now - lastPost < Self.patience
    }
}
