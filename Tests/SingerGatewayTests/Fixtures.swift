import SingerCore
import SingerNode

@testable import SingerGateway

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Values that the tests render. Times are shown in UTC.
enum Fixture {
    /// Set before the first line with a time in it is made.
    private static let zone: Void = {
        setenv("TZ", "UTC0", 1)
        tzset()
    }()

    static func user(_ name: String, _ byte: UInt8 = 1) -> UserView {
        guard let key = AccountKey([UInt8](repeating: byte, count: 32)) else { preconditionFailure("32 bytes make a key") }
        return UserView(account: key, name: name)
    }

    static func id(_ shown: String, _ byte: UInt8 = 0) -> ShownID {
        guard let hash = EntryID([UInt8](repeating: byte, count: 32)) else { preconditionFailure("32 bytes make an id") }
        return ShownID(hash: hash, shown: shown)
    }

    static let andre = user("andre", 1)
    static let diogo = user("diogo", 2)
    static let tiago = user("tiago", 3)
    /// 2022-12-11 10:56:05.123
    static let time: Milliseconds = 1_670_756_165_123

    static func post(
        _ text: String, by author: UserView = diogo, id: ShownID = Fixture.id("m2wd5"), replyTo: ShownID? = nil,
        forward: PostView? = nil, isDeleted: Bool = false
    ) -> PostView {
        _ = zone
        return PostView(
            id: id, author: author, created: time, text: text, replyTo: replyTo, forward: forward, likes: 3, isDeleted: isDeleted)
    }

    static func original(_ text: String, isDeleted: Bool = false) -> PostView {
        PostView(id: id("k7f3q", 7), author: andre, created: time, text: text, replyTo: nil, forward: nil, likes: 0, isDeleted: isDeleted)
    }

    static func whois(_ presence: WhoIs.Presence, profile: [ProfileField] = []) -> WhoIs {
        _ = zone
        return WhoIs(
            user: diogo, fingerprint: Fingerprint(diogo.account), address: Endpoint(host: "192.0.2.7", port: 7_667), presence: presence,
            followers: 2, following: 5, lastPost: id("m2wd5"), profile: profile)
    }

    static func device(isThis: Bool = false, lastSeen: Milliseconds? = nil, revoked: Milliseconds? = nil) -> DeviceView {
        _ = zone
        guard let key = DeviceKey([UInt8](repeating: 0x1f, count: 32)) else { preconditionFailure("32 bytes make a key") }
        return DeviceView(
            device: key, shown: "1f3a9c07", certified: time, isThis: isThis, entries: 1, lastSeen: lastSeen, revoked: revoked)
    }

    static func rival() -> RivalClaim {
        _ = zone
        guard let name = Username("andre") else { preconditionFailure("andre is a name") }
        return RivalClaim(NameClaim(name: name, root: RootKey(), created: time), against: andre.account)
    }

    static func field(_ name: String, _ text: String) -> ProfileField? {
        (try? PostText(canonical: text)).flatMap { ProfileField(field: name, text: $0) }
    }

    static func plain(_ row: Row) -> String { Dialect.text.lines(of: Reply(.shown, rows: [row]), tag: nil)[0] }
    static func json(_ row: Row) -> String { Dialect.json.lines(of: Reply(.shown, rows: [row]), tag: nil)[0] }
}
