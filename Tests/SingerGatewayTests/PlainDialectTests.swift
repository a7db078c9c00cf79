import SingerCore
import Testing

@testable import SingerGateway
@testable import SingerNode

@Suite struct PlainDialectTests {
    private func end(_ done: Done, tag: String? = nil) -> String {
        Dialect.text.lines(of: Reply(done), tag: tag).last ?? ""
    }

    @Test func `posts stand in rows as the contract shows them`() {
        let time = "  2022-12-11 10:56:05 "
        #expect(Fixture.plain(.post(Fixture.post("Hello"))) == time + "<diogo> Hello [m2wd5]")
        let reply = Fixture.post("text", by: Fixture.tiago, id: Fixture.id("bb3xy"), replyTo: Fixture.id("k7f3q"))
        #expect(Fixture.plain(.post(reply)) == time + "<tiago> text [bb3xy>k7f3q]")
        let original = Fixture.original("I made a post!")
        let forward = Fixture.post("comment", by: Fixture.tiago, id: Fixture.id("zz4ta"), forward: original)
        #expect(Fixture.plain(.post(forward)) == time + "<tiago> ♺ <andre> I made a post! — comment [zz4ta>k7f3q]")
        let bare = Fixture.post("", by: Fixture.tiago, id: Fixture.id("zz4ta"), forward: original)
        #expect(Fixture.plain(.post(bare)) == time + "<tiago> ♺ <andre> I made a post! [zz4ta>k7f3q]")
        let gone = Fixture.post("", by: Fixture.tiago, id: Fixture.id("zz4ta"), forward: Fixture.original("", isDeleted: true))
        #expect(Fixture.plain(.post(gone)) == time + "<tiago> ♺ <andre> (deleted) [zz4ta>k7f3q]")
        let deleted = Fixture.post("", id: Fixture.id("k7f3q"), replyTo: Fixture.id("bb3xy"), isDeleted: true)
        #expect(Fixture.plain(.post(deleted)) == time + "<diogo> (deleted) [k7f3q]")
    }

