import Foundation
import GRDB
import SingerCore
import SingerTesting
import Testing

@testable import SingerStore

@Suite struct CommitTests {
    let alice = TestAuthor("alice")

    @Test func `two hundred writers at once get consecutive sequence numbers, each once`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let entries = try await withThrowingTaskGroup(of: Entry.self) { group in
            for number in 0..<200 { group.addTask { try await peer.append("post \(number)", by: alice).entry } }
            return try await group.reduce(into: []) { $0.append($1) }
        }.sorted { $0.header.seq < $1.header.seq }
        #expect(entries.map(\.header.seq) == Array(1...200))
        #expect(Set(entries.map(\.id)).count == 200)
        for (before, after) in zip(entries, entries.dropFirst()) { #expect(after.header.previous == before.id) }
        #expect(try await peer.store.heldLogs(of: alice.account).map(\.ranges) == [[1...200]])
        #expect(try await peer.store.postCount() == 200)
    }

    @Test func `posts of one commit stand in their order, and behind what came before them`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        var ids: [EntryID] = []
        for start in [0, 5, 10] {
            let contents = (start..<start + 5).map { Entry.Content.post(Post(text: .of("post \($0)"))) }
            let written = try await peer.store.append(contents, by: alice.device, alice.certificate, now: TestAuthor.start)
            ids += written.map(\.entry.id)
            #expect(written.map(\.shown.hash) == written.map(\.entry.id))
        }
        let log = try await peer.store.entries(of: alice.device.publicKey, in: 1...100)
        #expect(log.map(\.id) == ids)
        #expect(log.map(\.header.seq) == Array(1...15))
        for (before, after) in zip(log, log.dropFirst()) { #expect(after.header.previous == before.id) }
        // Signed before it was their turn, some of them: they must verify all the same.
        for entry in log { #expect(throws: Never.self) { try Entry(verifying: entry.wire, certificate: alice.certificate) } }
    }

    @Test func `however fast somebody writes, dates stay near the clock and in order`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let count = Int(Limits.datesAheadMax) + 50
        let contents = (0..<count).map { Entry.Content.post(Post(text: .of("post \($0)"))) }
        let written = try await peer.store.append(contents, by: alice.device, alice.certificate, now: TestAuthor.start)
        let dates = written.map(\.entry.header.created)
        #expect(dates == dates.sorted())
        #expect(dates.last == TestAuthor.start + Limits.datesAheadMax)
        // Of two words on one thing the later one is always dated later.
        let follow = try await peer.append(.follow(Followee(account: TestAuthor("bob").account, name: alice.name)), by: alice)
        #expect(follow.entry.header.created == TestAuthor.start + Limits.datesAheadMax + 1)
    }

