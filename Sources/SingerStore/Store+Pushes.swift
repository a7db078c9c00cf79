internal import Foundation
internal import GRDB
public import SingerCore

/// What is new for an account since a place in the order of arrival: how sessions are fed.
extension Store {
    /// A piece of what is new, and how far it goes.
    public struct Arrivals: Sendable {
        public let news: News
        /// The arrival of each of `news`.
        public let places: [Int64]
        /// Where to read on.
        public let cursor: Int64
    }

    /// What a session wants to know.
    public struct NewsQuestion: Sendable {
        let account: AccountKey
        public let cursor: Int64
        let views: [View: Int64]
        let ownSince: Milliseconds
        let known: Set<Int64>

        /// - Parameters:
        ///   - cursor: the last arrival that was read.
        ///   - views: whose new posts are wanted besides the timeline's, each from behind some arrival on.
        ///   - ownSince: what the account itself wrote before is no news to it, also where it comes from another peer only now.
        ///   - known: arrivals that need not be told.
        public init(account: AccountKey, cursor: Int64, views: [View: Int64] = [:], ownSince: Milliseconds = 0, known: Set<Int64> = []) {
            self.account = account
            self.cursor = cursor
            self.views = views
            self.ownSince = ownSince
            self.known = known
        }
    }

    /// The last arrival of all.
    public func latestArrival() async throws(StoreError) -> Int64 {
        try await read { db in try Int64.fetchOne(db, sql: "SELECT coalesce(max(id), 0) FROM entry") ?? 0 }
    }

    /// What concerns an account: posts and deletions of those it follows and, from a time on, its own, follows and likes it receives.
    ///
    /// Of the past of somebody just followed, and of what was before the account came to this peer, the latest few only.
    private static let concerns = """
        (
            (e.kind IN \(Entry.Kind.sql(.post, .delete)) AND (
                (e.account_id = ?1 AND e.created >= ?3)
                OR EXISTS (
                    SELECT 1 FROM follow f WHERE f.follower_id = ?1 AND f.followee_id = e.account_id AND f.following
                        AND (e.created >= max(f.created, (SELECT since FROM local_account WHERE account_id = ?1))
                            OR e.created >= coalesce((SELECT n.created FROM post n WHERE n.account_id = e.account_id
                                ORDER BY n.created DESC LIMIT 1 OFFSET \(Limits.backlogPostsMax - 1)), 0))))
                AND \(isHeard))
            OR (e.kind IN \(Entry.Kind.sql(.follow, .unfollow, .like)) AND e.target_id = ?1 AND e.account_id <> ?1
                AND e.account_id NOT IN (SELECT muted_id FROM mute WHERE account_id = ?1)))
        """

    /// Not behind the last entry that counts of a device that was revoked since.
    static let counts = "NOT EXISTS (SELECT 1 FROM device d WHERE d.id = e.device_id AND d.revoked_after < e.seq)"

    private static let isHeard = isUnmuted("e", arrival: "id", by: "?1")

    /// What may be new in other views.
    private static let isVisible = "(e.kind IN \(Entry.Kind.sql(.post, .delete)) AND (e.account_id <> ?1 OR e.created >= ?3) AND \(isHeard))"

