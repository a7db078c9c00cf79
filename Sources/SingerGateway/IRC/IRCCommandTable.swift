/// One command of IRC: what it is called, what it needs, who carries it out.
struct IRCCommand: Sendable {
    typealias Now = @Sendable (isolated IRCServer, IRCCall) -> Void
    typealias Later = @Sendable (isolated IRCServer, IRCCall) async -> Void

    enum Handler: Sendable {
        /// Needs nothing from elsewhere, so nobody waits for it.
        case now(Now)
        case later(Later)
        /// Is tried first; if it returns `false` it did nothing.
        case nowOrLater(@Sendable (isolated IRCServer, IRCCall) -> Bool, Later)
    }

    let verb: String
    /// Below this the answer is 461.
    let parametersMin: Int
    /// Whether it may come before registration is complete.
    let isForAnyone: Bool
    /// For HELP.
    let usage: String
    let handler: Handler

    private init(_ usage: String, _ parametersMin: Int, _ isForAnyone: Bool, _ handler: Handler) {
        self.verb = String(usage.prefix { $0 != " " })
        self.parametersMin = parametersMin
        self.isForAnyone = isForAnyone
        self.usage = usage
        self.handler = handler
    }

    init(_ usage: String, _ parametersMin: Int = 0, anyone: Bool = false, now: @escaping Now) {
        self.init(usage, parametersMin, anyone, .now(now))
    }

    init(_ usage: String, _ parametersMin: Int = 0, anyone: Bool = false, later: @escaping Later) {
        self.init(usage, parametersMin, anyone, .later(later))
    }

    init(
        _ usage: String, _ parametersMin: Int = 0, attempt: @escaping @Sendable (isolated IRCServer, IRCCall) -> Bool, later: @escaping Later
    ) {
        self.init(usage, parametersMin, false, .nowOrLater(attempt, later))
    }
}

/// What IRC knows by itself. Every other verb is looked up in the `CommandTable` that all dialects share.
enum IRCCommandTable {
    static let all: [IRCCommand] = registration + accounts + channels + messages + people + server

    static let byVerb = Dictionary((all + operators).map { ($0.verb, $0) }, uniquingKeysWith: { first, _ in first })

    /// Nobody may use them, so HELP does not list them.
    private static let operators = ["CONNECT", "KILL", "REHASH", "RESTART", "SQUIT", "WALLOPS"].map { IRCCommand($0, now: { $0.refuseToOperate($1) }) }

    private static let registration = [
        IRCCommand("CAP LS|LIST|REQ|END [:capabilities]", 1, anyone: true, later: { await $0.cap($1) }),
        IRCCommand("PASS password, or name:passphrase", 1, anyone: true, later: { await $0.pass($1) }),
        IRCCommand("NICK nickname", anyone: true, later: { await $0.nick($1) }),
        IRCCommand("USER username 0 * :realname", 4, anyone: true, later: { await $0.user($1) }),
        IRCCommand("PING token", 1, anyone: true, now: { $0.ping($1) }),
        IRCCommand("PONG token", anyone: true, now: { _, _ in }),
        IRCCommand("QUIT [:reason]", anyone: true, later: { await $0.quit($1) }),
    ]

    private static let accounts = [
        IRCCommand("AUTHENTICATE mechanism|data", 1, anyone: true, later: { await $0.authenticate($1) }),
        IRCCommand("REGISTER name [passphrase], or account email|* passphrase", 0, anyone: true, later: { await $0.register($1) }),
        IRCCommand("VERIFY account code", 2, anyone: true, now: { $0.verify($1) }),
        IRCCommand("NS SET MULTICLIENT ON|OFF", now: { $0.serviceSettings($1) }),
        IRCCommand("NICKSERV SET MULTICLIENT ON|OFF", now: { $0.serviceSettings($1) }),
        IRCCommand("SET ids off|prefix|suffix", 2, now: { $0.set($1) }),
    ]

    private static let channels = [
        IRCCommand("JOIN channel{,channel} [key{,key}]", 1, anyone: true, later: { await $0.join($1) }),
        IRCCommand("PART channel{,channel} [:reason]", 1, now: { $0.part($1) }),
        IRCCommand("NAMES [channel{,channel}]", later: { await $0.names($1) }),
        IRCCommand("TOPIC channel [:topic]", 1, later: { await $0.topic($1) }),
        IRCCommand("LIST [mask or condition{,…}]", later: { await $0.list($1) }),
        IRCCommand("INVITE [nickname channel]", later: { await $0.invite($1) }),
        IRCCommand("KICK channel nickname [:reason]", 2, later: { await $0.kick($1) }),
        IRCCommand("MODE target [modes [arguments]]", 1, now: { $0.mode($1) }),
    ]

    private static let messages = [
        IRCCommand("PRIVMSG target{,target} :text", attempt: { $0.sayInChannel($1) }, later: { await $0.privateMessage($1) }),
        IRCCommand("NOTICE target{,target} :text", attempt: { $0.sayInChannel($1) }, later: { await $0.privateMessage($1) }),
        IRCCommand("TAGMSG target{,target}", 1, attempt: { $0.sayInChannel($1) }, later: { await $0.privateMessage($1) }),
        IRCCommand("BATCH +reference draft/multiline target | -reference", 1, later: { await $0.batch($1) }),
        IRCCommand("REDACT target msgid [:reason]", 2, later: { await $0.redact($1) }),
        IRCCommand("CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN target … limit | TARGETS from to limit", later: { await $0.chatHistory($1) }),
        IRCCommand("MARKREAD target [timestamp=…]", later: { await $0.markRead($1) }),
        IRCCommand("METADATA target GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC …", 2, anyone: true, later: { await $0.metadata($1) }),
    ]

    private static let people = [
        IRCCommand("WHO [mask [%fields[,token]]]", later: { await $0.who($1) }),
        IRCCommand("WHOIS [server] nickname", later: { await $0.whois($1) }),
        IRCCommand("WHOWAS nickname [count]", now: { $0.whowas($1) }),
        IRCCommand("ISON nickname …", 1, later: { await $0.isOn($1) }),
        IRCCommand("USERHOST nickname …", 1, later: { await $0.userHost($1) }),
        IRCCommand("AWAY [:message]", anyone: true, now: { $0.away($1) }),
        IRCCommand("SETNAME :realname", 1, now: { $0.setName($1) }),
        IRCCommand("MONITOR +|-|C|L|S [nickname{,nickname}]", 1, later: { await $0.monitor($1) }),
    ]

    private static let server = [
        IRCCommand("LUSERS", now: { $0.lusers($1) }),
        IRCCommand("MOTD [server]", now: { $0.motd($1) }),
        IRCCommand("VERSION [server]", now: { $0.version($1) }),
        IRCCommand("INFO [server]", now: { $0.info($1) }),
        IRCCommand("TIME [server]", now: { $0.time($1) }),
        IRCCommand("LINKS", now: { $0.links($1) }),
        IRCCommand("ADMIN [server]", now: { $0.admin($1) }),
        IRCCommand("STATS query", now: { $0.stats($1) }),
        IRCCommand("OPER name password", 2, now: { $0.oper($1) }),
        IRCCommand("HELP [subject]", now: { $0.help($1) }),
        IRCCommand("HELPOP [subject]", now: { $0.help($1) }),
    ]
}