    @Test func `no text breaks its line or drives a terminal`() {
        let nasty = "a\nOK b\r\n\u{1B}[2J\u{7}\u{9B}1m\u{202E}c\u{2028}d\u{0}"
        let line = Fixture.plain(.post(Fixture.post(nasty)))
        #expect(line == "  2022-12-11 10:56:05 <diogo> a ⏎ OK b\u{FFFD} ⏎ \u{FFFD}[2J\u{FFFD}\u{FFFD}1m\u{FFFD}c\u{FFFD}d\u{FFFD} [m2wd5]")
        for push in [Push.notice(nasty), .follow(Fixture.user(nasty))] {
            #expect(Dialect.text.line(of: push).unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
        let failure = Dialect.text.lines(of: Reply(failure: Failure(.noSuchUser(nasty))), tag: nil)
        #expect(failure.count == 1 && failure[0].unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test func `pushes begin with a star`() {
        let pushes: [(Push, String)] = [
            (.post(Fixture.post("Hello"), in: [.home]), "* 2022-12-11 10:56:05 <diogo> Hello [m2wd5]"),
            (.deleted(Fixture.id("k7f3q"), by: Fixture.andre, in: [.home]), "* deleted k7f3q"),
            (.follow(Fixture.tiago), "* follow tiago"), (.unfollow(Fixture.tiago), "* unfollow tiago"),
            (.like(Fixture.tiago, Fixture.id("k7f3q")), "* like tiago k7f3q"), (.online(Fixture.tiago), "* online tiago"),
            (.offline(Fixture.tiago), "* offline tiago"), (.notice("text"), "* notice text"),
        ]
        for (push, line) in pushes { #expect(Dialect.text.line(of: push) == line) }
    }

    @Test func `replies end as the contract shows`() {
        let key = Fingerprint(Fixture.andre.account)
        #expect(
            end(.registered(name: "andre", key: key, isStrong: false, generated: nil))
                == "OK registered andre, key \(key). Kept on this peer only: choose 16 characters or more to log in from others.")
        #expect(
            end(.registered(name: "andre", key: key, isStrong: true, generated: nil))
                == "OK registered andre, key \(key). The passphrase opens it from any peer.")
        #expect(
            end(.registered(name: "andre", key: key, isStrong: true, generated: "a-b"))
                == "OK registered andre, key \(key), passphrase a-b (shown this once: keep it; it opens the account from any peer)")
        #expect(end(.posted(Fixture.id("k7f3q"))) == "OK posted k7f3q")
        #expect(end(.following(Fixture.diogo)) == "OK following diogo")
        #expect(end(.listed(0, .posts)) == "OK 0 posts")
        #expect(end(.listed(1, .posts)) == "OK 1 post")
        #expect(end(.listed(2, .posts)) == "OK 2 posts")
        #expect(end(.listed(1, .followers)) == "OK 1 follower")
        #expect(end(.listed(1, .following)) == "OK 1 following")
        #expect(end(.shown) == "OK")
        #expect(end(.shown, tag: "42") == "OK #42")
        #expect(end(.posted(Fixture.id("k7f3q")), tag: "42") == "OK #42 posted k7f3q")
        #expect(end(.pong("x")) == "OK pong x")
        #expect(end(.pong("")) == "OK pong")
        #expect(end(.loggedIn(name: "andre", key: key, unseen: 1)) == "OK logged in as andre, key \(key), 1 post since you left")
        #expect(Dialect.text.lines(of: Reply(failure: .needLogin), tag: nil) == ["ERR NEED_LOGIN log in first: LOGIN name passphrase"])
        #expect(Dialect.text.lines(of: Reply(failure: .needLogin), tag: "42") == ["ERR #42 NEED_LOGIN log in first: LOGIN name passphrase"])
    }

    @Test func `WHOIS has the rows of the contract, then the profile, which can't pose as them`() throws {
        let profile = [try #require(Fixture.field("bio", "I write\nabout birds")), try #require(Fixture.field("key", "0000-0000-0000-0000"))]
        let rows = PeopleCommands.rows(of: Fixture.whois(.online, profile: profile)).map(Fixture.plain)
        let key = Fingerprint(Fixture.diogo.account)
        #expect(
            rows == [
                "  name diogo", "  key \(key)", "  address 192.0.2.7:7667", "  online yes", "  followers 2", "  following 5", "  last m2wd5",
                "  bio I write ⏎ about birds", "  profile-key 0000-0000-0000-0000",
            ])
        #expect(PeopleCommands.rows(of: Fixture.whois(.lastSeen(Fixture.time))).map(Fixture.plain)[3] == "  online no, last seen 2022-12-11 10:56:05")
        #expect(PeopleCommands.rows(of: Fixture.whois(.unknown)).map(Fixture.plain)[3] == "  online unknown")
    }

    @Test func `DEVICES has a row for each device`() {
        #expect(Fixture.plain(.device(Fixture.device(isThis: true))) == "  1f3a9c07 since 2022-12-11 10:56:05, 1 entry, never seen, this one")
        #expect(
            Fixture.plain(.device(Fixture.device(lastSeen: Fixture.time + 1_000, revoked: Fixture.time + 2_000)))
                == "  1f3a9c07 since 2022-12-11 10:56:05, 1 entry, last seen 2022-12-11 10:56:06, revoked 2022-12-11 10:56:07")
        func end(_ done: Done) -> String { Dialect.text.lines(of: Reply(done), tag: nil)[0] }
        #expect(end(.listed(1, .devices)) == "OK 1 device")
        #expect(end(.revoked(Fixture.device())) == "OK revoked 1f3a9c07")
        #expect(
            end(.revoked(Fixture.device(isThis: true))) == "OK revoked 1f3a9c07, this device: LOGIN name passphrase makes this peer a new one")
    }

    @Test func `the owner of a name hears who else claims it, in every dialect`() {
        let rival = Fixture.rival()
        let words =
            "another key claims the name andre: \(Fingerprint(rival.rival).mark.prefix(4))…, since 2022-12-11 10:56:05; followers who met it first see you as \(rival.shownAs)."
        #expect(Dialect.text.line(of: .rival(rival)) == "* notice \(words)")
        #expect(Dialect.json.line(of: .rival(rival)) == #"{"event":"notice","text":"\#(words)"}"#)
        #expect(rival.shownAs == "andre~\(Fingerprint(Fixture.andre.account).mark.prefix(4))")
    }

    @Test func `SHOW tells more of a post`() {
        let post = Fixture.post("Hello", replyTo: Fixture.id("k7f3q"))
        let details = PostDetails(
            post: post, fingerprint: Fingerprint(Fixture.diogo.account), likedBy: [Fixture.andre, Fixture.tiago], replies: 1,
            holders: 2)
        #expect(
            ReadingCommands.rows(of: details).map(Fixture.plain) == [
                "  2022-12-11 10:56:05 <diogo> Hello [m2wd5>k7f3q]", "  hash \(post.id.hash.text)", "  author diogo",
                "  key \(details.fingerprint)", "  reply-to k7f3q", "  likes 3", "  liked-by andre, tiago", "  replies 1",
                "  held 2",
            ])
    }

    @Test func `STATUS tells guests counts only`() {
        let status = Node.NodeStatus(
            version: "0.1.0", network: "secret-net", uptime: .seconds(90_061), accounts: 1, online: 2, sessions: 3, posts: 4, links: 5, dhtNodes: 6, owed: 7)
        let counts = ["  accounts 1", "  online 2", "  sessions 3", "  posts 4", "  links 5", "  dht-nodes 6", "  owed 7"]
        #expect(PeerCommands.rows(of: status, isLoggedIn: false).map(Fixture.plain) == counts)
        #expect(
            PeerCommands.rows(of: status, isLoggedIn: true).map(Fixture.plain)
                == ["  version 0.1.0", "  network secret-net", "  uptime 1d 1h 1m"] + counts)
    }
}
