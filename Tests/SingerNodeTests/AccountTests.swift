import GRDB
import SingerCore
import SingerDHT
import SingerNode
import SingerTesting
import Testing

@testable import SingerStore

/// Registering, logging in and out.
@Suite(.timeLimit(.minutes(1)))
struct AccountTests {
    @Test func `whoever registers is logged in, and can come back with the passphrase only`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("Andre")
            #expect(andre.login.name.text == "Andre")
            await cluster[0].node.logout(andre.login)
            await #expect(throws: NodeError.unavailable("this session is logged out: log in again")) { try await andre.post("too late") }
            let again = try await cluster[0].login("andre")
            #expect(again.login.account == andre.login.account)
            #expect(again.login.fingerprint == andre.login.fingerprint)
            try await again.post("here")
        }
    }

    @Test func `a wrong passphrase and an unknown name give the same answer`() async throws {
        try await withNodes { cluster in
            _ = try await cluster[0].register("andre")
            await #expect(throws: NodeError.badLogin) { try await cluster[0].login("andre", "wrong-horse") }
            await #expect(throws: NodeError.badLogin) { try await cluster[0].login("nobody", "correct-horse") }
            await #expect(throws: NodeError.badLogin) { try await cluster[0].login("andre", String(repeating: "x", count: Limits.passphraseBytesMax + 1)) }
        }
    }

    @Test func `guessing is stopped after ten wrong passphrases, known name or not, and stops nobody else`() async throws {
        try await withNodes { cluster in
            _ = try await cluster[0].register("andre")
            _ = try await cluster[0].register("diogo")
            for name in ["andre", "nobody"] {
                for _ in 1...Limits.loginsPerMinuteMax {
                    await #expect(throws: NodeError.badLogin) { try await cluster[0].login(name, "wrong-horse") }
                }
                await #expect(throws: NodeError.rateLimited) { try await cluster[0].login(name, "correct-horse") }
            }
            _ = try await cluster[0].login("diogo")
        }
    }

    @Test func `guesses at once are no more than guesses in a row, and those of a session that is open count`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            let told = await withTaskGroup(of: NodeError?.self) { group in
                for _ in 1...2 * Limits.loginsPerMinuteMax {
                    group.addTask {
                        do throws(NodeError) {
                            _ = try await node.login(.of("andre"), passphrase: "wrong-horse")
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(told.count { $0 == .badLogin } == Limits.loginsPerMinuteMax)
            #expect(told.count { $0 == .rateLimited } == Limits.loginsPerMinuteMax)
            await #expect(throws: NodeError.rateLimited) { try await node.changePassphrase(andre.login, from: "wrong-horse", to: "battery-staple") }
        }
    }

    @Test func `a changed passphrase is the only one from then on`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            let andre = try await cluster[0].register("andre")
            await #expect(throws: NodeError.badLogin) { try await node.changePassphrase(andre.login, from: "wrong-horse", to: "battery-staple") }
            await #expect(throws: NodeError.weakPassphrase) { try await node.changePassphrase(andre.login, from: "correct-horse", to: "short") }
            try await node.changePassphrase(andre.login, from: "correct-horse", to: "battery-staple")
            try await andre.post("still here")
            await #expect(throws: NodeError.badLogin) { try await cluster[0].login("andre") }
            _ = try await cluster[0].login("andre", "battery-staple")
        }
    }

    @Test func `passphrases have from 8 characters to 1,024 bytes`() async throws {
        try await withNodes { cluster in
            await #expect(throws: NodeError.weakPassphrase) { try await cluster[0].register("andre", "1234567") }
            await #expect(throws: NodeError.tooLong(bytes: Limits.passphraseBytesMax + 1, max: Limits.passphraseBytesMax)) {
                try await cluster[0].register("andre", String(repeating: "x", count: Limits.passphraseBytesMax + 1))
            }
            _ = try await cluster[0].register("andre", "12345678")
            _ = try await cluster[0].register("diogo", String(repeating: "x", count: Limits.passphraseBytesMax))
        }
    }

    @Test func `a name is taken here and elsewhere, in any case of its letters`() async throws {
        try await withNodes(2) { cluster in
            _ = try await cluster[0].register("andre")
            for node in cluster.nodes {
                await #expect(throws: NodeError.nameTaken(.of("andre"))) { try await node.register("ANDRE") }
            }
        }
    }

    @Test func `of two who register one name at the same moment on two peers, one has it`() async throws {
        try await withNodes(2) { cluster in
            for round in 1...12 {
                let name = Username.of("name\(round)")
                let (a, b) = (cluster[0].node, cluster[1].node)
                async let first = try? a.register(name, passphrase: "correct-horse")
                async let second = try? b.register(name, passphrase: "correct-horse")
                let winners = await [first, second].compactMap { $0 }
                #expect(winners.count == 1, "round \(round): \(winners.count) have the name")
            }
        }
    }

    @Test func `who is slow to register, and began first, does not share a name with who was quick`() async throws {
        try await withNodes(2, workLog2: [16]) { cluster in
            let (slow, quick) = (cluster[0].node, cluster[1].node)
            async let first = try? slow.register(.of("andre"), passphrase: "correct-horse")
            // The slow one has seen that the name is free, and derives its key. If it is done already, the quick one gets nothing.
            try await Task.sleep(for: .milliseconds(20))
            let second = try? await quick.register(.of("andre"), passphrase: "correct-horse")
            let winners = await [first, second].compactMap { $0?.account }
            #expect(winners.count == 1, "two keys have one name")
            for node in cluster.nodes where try await node.store.localAccounts().isEmpty {
                let diogo = try await node.register("diogo")
                #expect(try await [node.node.follow("andre", by: diogo.login).account] == winners)
            }
        }
    }

    @Test func `of two who register one name at the same moment on one peer, one has it`() async throws {
        try await withNodes { cluster in
            let node = cluster[0].node
            async let first = try? node.register(.of("andre"), passphrase: "correct-horse")
            async let second = try? node.register(.of("andre"), passphrase: "correct-horse")
            #expect(await [first, second].compactMap { $0 }.count == 1)
        }
    }

    @Test func `sessions of one account are separate, and see each other's posts`() async throws {
        try await withNodes { cluster in
            let one = try await cluster[0].register("andre")
            let two = try await cluster[0].login("andre")
            try await one.post("from one")
            try await two.post(saying: "from one")
            try await two.post("from two")
            try await one.post(saying: "from two")
            await cluster[0].node.logout(one.login)
            try await two.post("still here")
            #expect(await cluster[0].node.status().sessions == 1)
        }
    }

    @Test func `at login the latest of what came meanwhile is told, and not twice`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            var diogo = try await cluster[0].register("diogo")
            _ = try await cluster[0].node.follow("andre", by: diogo.login)
            try await andre.post("seen")
            try await diogo.post(saying: "seen")
            await cluster[0].node.logout(diogo.login)
            for number in 1...60 { try await andre.post("missed \(number)") }
            diogo = try await cluster[0].login("diogo")
            #expect(diogo.login.unseen == 60)
            let pushed = try await diogo.pushed().filter { $0.hasPrefix("andre: ") }
            #expect(pushed == (11...60).map { "andre: missed \($0)" })
            await cluster[0].node.logout(diogo.login)
            diogo = try await cluster[0].login("diogo")
            #expect(diogo.login.unseen == 0)
            #expect(try await diogo.pushed().filter { $0.hasPrefix("andre: ") } == [])
        }
    }

    @Test func `what a session was given and did not show is told at the next login`() async throws {
        try await withNodes { cluster in
            let andre = try await cluster[0].register("andre")
            var diogo = try await cluster[0].register("diogo")
            _ = try await cluster[0].node.follow("andre", by: diogo.login)
            try await andre.post("shown")
            try await diogo.post(saying: "shown")
            try await andre.post("given")
            while try await !diogo.given().map(\.summary).contains("andre: given") {}
            await cluster[0].node.logout(diogo.login)
            diogo = try await cluster[0].login("diogo")
            #expect(diogo.login.unseen == 1)
            #expect(try await diogo.pushed().filter { $0.hasPrefix("andre: ") } == ["andre: given"])
        }
    }

    @Test func `a full disk is told as such, reading goes on, and it gives way to no claim that nobody can use`() async throws {
        try await withNodes(2) { cluster in
            let peer = cluster[0]
            let andre = try await peer.register("andre")
            try await andre.post("before")
            // The file may not grow: its last free pages are soon filled. (Not by way of the store: there it would share a commit, and its end, with
            // what the node writes by itself.)
            try await peer.store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
            let text = String(repeating: "x", count: 2_000)
            await #expect(throws: NodeError.storageFull) { for _ in 1...100 { try await andre.post(text) } }
            await #expect(throws: NodeError.storageFull) { for number in 1...100 { _ = try await peer.register("name\(number)") } }
            #expect(try await andre.timeline().contains { $0.text == "before" })
            #expect(try await peer.node.search("before", andre.login, count: 5).count == 1)
            try await peer.store.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1000000") }
            try await andre.post("after")
            // Whichever name it was: it is free again, for this peer and for others.
            for number in 1...100 {
                let name = Username.of("name\(number)")
                let claims = await cluster[1].directory.all(.name(name), .nameClaim, within: .seconds(1))
                guard try await peer.store.pinned(name) == nil else { continue }
                #expect(claims.isEmpty, "name\(number) is claimed by a key that is lost")
                _ = try await cluster[1].register("name\(number)")
                break
            }
        }
    }
}
