internal import Foundation
internal import GRDB
public import SingerCore

/// How a verified entry enters the store. One way in, for what is written here and for what comes from others.
extension Store {
    public enum Outcome: Hashable, Sendable {
        case stored(arrival: Int64)
        /// The body of a post that was held without it.
        case completed
        /// It is here already.
        case duplicate
        /// It is dated too far ahead, and waits.
        case parked
        /// It is dated too far ahead, and there is no place for it to wait: it may come again.
        case crowded
        /// Its device signed two logs: another entry stands at its place, or it does not follow from its neighbours. The
        /// device is quarantined, and the two headers that prove it are kept.
        case equivocation
        /// No honest device signs this: it contradicts itself.
        case refused
        /// Its device writes two logs, and is no longer heard.
        case quarantined
        /// Its device is revoked, and it is behind the last entry of it that counts.
        case revoked
    }

    /// Stores entries in one transaction. Returns after the commit, with what became of each.
    ///
    /// What comes back of a log that is written here, after the data were put back to an older state, is owed again to whom it is for:
    /// whether they were told before, nobody here knows, and to be told twice changes nothing.
    public func ingest(_ entries: [Entry], now: Milliseconds) async throws(StoreError) -> [Outcome] {
        let ingest: @Sendable (Database) throws -> [Outcome] = { db in
            var signer: Signer?
            return try entries.map { entry in
                let outcome = try Self.ingest(entry, now: now, &signer, db)
                if case .stored(let arrival) = outcome, let signer, signer.writesHere { _ = try Self.owe(entry.content, arrival, signer.accountID, [], db) }
                return outcome
            }
        }
        // A post that was just written, and is waited for; of many the signatures are checked meanwhile, by every thread there is.
        let isShort = entries.count == 1 && entries[0].header.kind == .post
        return try await isShort ? writeInPlace(ingest) : write(ingest)
    }

    /// Parked entries whose time has come enter their logs.
    public func ingestParked(now: Milliseconds) async throws(StoreError) -> [(entry: Entry, outcome: Outcome)] {
        try await write { db in
            let due = try Row.fetchAll(db, sql: "SELECT hash, entry FROM parked WHERE due <= ? ORDER BY due LIMIT 256", arguments: [now])
            for row in due { try db.run(sql: "DELETE FROM parked WHERE hash = ?", arguments: [row[0] as Data]) }
            return try due.compactMap { try? Entry(encoded: $0[1]) }.map { ($0, try Self.ingest($0, now: now, db)) }
        }
    }

    /// When the next parked entry is due.
    public func nextParkedDue() async throws(StoreError) -> Milliseconds? {
        try await read { db in try Int64.fetchOne(db, sql: "SELECT min(due) FROM parked") }
    }

    static let parkedMax = 10_000
    /// Nothing waits for longer than this: what nobody will live to see would fill the place for good.
    static let parkedAheadMax: Milliseconds = 7 * 24 * 60 * 60 * 1_000

    static func ingest(_ entry: Entry, now: Milliseconds, _ db: Database) throws -> Outcome {
        var signer: Signer?
        return try ingest(entry, now: now, &signer, db)
    }

