internal import Foundation
internal import GRDB
public import SingerCore
internal import Synchronization

/// What accounts of this peer write.
extension Store {
    /// What was written, and to whom it is owed besides those who replicate the log.
    public struct Written: Sendable {
        public let entry: Entry
        public let shown: ShownID
        public let recipients: [AccountKey]
        let arrival: Int64
    }

    /// Writes the next entries of a log of this peer. Sequence numbers, outbox and commit are one transaction; they are signed
    /// before it is their turn, so that no other writer waits for that.
    ///
    /// - Parameters:
    ///   - elsewhere: accounts of this peer that have another one, too: to that it is owed.
    ///   - willCommit: is told the entries' places in the order of arrival before anybody can read them; again, and others, where the
    ///     transaction has to begin anew.
    @concurrent
    public func append(
        _ contents: [Entry.Content], by device: DeviceSecret, _ certificate: Certificate, now: Milliseconds, elsewhere: Set<AccountKey> = [],
        willCommit: @escaping @Sendable ([Int64]) -> Void = { _ in }
    ) async throws(StoreError) -> [Written] {
        let drafts = logEnds.drafts(of: contents, certificate, now: now)
        let signed = drafts.map { $0.signed(by: device) }
        do {
            return try await writeInPlace { [logEnds] db in
                let own = try Self.device(certificate, db)
                var signer: Signer? = own
                var end = own.end.map { LogEnd($0) }
                var written: [Written] = []
                for (index, content) in contents.enumerated() {
                    var entry = index < signed.count ? signed[index] : nil
                    // Something else came first, or this is the first since the start.
                    if entry?.header.previous != end?.id { entry = nil }
                    let next = entry ?? Entry(content, after: end?.place, by: device, certificate: certificate, now: now)
                    if entry == nil { logEnds.note(LogEnd(next), of: certificate.device) }
                    end = LogEnd(next)
                    written.append(try Self.append(next, own.accountID, now: now, &signer, elsewhere, db))
                }
                willCommit(written.map(\.arrival))
                return written
            }
        } catch {
            logEnds.forget(certificate.device)
            throw error
        }
    }

    public func append(
        _ content: Entry.Content, by device: DeviceSecret, _ certificate: Certificate, now: Milliseconds,
        willCommit: @escaping @Sendable ([Int64]) -> Void = { _ in }
    ) async throws(StoreError) -> Written {
        try await append([content], by: device, certificate, now: now, willCommit: willCommit)[0]
    }

    /// The same inside a transaction, where it is signed too.
    static func append(
        _ content: Entry.Content, by device: DeviceSecret, _ certificate: Certificate, now: Milliseconds, _ db: Database
    ) throws -> Written {
        let own = try Self.device(certificate, db)
        let entry = Entry(content, after: own.end.map { LogEnd($0).place }, by: device, certificate: certificate, now: now)
        var signer: Signer? = own
        return try append(entry, own.accountID, now: now, &signer, [], db)
    }

    private static func append(
        _ entry: Entry, _ account: Int64, now: Milliseconds, _ signer: inout Signer?, _ elsewhere: Set<AccountKey>, _ db: Database
    ) throws -> Written {
        // Of what it deletes nothing will be there.
        let deleted = try Self.deleted(by: entry, account, db)
        let outcome = try ingest(entry, now: max(now, entry.header.created), &signer, db)
        switch outcome {
        case .stored(let arrival):
            let recipients = try owe(deleted ?? entry.content, arrival, account, elsewhere, db)
            return Written(entry: entry, shown: try shown(entry.id, db), recipients: recipients, arrival: arrival)
        case .quarantined, .equivocation: throw StoreRefusal.quarantined
        case .revoked: throw StoreRefusal.revoked
        case .completed, .duplicate, .parked, .crowded, .refused: throw StoreError.failed("a new entry of this peer came out as \(outcome)")
        }
    }

