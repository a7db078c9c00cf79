import SingerCore
import SingerNode
import Testing

@testable import SingerGateway

@Suite struct CommandTableTests {
    private static let contract = """
        REGISTER LOGIN LOGOUT PASSWD DEVICES REVOKE POST REPLY FORWARD DELETE LIKE UNLIKE SHOW THREAD FOLLOW UNFOLLOW FOLLOWERS FOLLOWING TIMELINE FEED SEARCH \
        WHOIS PROFILE MUTE UNMUTE EXPORT IMPORT IDENTITY ADOPT STATUS PEERS RECEIPTS FORMAT HELP PING QUIT
        """

    @Test func `the commands are those of the contract`() {
        #expect(Set(CommandTable.all.map(\.verb)) == Set(Self.contract.split(separator: " ").map(String.init)))
        #expect(Set(CommandTable.all.map(\.verb)).count == CommandTable.all.count)
    }

    @Test func `every command says how it is used, what it does, and gives an example that it takes`() throws {
        for command in CommandTable.all {
            #expect(!command.summary.isEmpty && !command.meaning.isEmpty)
            #expect(command.usage.hasPrefix(command.verb))
            let example = try #require(try Request(command.example))
            #expect(try CommandTable.command(example.verb).verb == command.verb)
            #expect(example.arguments.count >= command.argumentsMin)
            #expect(command.usage.utf8.count <= 32, "\(command.verb) keeps the columns of HELP")
        }
    }

    @Test func `without an account little can be done`() {
        let open = CommandTable.all.filter {
            switch $0.handler {
            case .now, .anyone: true
            case .account: false
            }
        }
        #expect(Set(open.map(\.verb)) == ["HELP", "STATUS", "PING", "FORMAT", "QUIT", "REGISTER", "LOGIN", "ADOPT"])
    }

    @Test(arguments: [
        ("FORWRD", "no FORWRD (did you mean FORWARD?)"), ("hlep", "no hlep (did you mean HELP?)"), ("tmeline", "no tmeline (did you mean TIMELINE?)"),
        ("regis", "no regis (did you mean REGISTER?)"), ("xyzzy", "no xyzzy (HELP lists the commands)"), ("", "no  (HELP lists the commands)"),
        ("x", "no x (HELP lists the commands)"),
    ])
    func `an unknown command is an error with a hint`(typed: String, text: String) {
        #expect(throws: Failure(.unknownCommand, text)) { try CommandTable.command(typed) }
    }

    @Test func `verbs may be typed in any case`() throws {
        #expect(try CommandTable.command("tImElInE").verb == "TIMELINE")
    }

    @Test func `distance counts slips`() {
        #expect(editDistance("", "") == 0)
        #expect(editDistance("", "abc") == 3)
        #expect(editDistance("abc", "") == 3)
        #expect(editDistance("kitten", "sitting") == 3)
        #expect(editDistance("hlep", "help") == 1)
    }

    @Test func `every code of the contract is there, and no other`() {
        let contract = """
            NEED_LOGIN NAME_TAKEN INVALID_NAME WEAK_PASSPHRASE BAD_LOGIN NO_SUCH_USER NO_SUCH_POST AMBIGUOUS_ID EMPTY_TEXT TOO_LONG ALREADY_FOLLOWING \
            NOT_FOLLOWING SELF_FOLLOW NOT_YOURS UNKNOWN_COMMAND NEED_MORE_PARAMS BAD_PARAM LINE_TOO_LONG INVALID_UTF8 RATE_LIMITED STORAGE_FULL UNAVAILABLE \
            INTERNAL
            """
        #expect(Set(ErrorCode.allCases.map(\.rawValue)) == Set(contract.split(separator: " ").map(String.init)))
    }

    @Test func `errors of the node have their codes, and words of one line`() throws {
        let name = try #require(Username("andre"))
        let errors: [(NodeError, ErrorCode)] = [
            (.nameTaken(name), .nameTaken), (.invalidName("1"), .invalidName), (.weakPassphrase, .weakPassphrase), (.badLogin, .badLogin),
            (.noSuchUser("x"), .noSuchUser), (.noSuchPost("x"), .noSuchPost), (.ambiguousID("k7f3", candidates: ["k7f3q", "k7f3z"]), .ambiguousID),
            (.badID("1"), .badParameter), (.emptyText, .emptyText), (.tooLong(bytes: 2_001, max: 2_000), .tooLong),
            (.controlCharacter, .badParameter), (.badProfileField("?"), .badParameter), (.badArchive("entry 3 is no entry"), .badParameter),
            (.alreadyFollowing(Fixture.diogo), .alreadyFollowing),
            (.notFollowing(Fixture.diogo), .notFollowing), (.selfFollow, .selfFollow), (.notYours(Fixture.id("m2wd5")), .notYours),
            (.deleted(Fixture.id("m2wd5")), .noSuchPost), (.rateLimited, .rateLimited), (.storageFull, .storageFull),
            (.unavailable("diogo's peer is offline; try again later"), .unavailable), (.internal("secret detail"), .internal),
        ]
        for (error, code) in errors {
            let failure = Failure(error)
            #expect(failure.code == code)
            #expect(!failure.text.isEmpty && !failure.text.contains("\n"))
            #expect(!failure.text.contains("secret"))
        }
        #expect(Failure(.ambiguousID("k7f3", candidates: ["k7f3q", "k7f3z"])).text.contains("k7f3q, k7f3z"))
        #expect(Failure(.noSuchUser(String(repeating: "x", count: 9_000))).text.count < 200)
    }
}