    /// Answers the questions of many sessions out of one snapshot. What cannot be read of a damaged file is the matter of those whom it concerns.
    public func arrivals(_ questions: [NewsQuestion]) async throws(StoreError) -> [Result<Arrivals, StoreError>] {
        try await read { [accountNumbers] db in
            let end = try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(id), 0) FROM entry")) ?? 0
            let numbers = try questions.map { try accountNumbers.number(of: $0.account, db) }
            var shared = SharedNews(for: numbers.compactMap(\.self), upTo: end, db)
            return zip(questions, numbers).map { question, number in
                guard let number, end > question.cursor else { return .success(Arrivals(news: News([]), places: [], cursor: question.cursor)) }
                return Result { try shared.arrivals(question, for: number) ?? Self.arrivals(question, for: number, upTo: end, db) }
                    .mapError { StoreError($0) }
            }
        }
    }

    /// The answer to one question by itself.
    ///
    /// - Parameters:
    ///   - id: of the account that asks.
    ///   - end: the last arrival of all.
    static func arrivals(_ question: NewsQuestion, for id: Int64, upTo end: Int64, _ db: Database) throws -> Arrivals {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT e.id, e.kind, e.hash, e.account_id, e.body, \(Self.concerns) AS concerns FROM entry e
                    WHERE e.id > ?2 AND (\(question.views.isEmpty ? "" : Self.isVisible + " OR ")\(Self.concerns)) AND \(Self.counts)
                    ORDER BY e.id LIMIT \(Limits.rowsMax)
                    """),
            arguments: [id, question.cursor, question.ownSince])
        let found = try rows.compactMap { row -> (arrival: Int64, push: Push)? in
            let arrival: Int64 = row[0]
            return try question.known.contains(arrival) ? nil : Self.push(row, for: id, after: question.cursor, question.views, db).map { (arrival, $0) }
        }
        let isFull = rows.count == Limits.rowsMax
        return Arrivals(
            news: News(found.map(\.push), isFull: isFull), places: found.map(\.arrival), cursor: isFull ? rows.last?[0] ?? end : end)
    }

    private static func push(_ row: Row, for account: Int64, after cursor: Int64, _ opened: [View: Int64], _ db: Database) throws -> Push? {
        let arrival: Int64 = row[0]
        let actor: Int64 = row[3]
        let views = Set(opened.filter { $0.value < arrival }.keys)
        switch Entry.Kind(rawValue: row[1]) {
        case .post:
            guard let post = try post(at: arrival, db), !post.isDeleted else { return nil }
            let isHome: Bool = row["concerns"]
            let others = try Self.views(views, with: arrival, for: account, db)
            return isHome || !others.isEmpty ? .post(post, in: (isHome ? [.home] : []) + others) : nil
        case .follow, .unfollow:
            // Only the word that counts: an old one may arrive late.
            let latest = try Bool.fetchOne(
                db.cachedStatement(sql: "SELECT following FROM follow WHERE follower_id = ? AND followee_id = ? AND entry_id = ?"),
                arguments: [actor, account, arrival])
            return try latest.map { try $0 ? .follow(user(actor, db)) : .unfollow(user(actor, db)) }
        case .like:
            guard let target = try reference(row[4], kind: .like) else { return nil }
            return .like(try user(actor, db), try shown(target.entry, db))
        case .delete:
            guard let target = try reference(row[4], kind: .delete) else { return nil }
            // One that came no earlier than its deletion was shown to nobody.
            let isPost = try Bool.fetchOne(
                db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM post WHERE entry_id = \(Self.arrival(of: "?")) AND account_id = ? AND entry_id <= ?)"),
                arguments: [target.entry.data, actor, cursor])
            guard isPost == true else { return nil }
            let author = try user(actor, db)
            let isHome: Bool = row["concerns"]
            return .deleted(
                try shown(target.entry, db), by: author, in: (isHome ? [.home] : []) + (views.contains(.user(author.account)) ? [.user(author.account)] : []))
        case .profile, .unlike, .revoke, .unknown, nil: return nil
        }
    }

    private static func reference(_ body: Data?, kind: Entry.Kind) throws -> EntryReference? {
        guard let body else { return nil }
        switch try Entry.Content(decoding: body, kind: kind) {
        case .like(let reference), .unlike(let reference), .delete(let reference): return reference
        case .post, .follow, .unfollow, .profile, .revoke, .unknown: return nil
        }
    }

    /// The latest posts of each of some authors up to an arrival: what a session sees when its account begins to follow.
    public func backlog(_ authors: [(account: AccountKey, upTo: Int64)]) async throws(StoreError) -> [PostView] {
        try await read { db in
            try authors.flatMap { author in
                try Self.accountID(author.account, db).map { try Self.recent($0, upTo: author.upTo, count: Limits.backlogPostsMax, db) } ?? []
            }
        }
    }

    /// Where a new session begins, and how many posts of others came while nobody was there to see them: of the latest
    /// `Limits.unseenEntriesMax` entries of all.
    public func unseen(by account: AccountKey) async throws(StoreError) -> (cursor: Int64, posts: Int) {
        try await read { db in
            let id = try Self.accountID(account, db) ?? 0
            let bounds = try Row.fetchOne(
                db, sql: "SELECT seen, (SELECT coalesce(max(id), 0) FROM entry) FROM local_account WHERE account_id = ?", arguments: [id])
            let seen = bounds.map { max($0[0] as Int64, ($0[1] as Int64) - Int64(Limits.unseenEntriesMax)) } ?? 0
            let unseen = "SELECT e.id FROM \(Self.postEntries) e WHERE e.id > ?2 AND e.account_id <> ?1 AND \(Self.concerns) AND \(Self.counts)"
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM (\(unseen))", arguments: [id, seen, 0]) ?? 0
            guard count > Limits.unseenPostsMax else { return (seen, count) }
            let first = try Int64.fetchOne(
                db, sql: "SELECT min(id) FROM (\(unseen) ORDER BY e.id DESC LIMIT \(Limits.unseenPostsMax))", arguments: [id, seen, 0])
            return (first.map { $0 - 1 } ?? seen, count)
        }
    }

    /// The entries that are posts, and can be shown, without their bytes: a third of the pages.
    private static let postEntries = """
        (SELECT entry_id AS id, 1 AS kind, account_id, device_id, seq, created, NULL AS target_id FROM post WHERE deleted = 0 AND withheld = 0)
        """

    /// Notes how far an account has been shown what is new. Never goes back.
    public func setSeen(_ account: AccountKey, _ cursor: Int64) async throws(StoreError) { try await setSeen([account: cursor]) }

    /// The same for several in one commit.
    public func setSeen(_ cursors: [AccountKey: Int64]) async throws(StoreError) {
        guard !cursors.isEmpty else { return }
        try await write { db in
            for (account, cursor) in cursors {
                try db.step(
                    "UPDATE local_account SET seen = max(seen, ?) WHERE account_id = (SELECT id FROM account WHERE key = ?)", .int(cursor),
                    .blob(account.data))
            }
        }
    }
}
