internal import GRDB
internal import SingerCore

/// What is new for sessions that have read equally far, out of one snapshot: entries, posts, and who follows whom are read once.
///
/// It knows the common case, posts of others in a timeline. What else there is for a session is read for it alone.
struct SharedNews {
    private struct Row {
        let arrival: Int64
        let kind: Entry.Kind?
        let author: Int64
        let created: Milliseconds
        let target: Int64?
        /// Somebody here mutes whom it is about.
        let isMuted: Bool
    }

    /// Who of those that ask follows an author, and mutes them not.
    private struct Audience {
        /// From when on each of them is shown what was written.
        let since: [Int64: Milliseconds]
        /// What the author wrote from here on is shown to all.
        let latest: Milliseconds
    }

    private let accounts: [Int64]
    private let end: Int64
    private let db: Database
    /// What came after a cursor; `nil`: too much.
    private var rows: [Int64: [Row]?] = [:]
    private var audiences: [Int64: Audience] = [:]
    private var posts: [Int64: PostView?] = [:]
    /// By the arrivals in them, and the last that was asked for: mostly it is asked for again.
    private var news: [[Int64]: Store.Arrivals] = [:]
    private var last: (wanted: [Int64], made: Store.Arrivals)?

    init(for accounts: [Int64], upTo end: Int64, _ db: Database) {
        self.accounts = accounts
        self.end = end
        self.db = db
    }

    /// - Returns: `nil` if there is more to it than posts of others.
    mutating func arrivals(_ question: Store.NewsQuestion, for account: Int64) throws -> Store.Arrivals? {
        guard question.views.isEmpty, let rows = try rows(after: question.cursor) else { return nil }
        var wanted: [Int64] = []
        // Of the author of the rows before, who as a rule wrote several of them.
        var author: Int64?
        var since: Milliseconds?
        for row in rows {
            switch row.kind {
            case .post, .delete:
                guard row.author != account else { return nil }
                if row.author != author {
                    author = row.author
                    since = try self.since(account, follows: row.author)
                }
                guard let since, row.created >= since else { continue }
                guard row.kind == .post, !row.isMuted else { return nil }
                wanted.append(row.arrival)
            case .follow, .unfollow, .like:
                guard row.target != account else { return nil }
            case .profile, .unlike, .revoke, .unknown, nil: continue
            }
        }
        if let last, last.wanted == wanted { return last.made }
        if let known = news[wanted] {
            last = (wanted, known)
            return known
        }
        var found: [(arrival: Int64, post: PostView)] = []
        for arrival in wanted {
            if let post = try post(at: arrival), !post.isDeleted { found.append((arrival, post)) }
        }
        let made = Store.Arrivals(
            news: News(found.map { .post($0.post, in: [.home]) }, isShared: true), places: found.map(\.arrival), cursor: end)
        news[wanted] = made
        last = (wanted, made)
        return made
    }

    private mutating func rows(after cursor: Int64) throws -> [Row]? {
        if let known = rows[cursor] { return known }
        var read: [Row]?
        // Who is far behind is given piece after piece.
        if end - cursor <= Int64(Limits.rowsMax) {
            var found: [Row] = []
            let sql = """
                SELECT e.id, e.kind, e.account_id, e.created, e.target_id, EXISTS (SELECT 1 FROM mute WHERE muted_id = e.target_id)
                FROM entry e WHERE e.id > ? AND \(Store.counts) ORDER BY e.id
                """
            try db.each(sql, [.int(cursor)]) { row in
                found.append(
                    Row(
                        arrival: row.int(0), kind: Entry.Kind(rawValue: Int(row.int(1))), author: row.int(2), created: row.int(3),
                        target: row.isNull(4) ? nil : row.int(4), isMuted: row.bool(5)))
            }
            read = found
        }
        rows[cursor] = .some(read)
        return read
    }

    /// From when on an account is shown what an author wrote, if at all. The rule of `Store.concerns`.
    private mutating func since(_ account: Int64, follows author: Int64) throws -> Milliseconds? {
        let audience = try audience(of: author)
        return audience.since[account].map { min($0, audience.latest) }
    }

    private mutating func audience(of author: Int64) throws -> Audience {
        if let known = audiences[author] { return known }
        let followers = """
            SELECT f.follower_id, max(f.created, l.since)
            FROM json_each(?2) j
                CROSS JOIN follow f ON f.follower_id = j.value AND f.followee_id = ?1 AND f.following
                CROSS JOIN local_account l ON l.account_id = f.follower_id
            WHERE NOT EXISTS (SELECT 1 FROM mute WHERE account_id = f.follower_id AND muted_id = ?1)
            """
        let asking = "[" + accounts.map(String.init).joined(separator: ",") + "]"
        var since: [Int64: Milliseconds] = [:]
        try db.each(followers, [.int(author), .text(asking)]) { since[$0.int(0)] = $0.int(1) }
        let latest = try Milliseconds.fetchOne(
            db.cachedStatement(
                sql: "SELECT created FROM post WHERE account_id = ? ORDER BY created DESC LIMIT 1 OFFSET \(Limits.backlogPostsMax - 1)"),
            arguments: [author])
        let audience = Audience(since: since, latest: latest ?? 0)
        audiences[author] = audience
        return audience
    }

    private mutating func post(at arrival: Int64) throws -> PostView? {
        if let known = posts[arrival] { return known }
        let post = try Store.post(at: arrival, db)
        posts[arrival] = .some(post)
        return post
    }
}