    /// What a deletion of a post is about: it concerns whomever that did.
    private static func deleted(by entry: Entry, _ author: Int64, _ db: Database) throws -> Entry.Content? {
        guard case .delete(let reference)? = entry.content else { return nil }
        let sql = "SELECT body FROM entry WHERE hash = ? AND account_id = ? AND kind IN \(Entry.Kind.sql(.post)) AND body IS NOT NULL"
        return try Data.fetchOne(db, sql: sql, arguments: [reference.entry.data, author]).map { try Entry.Content(decoding: $0, kind: .post) }
    }

    /// Puts into the outbox to whom an entry is owed.
    ///
    /// - Parameter content: of the entry, or of the post that it deletes.
    static func owe(_ content: Entry.Content?, _ arrival: Int64, _ author: Int64, _ elsewhere: Set<AccountKey>, _ db: Database) throws -> [AccountKey] {
        let recipients = try recipients(of: content, author, elsewhere, db)
        for recipient in recipients {
            try db.run(
                sql: "INSERT INTO outbox (entry_id, recipient_id) VALUES (?, (SELECT id FROM account WHERE key = ?))",
                arguments: [arrival, recipient.data])
        }
        return recipients
    }

    /// Accounts of other peers that an entry is for: the followed, the author of what is liked, answered or forwarded, the mentioned.
    private static func recipients(of content: Entry.Content?, _ author: Int64, _ elsewhere: Set<AccountKey>, _ db: Database) throws -> [AccountKey] {
        var keys: [AccountKey] = []
        switch content {
        case .follow(let who), .unfollow(let who): keys = [who.account]
        case .like(let reference), .unlike(let reference): keys = [reference.account]
        case .post(let post):
            if let reply = post.replyTo { keys.append(reply.account) }
            if let original = post.forward { keys.append(original.header.account) }
            for name in post.text.mentions {
                if let row = try AccountRow.fetchOne(
                    db.cachedStatement(sql: "SELECT \(AccountRow.columns) FROM account a WHERE a.folded = ? AND a.pinned"), arguments: [name])
                {
                    keys.append(row.key)
                }
            }
        case .profile, .delete, .revoke, .unknown, nil: break
        }
        var seen: Set<AccountKey> = []
        return try keys.filter { key in
            guard seen.insert(key).inserted, let id = try accountID(key, db), id != author else { return false }
            return try elsewhere.contains(key) || !isLocal(id, db)
        }
    }
}

/// The entry that the next one of a log is written after.
struct LogEnd: Hashable, Sendable {
    let id: EntryID
    let seq: UInt64
    let created: Milliseconds

    var place: (id: EntryID, seq: UInt64, created: Milliseconds) { (id, seq, created) }
}

extension LogEnd {
    init(_ entry: Entry) { self.init(id: entry.id, seq: entry.header.seq, created: entry.header.created) }
    init(_ last: Store.Neighbour) { self.init(id: last.hash, seq: UInt64(last.seq), created: last.created) }
}

/// Where the logs that are written here will end once everything under way is committed. Only a guess, which the transaction
/// checks: an entry that does not follow on is written and signed again there, and the first one was never seen by anybody.
final class LogEnds: Sendable {
    private let ends = Mutex<[DeviceKey: LogEnd]>([:])

    /// Entries behind the guessed end, and moves it on; none while nothing is known.
    func drafts(of contents: [Entry.Content], _ certificate: Certificate, now: Milliseconds) -> [Entry.Draft] {
        ends.withLock { ends in
            guard var end = ends[certificate.device] else { return [] }
            let drafts = contents.map { content in
                let draft = Entry.Draft(content, after: end.place, certificate: certificate, now: now)
                end = LogEnd(id: draft.id, seq: draft.header.seq, created: draft.header.created)
                return draft
            }
            ends[certificate.device] = end
            return drafts
        }
    }

    func note(_ end: LogEnd, of device: DeviceKey) { ends.withLock { $0[device] = end } }
    func forget(_ device: DeviceKey) { ends.withLock { $0[device] = nil } }
}
