/// A selection of posts that a session looks at: in IRC, the channels whose names begin with `&`.
public enum View: Hashable, Sendable {
    /// The timeline: own posts and those of the followed.
    case home
    /// Posts that mention the account by `@name`, answer one of its posts, or forward one.
    case mentions
    /// One account's posts.
    case user(AccountKey)
    /// Posts with a hashtag: folded, without the `#`.
    case hashtag(String)
    /// The conversation that a post belongs to: any post of it.
    case thread(EntryID)
}

/// A place in a view's history.
public enum HistoryBound: Hashable, Sendable {
    case post(EntryID)
    case time(Milliseconds)
}

/// A piece of a view's history. Bounds are exclusive; `around` includes what it names.
public enum HistoryRange: Hashable, Sendable {
    /// The newest, back to `after` at most.
    case latest(after: HistoryBound?)
    case before(HistoryBound)
    case after(HistoryBound)
    case around(HistoryBound)
    /// From the first bound towards the second, whichever is the older.
    case between(HistoryBound, HistoryBound)
}
