internal import Foundation
internal import GRDB
public import SingerCore

/// Devices of an account, and those that no longer speak for it.
extension Store {
    /// The devices of an account that are known here, oldest first.
    public func devices(of account: AccountKey) async throws(StoreError) -> [DeviceView] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.key, d.certificate, d.signature, l.device_id IS NOT NULL,
                        (SELECT coalesce(sum(\(Self.heldLast) - h.first + 1), 0) FROM held h WHERE h.device_id = d.id), r.seq, v.created
                    FROM device d LEFT JOIN local_account l ON l.device_id = d.id LEFT JOIN record r ON r.device_id = d.id
                        LEFT JOIN revocation v ON v.account_id = d.account_id AND v.device = d.key
                    WHERE d.account_id = (SELECT id FROM account WHERE key = ?)
                    """, arguments: [account.data])
            let certificates = try rows.map { try Certificate(trusting: $0[1], signature: $0[2]) }
            let keys = certificates.map(\.device)
            return zip(rows, certificates)
                .map { row, certificate in
                    DeviceView(
                        device: certificate.device, shown: certificate.device.shown(among: keys), certified: certificate.created, isThis: row[3],
                        // The one here was, when it was made.
                        entries: row[4], lastSeen: row[5] ?? (row[3] ? certificate.created : nil), revoked: row[6])
                }
                .sorted { ($0.certified, $0.device) < ($1.certified, $1.device) }
        }
    }

    public func isRevoked(_ device: DeviceKey) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(db.cachedStatement(sql: "SELECT revoked_after IS NOT NULL FROM device WHERE key = ?"), arguments: [device.data]) ?? false
        }
    }

    /// Whether it is known that a device wrote two logs.
    public func isQuarantined(_ device: DeviceKey) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(db.cachedStatement(sql: "SELECT quarantined FROM device WHERE key = ?"), arguments: [device.data]) ?? false
        }
    }

    /// Revokes a device: what is held of its log stays. The revocation is the next entry of this peer's log.
    ///
    /// - Returns: `nil` if it was revoked before.
    public func revoke(
        _ revoked: DeviceKey, root: RootKey, by device: DeviceSecret, _ certificate: Certificate, now: Milliseconds,
        willCommit: @escaping @Sendable ([Int64]) -> Void = { _ in }
    ) async throws(StoreError) -> Written? {
        try await write { db in
            let before = try Row.fetchOne(
                db,
                sql: """
                    SELECT revoked_after IS NOT NULL, (SELECT coalesce(max(seq), 0) FROM entry WHERE device_id = d.id) FROM device d WHERE key = ?
                    """, arguments: [revoked.data])
            if before?[0] == true { return nil }
            let lastSeq = UInt64(before?[1] as Int64? ?? 0)
            let revocation = Revocation(of: revoked, lastSeq: lastSeq, root: root, now: now)
            let written = try Self.append(.revoke(revocation), by: device, certificate, now: now, db)
            willCommit([written.arrival])
            return written
        }
    }

    // MARK: What a revocation changes

    /// What counts of an account: `e` is the entry, whose kinds are to be given.
    private static let counting = """
        FROM entry e JOIN device d ON d.id = e.device_id
        WHERE e.device_id IN (SELECT id FROM device WHERE account_id = ?1) AND (d.revoked_after IS NULL OR e.seq <= d.revoked_after)
        """

    /// Whether an entry is behind the last one of its device that counts.
    static func isVoid(_ header: Entry.Header, _ db: Database) throws -> Bool {
        let last = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT last_seq FROM revocation WHERE account_id = (SELECT id FROM account WHERE key = ?) AND device = ?"),
            arguments: [header.account.data, header.device.data])
        return last.map { Revocation.voids(header, after: UInt64($0)) } ?? false
    }

    /// Takes a revocation to heart. What is void already, its device had said before this peer knew: all that follows from it is
    /// undone, so that the store says the same as one that heard of the revocation first.
    static func apply(_ revocation: Revocation, _ accountID: Int64, _ db: Database) throws {
        let before = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT last_seq FROM revocation WHERE account_id = ? AND device = ?"), arguments: [accountID, revocation.device.data])
        // The triggers do the rest for the device and its posts.
        try db.run(
            sql: """
                INSERT INTO revocation (account_id, device, last_seq, created) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq, created = excluded.created
                    WHERE (excluded.last_seq, excluded.created) < (last_seq, created)
                """, arguments: [accountID, revocation.device.data, Int64(revocation.lastSeq), revocation.created])
        // Said again with another date, it makes nothing void that is not so already.
        guard db.changesCount > 0, before != Int64(revocation.lastSeq) else { return }
        let void = try Row.fetchAll(
            db,
            sql: """
                SELECT kind, hash, body, target_id FROM entry
                WHERE device_id = (SELECT id FROM device WHERE key = ? AND account_id = ?) AND seq > ? AND seq <= ? AND kind NOT IN \(Entry.Kind.sql(.revoke))
                """, arguments: [revocation.device.data, accountID, Int64(revocation.lastSeq), before ?? Int64.max])
        func bodies(_ kinds: Entry.Kind...) throws -> [Entry.Content] {
            try void.compactMap { row in
                guard let kind = Entry.Kind(rawValue: row[0]), kinds.contains(kind), let body = row[2] as Data? else { return nil }
                return try Entry.Content(decoding: body, kind: kind)
            }
        }
        for row in void where row[0] == Entry.Kind.post.rawValue { try hideForwards(of: row[1], db) }
        let followees = Set(
            void.filter { row in row[0] == Entry.Kind.follow.rawValue || row[0] == Entry.Kind.unfollow.rawValue }.compactMap { $0[3] as Int64? })
        if !followees.isEmpty { try restoreEdges(from: accountID, to: followees, db) }
        let liked = try Set(bodies(.like, .unlike).compactMap(\.target))
        if !liked.isEmpty { try restoreReactions(of: accountID, to: liked, db) }
        if try !bodies(.profile).isEmpty { try restoreProfile(of: accountID, db) }
        let deleted = try Set(bodies(.delete).compactMap(\.target))
        if !deleted.isEmpty { try restoreDeletions(by: accountID, of: deleted, db) }
    }

    /// A forward of what is void shows nothing: its comment alone would be another post.
    private static func hideForwards(of original: Data, _ db: Database) throws {
        try db.run(sql: "DELETE FROM word WHERE entry_id IN (SELECT entry_id FROM post WHERE forward = ?)", arguments: [original])
        try db.run(sql: "UPDATE post SET withheld = 1, text = '' WHERE forward = ? AND deleted = 0", arguments: [original])
    }

    private static func restoreEdges(from accountID: Int64, to followees: Set<Int64>, _ db: Database) throws {
        for followee in followees {
            try db.run(sql: "DELETE FROM follow WHERE follower_id = ? AND followee_id = ?", arguments: [accountID, followee])
            let words = try Row.fetchAll(
                db, sql: "SELECT e.id, e.kind, e.created \(counting) AND e.kind IN \(Entry.Kind.sql(.follow, .unfollow)) AND e.target_id = ?2 ORDER BY e.id",
                arguments: [accountID, followee])
            for row in words { try setEdge(accountID, followee, following: row[1] == Entry.Kind.follow.rawValue, row[2], row[0], db) }
        }
    }

    private static func restoreReactions(of accountID: Int64, to targets: Set<EntryID>, _ db: Database) throws {
        for target in targets {
            try db.run(sql: "DELETE FROM reaction WHERE target = ? AND account_id = ?", arguments: [target.data, accountID])
        }
        let words = try Row.fetchCursor(
            db, sql: "SELECT e.kind, e.body, e.created \(counting) AND e.kind IN \(Entry.Kind.sql(.like, .unlike))", arguments: [accountID])
        while let row = try words.next() {
            guard let kind = Entry.Kind(rawValue: row[0]), let target = try Entry.Content(decoding: row[1], kind: kind).target, targets.contains(target)
            else { continue }
            try react(accountID, target, liked: kind == .like, row[2], db)
        }
    }

    private static func restoreProfile(of accountID: Int64, _ db: Database) throws {
        try db.run(sql: "DELETE FROM profile WHERE account_id = ?", arguments: [accountID])
        let words = try Row.fetchCursor(
            db, sql: "SELECT e.body, e.created, e.seq \(counting) AND e.kind IN \(Entry.Kind.sql(.profile))", arguments: [accountID])
        while let row = try words.next() {
            if case .profile(let field) = try Entry.Content(decoding: row[0], kind: .profile) {
                try set(field, of: accountID, created: row[1], seq: row[2], db)
            }
        }
    }

    /// Posts that only the revoked device deleted are posts again. Their bodies are gone from here, so they wait for them, and are asked
    /// for again, as any post that came without.
    private static func restoreDeletions(by accountID: Int64, of targets: Set<EntryID>, _ db: Database) throws {
        var undone = targets
        let words = try Row.fetchCursor(db, sql: "SELECT e.body \(counting) AND e.kind IN \(Entry.Kind.sql(.delete))", arguments: [accountID])
        while let row = try words.next() {
            if let target = try Entry.Content(decoding: row[0], kind: .delete).target { undone.remove(target) }
        }
        for target in undone {
            try db.run(sql: "DELETE FROM deletion WHERE target = ? AND account_id = ?", arguments: [target.data, accountID])
            try db.run(
                sql: "UPDATE post SET deleted = 0, withheld = 1 WHERE entry_id = \(arrival(of: "?")) AND account_id = ? AND deleted",
                arguments: [target.data, accountID])
        }
    }
}

extension Entry.Content {
    /// What a like, its taking back or a deletion is about.
    fileprivate var target: EntryID? {
        switch self {
        case .like(let reference), .unlike(let reference), .delete(let reference): reference.entry
        case .post, .follow, .unfollow, .profile, .revoke, .unknown: nil
        }
    }
}
