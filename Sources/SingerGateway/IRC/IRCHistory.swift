internal import DequeModule
internal import SingerCore

/// What was said in an ordinary channel or between two users, as long as the peer runs. The oldest goes first.
final class IRCHistory {
    fileprivate enum Entry {
        case item(IRCHistoryItem)
        case said(IRCSaid)

        var item: IRCHistoryItem {
            switch self {
            case .item(let item): item
            case .said(let said): said.item
            }
        }

        var bytes: Int {
            switch self {
            case .item(let item): item.bytes
            case .said(let said): said.bytes
            }
        }
    }

    /// What all histories of a peer take in memory, about.
    final class Total {
        fileprivate(set) var bytes = 0
    }

    fileprivate var entries: Deque<Entry> = []
    private var bytes = 0
    private let total: Total

    init(in total: Total) {
        self.total = total
    }

    deinit {
        total.bytes -= bytes
    }

    var items: [IRCHistoryItem] { entries.map(\.item) }
    var last: IRCHistoryItem? { entries.last?.item }

    func append(_ item: IRCHistoryItem) { append(.item(item), item.bytes) }
    func append(_ said: IRCSaid) { append(.said(said), said.bytes) }

    private func append(_ entry: Entry, _ size: Int) {
        entries.append(entry)
        count(size)
        // Where all are full, as much goes as comes.
        var freed = 0
        while entries.count > 1,
            entries.count > IRCLimits.historyMessagesMax || bytes > IRCLimits.historyBytesMax
                || (total.bytes > IRCLimits.historiesBytesMax && freed < size)
        {
            let oldest = entries.removeFirst().bytes
            freed += oldest
            count(-oldest)
        }
    }

    private func count(_ size: Int) {
        bytes += size
        total.bytes += size
    }

    func item(_ messageID: String) -> IRCHistoryItem? { items.last { $0.messageID == messageID } }

    func remove(_ messageID: String) {
        entries.removeAll { $0.item.messageID == messageID }
        count(entries.reduce(0) { $0 + $1.bytes } - bytes)
    }

    fileprivate static let bytesBesideText = 200
}

/// One more line of somebody who speaks in a channel, of which nothing is made until somebody asks for the history.
struct IRCSaid {
    /// What many lines in a row have in common.
    final class Speaker {
        let source: String
        let party: IRCPartyKey
        let account: String?
        let isBot: Bool
        let channel: String

        init(_ user: IRCUser, in channel: IRCChannel) {
            source = user.source
            party = user.key
            account = user.account?.name
            isBot = user.isBot
            self.channel = channel.name
        }

        func isStill(_ user: IRCUser) -> Bool { source == user.source && isBot == user.isBot && party == user.key }
    }

    let speaker: Speaker
    let id: IRCMessageID
    let time: Milliseconds
    let text: String

    fileprivate var bytes: Int { text.utf8.count + IRCHistory.bytesBesideText }

    var item: IRCHistoryItem {
        IRCHistoryItem(
            messageID: id, time: time, source: speaker.source, party: speaker.party, account: speaker.account, isBot: speaker.isBot, command: "PRIVMSG",
            target: speaker.channel, lines: [IRCHistoryItem.Line(text: text)], clientTags: [])
    }
}

/// What a user said to another, and heard from them.
struct IRCConversation {
    /// Of the other, as last seen.
    var nick: String
    let history: IRCHistory
}

/// A message as it was sent, so that it can be sent again.
final class IRCHistoryItem {
    private let id: IRCMessageID
    private(set) lazy var messageID = id.text
    let time: Milliseconds
    let source: String
    /// Of the sender.
    let party: IRCPartyKey?
    let account: String?
    let isBot: Bool
    /// PRIVMSG, NOTICE, TAGMSG, TOPIC, or that of the event.
    let command: String
    let target: String
    /// More than one for a multi-line message; none for TAGMSG.
    let lines: [Line]
    let clientTags: [IRCMessage.Tag]
    /// JOIN, PART, QUIT, KICK, NICK, MODE: what is sent again as it was.
    let event: Event?

    struct Event: Sendable {
        let message: IRCOutgoing
        /// What clients with extended-join are sent instead.
        let extended: IRCOutgoing?
    }

    init(
        messageID: IRCMessageID, time: Milliseconds, source: String, party: IRCPartyKey?, account: String?, isBot: Bool, command: String, target: String,
        lines: [Line], clientTags: [IRCMessage.Tag], event: Event? = nil
    ) {
        id = messageID
        self.time = time
        self.source = source
        self.party = party
        self.account = account
        self.isBot = isBot
        self.command = command
        self.target = target
        self.lines = lines
        self.clientTags = clientTags
        self.event = event
    }

    struct Line: Hashable, Sendable {
        let text: String
        /// Whether it continues the line before, without a newline between them.
        var isContinued = false
    }

    fileprivate var bytes: Int {
        lines.reduce(IRCHistory.bytesBesideText) { $0 + $1.text.utf8.count }
            + clientTags.reduce(0) { $0 + $1.key.utf8.count + ($1.value?.utf8.count ?? 0) }
    }

    func outgoing(_ line: Line?) -> IRCOutgoing {
        var message = IRCOutgoing(command, [target], source: source, text: line?.text)
        message.time = time
        message.account = account
        message.isBot = isBot
        return message
    }
}

/// A place in a history as a client names it: nothing at all is `*`.
struct IRCPlace: Hashable, Sendable {
    let bound: HistoryBound?
    let messageID: String?
}

extension IRCHistory {
    var lastMessage: Milliseconds? {
        for entry in entries.reversed() {
            switch entry {
            case .said(let said): return said.time
            case .item(let item) where item.command == "PRIVMSG" || item.command == "NOTICE": return item.time
            case .item: continue
            }
        }
        return nil
    }

    /// A piece of it, oldest first. Bounds are exclusive, except for AROUND. A place that is not known gives nothing.
    func items(_ subcommand: String, _ places: [IRCPlace], _ limit: Int, for capabilities: IRCCapabilities) -> [IRCHistoryItem] {
        // The limit counts what this client is shown.
        let all = items.filter { $0.isShown(to: capabilities) }
        /// The first after a place, and the first not before it.
        func cut(_ place: IRCPlace) -> (from: Int, upTo: Int)? {
            if let id = place.messageID { return all.firstIndex { $0.messageID == id }.map { ($0 + 1, $0) } }
            guard case .time(let time)? = place.bound else { return (0, all.count) }
            return (all.firstIndex { $0.time > time } ?? all.count, all.firstIndex { $0.time >= time } ?? all.count)
        }
        guard let first = cut(places[0]) else { return [] }
        switch subcommand {
        case "LATEST": return Array(all[first.from...].suffix(limit))
        case "BEFORE": return Array(all[..<first.upTo].suffix(limit))
        case "AFTER": return Array(all[first.from...].prefix(limit))
        case "AROUND":
            let start = Swift.max(0, first.upTo - (limit - 1) / 2)
            return Array(all[start...].prefix(limit))
        default:
            guard places.count > 1, let second = cut(places[1]) else { return [] }
            if first.upTo <= second.upTo { return first.from < second.upTo ? Array(all[first.from..<second.upTo].prefix(limit)) : [] }
            return second.from < first.upTo ? Array(all[second.from..<first.upTo].suffix(limit)) : []
        }
    }
}