    /// - Parameter last: who signed the entry before this one in the same transaction; nothing may have changed about its device since.
    static func ingest(_ entry: Entry, now: Milliseconds, _ last: inout Signer?, _ db: Database) throws -> Outcome {
        let header = entry.header
        if header.created > now + Limits.clockSkewMax {
            if try isVoid(header, db) { return .revoked }
            guard header.created <= now + parkedAheadMax else { return .crowded }
            let waiting = try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM parked")) ?? 0
            guard waiting < parkedMax else { return .crowded }
            try db.run(
                sql: "INSERT INTO parked (hash, due, entry) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [entry.id.data, header.created - Limits.clockSkewMax, entry.encoded])
            return .parked
        }
        guard var signer = try last?.certificate == entry.certificate ? last : Self.signer(entry.certificate, db) else { return .refused }
        let (accountID, device) = (signer.accountID, signer.device)
        // What follows may revoke or quarantine a device, this one or another.
        last = nil
        // Whoever says so: it is the root key that speaks.
        if case .revoke(let revocation)? = entry.content { try apply(revocation, accountID, db) }
        if let last = device.revokedAfter, Revocation.voids(header, after: UInt64(last)) { return .revoked }
        if device.isQuarantined { return .quarantined }
        var place = try Place(of: header, signer, db)
        if let standing = place.standing {
            if standing.hash == entry.id { return standing.hasBody ? .duplicate : try complete(standing.arrival, entry, accountID, now: now, db) }
            try quarantine(device.id, header.seq, [signedHeader(standing, db), (entry.headerBytes, entry.signature)], db)
            return .equivocation
        }
        var isHidden = false
        if case .post(let post)? = entry.content, let original = post.forward {
            // Nobody forwards what they have yet to write.
            guard original.header.device != header.device || original.header.seq < header.seq else { return .refused }
            isHidden = try ingest(original, now: now, db) == .revoked
            if original.header.device == header.device {
                // What the original contradicts is proof against both.
                guard let again = try Self.signer(entry.certificate, db), !again.device.isQuarantined else { return .quarantined }
                signer = again
                place = try Place(of: header, signer, db)
            }
        }
        if let neighbour = place.contradiction(of: entry) {
            try quarantine(device.id, header.seq, [signedHeader(neighbour, db), (entry.headerBytes, entry.signature)], db)
            return .equivocation
        }

        let isDeleted = try header.kind == .post && Self.isDeleted(entry.id, by: accountID, db)
        let body = isDeleted ? nil : entry.body
        try db.step(
            """
            INSERT INTO entry (hash, device_id, account_id, seq, previous, created, kind, header, signature, body, target_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .hash(entry.id), .int(device.id), .int(accountID), .int(Int64(header.seq)), .hash(header.previous), .int(header.created),
            .int(Int64(header.kind.rawValue)), .blob(entry.headerBytes), .blob(entry.signature), .blob(body), .int(try target(of: entry, db)))
        let arrival = db.lastInsertedRowID
        try hold(Int64(header.seq), device.id, behind: signer.end?.seq ?? 0, db)
        try apply(entry, arrival: arrival, accountID, device.id, isDeleted: isDeleted, isHidden: isHidden, db)
        if Int64(header.seq) > signer.end?.seq ?? 0 {
            signer.end = Neighbour(
                seq: Int64(header.seq), arrival: arrival, hash: entry.id, previous: header.previous, created: header.created, hasBody: body != nil)
        }
        if header.kind != .revoke { last = signer }
        return .stored(arrival: arrival)
    }

    /// A header as its device signed it.
    private static func signedHeader(_ neighbour: Neighbour, _ db: Database) throws -> (header: Data, signature: Data) {
        guard let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT header, signature FROM entry WHERE id = ?"), arguments: [neighbour.arrival])
        else { throw StoreError.corrupt("an entry is gone") }
        return (row[0], row[1])
    }

    static func quarantine(_ deviceID: Int64, _ seq: UInt64, _ proof: [(header: Data, signature: Data)], _ db: Database) throws {
        for (header, signature) in proof {
            try db.run(
                sql: "INSERT INTO equivocation (device_id, seq, header, signature) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [deviceID, Int64(seq), header, signature])
        }
        try db.run(sql: "UPDATE device SET quarantined = 1 WHERE id = ?", arguments: [deviceID])
    }

    /// A post that was held without its body gets it, unless its author has deleted it.
    private static func complete(_ id: Int64, _ entry: Entry, _ accountID: Int64, now: Milliseconds, _ db: Database) throws -> Outcome {
        guard let body = entry.body, case .post(let post)? = entry.content, try !isDeleted(entry.id, by: accountID, db) else { return .duplicate }
        let isHidden = try post.forward.map { try ingest($0, now: now, db) == .revoked } ?? false
        try db.run(sql: "UPDATE entry SET body = ?, target_id = ? WHERE id = ?", arguments: [body, try target(of: entry, db), id])
        if isHidden { return .completed }
        try db.run(
            sql: "UPDATE post SET withheld = 0, text = ?, reply_to = ?, forward = ? WHERE entry_id = ?",
            arguments: [post.text.string, post.replyTo?.entry.data, post.forward?.id.data, id])
        try index(post, id, db)
        return .completed
    }

    private static func isDeleted(_ hash: EntryID, by accountID: Int64, _ db: Database) throws -> Bool {
        try db.first("SELECT 1 FROM deletion WHERE target = ? AND account_id = ?", .hash(hash), .int(accountID)) { _ in true } ?? false
    }

    /// The account that an entry is about, where it is known here.
    private static func target(of entry: Entry, _ db: Database) throws -> Int64? {
        switch entry.content {
        case .follow(let who), .unfollow(let who): return try mention(who.account, as: who.name, db)
        case .like(let reference), .unlike(let reference): return try accountID(reference.account, db)
        case .post(let post):
            if let original = post.forward { return try accountID(original.header.account, db) }
            return try post.replyTo.flatMap { try accountID($0.account, db) }
        case .profile, .delete, .revoke, .unknown, nil: return nil
        }
    }

    /// What an entry changes besides its log.
    private static func apply(
        _ entry: Entry, arrival: Int64, _ accountID: Int64, _ deviceID: Int64, isDeleted: Bool, isHidden: Bool, _ db: Database
    ) throws {
        let header = entry.header
        let created = header.created
        switch entry.content {
        case .post(let post) where !isDeleted && !isHidden:
            try insertPost(entry, post, arrival, accountID, deviceID, isDeleted: false, db)
        // Of a kind that is unknown here, without its body: a place in a log, and nothing else.
        case nil where header.kind != .post: break
        case .post, nil:
            try insertPost(entry, nil, arrival, accountID, deviceID, isDeleted: isDeleted, db)
        case .follow(let who):
            try setEdge(accountID, try mention(who.account, as: who.name, db), following: true, created, arrival, db)
        case .unfollow(let who):
            try setEdge(accountID, try mention(who.account, as: who.name, db), following: false, created, arrival, db)
        case .like(let reference):
            try react(accountID, reference.entry, liked: true, created, db)
        case .unlike(let reference):
            try react(accountID, reference.entry, liked: false, created, db)
        case .profile(let field):
            try set(field, of: accountID, created: created, seq: Int64(entry.header.seq), db)
        case .revoke, .unknown: break
        case .delete(let reference):
            // Only an author deletes; whoever else says so changes nothing.
            guard reference.account == entry.header.account else { return }
            try db.run(sql: "INSERT INTO deletion (target, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [reference.entry.data, accountID])
            try db.run(
                sql: "UPDATE entry SET body = NULL WHERE hash = ? AND account_id = ? AND kind IN \(Entry.Kind.sql(.post))",
                arguments: [reference.entry.data, accountID])
            try db.run(
                sql: "DELETE FROM word WHERE entry_id = (SELECT entry_id FROM post WHERE entry_id = \(Self.arrival(of: "?")) AND account_id = ?)",
                arguments: [reference.entry.data, accountID])
            // What it forwarded goes too. What it answered stays, for the conversation, and is shown of it no more: a peer that hears of the deletion
            // first never learns it. Whoever catches up has been given the post without its body just before: now it is known why.
            try db.run(
                sql:
                    "UPDATE post SET deleted = 1, withheld = 0, text = '', forward = NULL WHERE entry_id = \(Self.arrival(of: "?")) AND account_id = ?",
                arguments: [reference.entry.data, accountID])
        }
    }

    static func set(_ field: ProfileField, of accountID: Int64, created: Milliseconds, seq: Int64, _ db: Database) throws {
        try db.run(
            sql: """
                INSERT INTO profile (account_id, field, text, created, seq) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET text = excluded.text, created = excluded.created, seq = excluded.seq
                    WHERE (excluded.created, excluded.seq, excluded.text) > (created, seq, text)
                """, arguments: [accountID, field.field, field.text.string, created, seq])
    }

    private static func insertPost(
        _ entry: Entry, _ post: Post?, _ arrival: Int64, _ accountID: Int64, _ deviceID: Int64, isDeleted: Bool, _ db: Database
    ) throws {
        try db.step(
            """
            INSERT INTO post (entry_id, hash, account_id, device_id, seq, created, text, reply_to, forward, deleted, withheld)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .int(arrival), .hash(entry.id), .int(accountID), .int(deviceID), .int(Int64(entry.header.seq)), .int(entry.header.created),
            .text(post?.text.string ?? ""), .hash(post?.replyTo?.entry), .hash(post?.forward?.id), .int(isDeleted ? 1 : 0),
            .int(post == nil && !isDeleted ? 1 : 0))
        if let post { try index(post, arrival, db) }
    }

    private static func index(_ post: Post, _ arrival: Int64, _ db: Database) throws {
        for word in post.text.mentions.map({ "@" + $0 }) + post.text.hashtags.map({ "#" + $0 }) {
            try db.run(sql: "INSERT INTO word (word, entry_id) VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [word, arrival])
        }
    }

    /// The later word counts; of two at the same time, the unfollow.
    static func setEdge(_ follower: Int64, _ followee: Int64, following: Bool, _ created: Milliseconds, _ arrival: Int64, _ db: Database) throws {
        guard follower != followee else { return }
        try db.run(
            sql: """
                INSERT INTO follow (follower_id, followee_id, following, created, entry_id) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET following = excluded.following, created = excluded.created, entry_id = excluded.entry_id
                    WHERE excluded.created > created OR (excluded.created = created AND excluded.following < following)
                """, arguments: [follower, followee, following, created, arrival])
    }

    static func react(_ accountID: Int64, _ target: EntryID, liked: Bool, _ created: Milliseconds, _ db: Database) throws {
        try db.run(
            sql: """
                INSERT INTO reaction (target, account_id, liked, created) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET liked = excluded.liked, created = excluded.created
                    WHERE excluded.created > created OR (excluded.created = created AND excluded.liked < liked)
                """, arguments: [target.data, accountID, liked, created])
    }

    /// Adds one sequence number to what is held of a log, joining the ranges beside it. The last range goes up to the end of the log, whatever
    /// its row says: one more entry there, as nearly always, changes no page.
    ///
    /// - Parameter end: the last number before; 0 for a log of which nothing is here.
    private static func hold(_ seq: Int64, _ deviceID: Int64, behind end: Int64, _ db: Database) throws {
        if end > 0, seq == end + 1 { return }
        if end > 0, seq > end {
            // From now on another range is the last.
            try db.run(
                sql: "UPDATE held SET last = ?2 WHERE device_id = ?1 AND first = (SELECT max(first) FROM held WHERE device_id = ?1)",
                arguments: [deviceID, end])
        }
        let ranges = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT first, last FROM held WHERE device_id = ?1 AND first <= ?2 + 1 ORDER BY first DESC LIMIT 2"),
            arguments: [deviceID, seq]
        ).map { row in (first: row[0] as Int64, last: row[1] as Int64) }
        let below = ranges.first { $0.last == seq - 1 }?.first
        let above = ranges.first { $0.first == seq + 1 }?.last
        if above != nil { try db.run(sql: "DELETE FROM held WHERE device_id = ? AND first = ?", arguments: [deviceID, seq + 1]) }
        if let below {
            try db.run(sql: "UPDATE held SET last = ? WHERE device_id = ? AND first = ?", arguments: [above ?? seq, deviceID, below])
        } else {
            try db.run(sql: "INSERT INTO held (device_id, first, last) VALUES (?, ?, ?)", arguments: [deviceID, seq, above ?? seq])
        }
    }
}