    @Test func `a write that fails undoes itself alone`() async throws {
        struct Objection: Error {}
        let peer = try TestStore()
        let results = await withTaskGroup(of: (Int, Bool).self) { group in
            for number in 0..<100 {
                group.addTask {
                    do {
                        try await peer.store.write { db in
                            try db.execute(sql: "INSERT INTO setting (name, value) VALUES (?, x'00')", arguments: ["\(number)"])
                            if number % 3 == 0 { throw Objection() }
                        }
                        return (number, true)
                    } catch {
                        return (number, false)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for number in 0..<100 {
            #expect(results[number] == (number % 3 != 0))
            #expect((try await peer.store.setting("\(number)") != nil) == (number % 3 != 0))
        }
    }

    @Test func `a statement that fails is the failure of its writer only`() async throws {
        let peer = try TestStore()
        let bad = Task { try await peer.store.write { db in try db.execute(sql: "INSERT INTO nowhere VALUES (1)") } }
        try await peer.store.set("good", Data([1]))
        await #expect(throws: StoreError.self) { try await bad.value }
        #expect(try await peer.store.setting("good") == Data([1]))
    }

    @Test func `a directory is one process's alone`() async throws {
        let directory = TemporaryDirectory()
        do {
            let first = try Store(directory: directory.path)
            #expect {
                _ = try Store(directory: directory.path)
            } throws: { error in
                if case StoreError.inUse(let why) = error { why.contains(directory.path) } else { false }
            }
            #expect(try await first.setting("x") == nil)
        }
        _ = try Store(directory: directory.path)
    }

    @Test(arguments: ["not a database at all", String(repeating: "SQLite format 3", count: 1_000)])
    func `a damaged file is named`(content: String) throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/singer.db"
        try Data(content.utf8).write(to: URL(filePath: path))
        #expect {
            _ = try Store(directory: directory.path)
        } throws: { error in
            if case StoreError.corrupt(let why) = error { why.contains(path) } else { false }
        }
    }

    @Test func `the files are their owner's alone`() throws {
        let parent = TemporaryDirectory()
        let path = parent.path + "/a/b"
        let store = try Store(directory: path)
        func mode(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int }
        #expect(try mode(path) == 0o700)
        #expect(try mode(path + "/singer.db") == 0o600)
        store.close()
    }

    @Test func `a full disk refuses writes, keeps what was written and goes on reading`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        let first = try await peer.append("before", by: alice)
        try await peer.store.write { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
        let large = Data(count: 1 << 20)
        await #expect(throws: StoreError.full) { try await peer.store.set("large", large) }
        #expect(try await peer.store.entry(first.entry.id) == first.entry)
        #expect(try await peer.store.setting("large") == nil)
        try await peer.store.write { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
        try await peer.store.set("large", large)
        #expect(try await peer.append("after", by: alice).entry.header.seq == 2)
    }

    @Test func `a post whose commit fails for want of space has not happened`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        _ = try await peer.append("before", by: alice)
        try await peer.store.write { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
        var acknowledged: [Entry] = []
        var refused = 0
        for number in 0..<300 where refused < 3 {
            do {
                acknowledged.append(try await peer.append(String(repeating: "x", count: 1_900) + "\(number)", by: alice).entry)
            } catch {
                #expect(error as? StoreError == .full)
                refused += 1
            }
        }
        #expect(refused == 3)
        try await peer.store.write { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
        let next = try await peer.append("after", by: alice).entry
        #expect(next.header.seq == UInt64(acknowledged.count) + 2)
        let log = try await peer.store.entries(of: alice.device.publicKey, in: 1...1_000)
        for (before, after) in zip(log, log.dropFirst()) { #expect(after.header.previous == before.id) }
    }

    /// What the disk holds when nobody has said goodbye.
    private func leftBehind(by peer: TestStore) throws -> TemporaryDirectory {
        let copy = TemporaryDirectory()
        for name in ["singer.db", "singer.db-wal"] {
            try FileManager.default.copyItem(atPath: "\(peer.directory.path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        return copy
    }

    @Test func `a log that is long before it is needed holds what was committed, and nothing else, when the process is gone`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        _ = try await peer.append("before", by: alice)
        await peer.store.lengthenJournal()
        let log = peer.directory.path + "/singer.db-wal"
        func length() throws -> Int? { try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int }
        #expect(try length() == Store.journalBytes)
        _ = try await peer.append("after", by: alice)
        #expect(try length() == Store.journalBytes)

        let found = try TestStore(leftBehind(by: peer))
        #expect(try await found.texts(of: alice) == ["after", "before"])
        _ = try await found.append("at last", by: alice)
        #expect(try await found.texts(of: alice) == ["at last", "after", "before"])

        // Who closes it gives the room back.
        peer.store.close()
        #expect(((try? length()) ?? 0) == 0)
    }

    @Test func `what is committed while the log is made longer is kept`() async throws {
        let peer = try TestStore()
        try await peer.addLocal(alice)
        async let lengthened: Void = peer.store.lengthenJournal()
        let written = try await withThrowingTaskGroup(of: EntryID.self) { group in
            for number in 0..<200 { group.addTask { try await peer.append("post \(number)", by: alice).entry.id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        await lengthened
        let found = try TestStore(leftBehind(by: peer))
        #expect(try await Set(found.store.entries(of: alice.device.publicKey, in: 1...1_000).map(\.id)) == written)
    }
}
