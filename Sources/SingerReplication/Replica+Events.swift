public import SingerCore

/// What happens to a replica, and what it wants done. Both are values: the shell (or a simulator) carries them.
extension Replica {
    public enum Event: Sendable {
        /// This peer serves the account, and writes the log of this device of it.
        case hosting(AccountKey, DeviceKey)
        /// Contacts of this account are worth knowing.
        case interest(AccountKey)
        /// Somebody here follows the account from now on (or does so since before the restart).
        case following(AccountKey)
        case unfollowed(AccountKey)
        /// Somebody looks at a feed that nobody here follows: fetch it, and keep up for a while.
        case visiting(AccountKey)
        /// Older entries of a feed are asked for, as many as these.
        case wantsOlder(AccountKey, entries: UInt64)
        /// What the store held of one log when the replica started.
        case holding(AccountKey, DeviceKey, SequenceSet)
        /// Somebody is said to be reachable, from the store, the DHT or a link.
        case contact(Contact)
        /// A lookup in the directory found all that it will find.
        case lookupEnded(AccountKey)
        /// The directory is there, or there again: what it was asked in vain is worth another try.
        case directoryJoined
        /// With where the other side says it can be dialled, for those who are referred to it.
        case linkUp(NodeKey, [Endpoint])
        case linkDown(NodeKey)
        case dialFailed(NodeKey)
        /// Dial this peer once, because it will want to know that this one is back.
        case greet(NodeKey, [Endpoint])
        /// A message, its entries verified one by one, none of them stored yet.
        case received(Message, from: NodeKey)
        /// Entries that are committed now. `from`: who sent them; `nil` for what was written here or found in the DHT.
        /// `isNews`: written just now, as far as anybody knows, not an answer out of somebody's past.
        case stored([Entry], from: NodeKey?, isNews: Bool)
        /// Entries that need not be asked for: they were here already, or are refused for good.
        case known([Entry])
        /// All posts of an account that are held without their bodies, and that nobody is known to have deleted.
        case withheld(AccountKey, [DeviceKey: SequenceSet])
        /// The outbox owes an entry to the home of an account.
        case owes(Debt)
        /// What somebody else's outbox owed to an account here is committed now.
        case accepted(Debt, from: NodeKey)
        /// A newer record of an account was verified and stored.
        case recordChanged(AccountKey, from: NodeKey?)
        /// What a peer said over a link before the restart.
        case remembered(NodeKey, Memory)
        /// The store has proof that a device wrote two logs: it was found here (or was, before the restart), or came from a link.
        case equivocated(Equivocation, from: NodeKey?)
        case tick
    }

    public enum Action: Sendable {
        /// Verify the chain, commit, then say `.stored` of those that were new.
        case store([Entry], from: NodeKey, isNews: Bool)
        case send(Message, to: NodeKey)
        /// Read these entries and send them; an answer that is shorter than what was wanted says what is not here.
        case answer(LogRange, to: NodeKey)
        /// Send the account's latest record, if there is one.
        case sendRecord(AccountKey, to: NodeKey)
        case dial(NodeKey, [Endpoint])
        /// Look for the account's peers in the directory, and say `.contact` for each, then `.lookupEnded`.
        case lookUp(AccountKey)
        /// An entry for an account of this peer: check that it concerns it, commit, then send `.receipt`.
        case accept(Debt, from: NodeKey)
        /// News of a feed came that nobody here wants. If it comes from the account's own peer, that may not know that somebody here
        /// follows the account no more.
        case unwanted(AccountKey, from: NodeKey)
        /// The recipient's peer has it: the debt is paid.
        case settle(Debt)
        /// The outbox holds more for the account than was said: say `.owes` of the oldest, `debtsMax` and one.
        case recallDebts(AccountKey)
        /// Nothing goes over this link any more, for which it was made.
        case close(NodeKey)
        /// A verified proof that a device wrote two logs: keep it, quarantine the device, then say `.equivocated`.
        case quarantine(Equivocation, from: NodeKey)
        /// The network has entries up to `last` of a device that writes here, and they were never here: an old copy of the data is in use, say.
        case ownLogBehind(AccountKey, DeviceKey, last: UInt64)
        /// Whether to hear the news of a followed feed from the directory, too: where its own peer gives it over a link, it comes from there,
        /// and with everybody listening each post would take eight packets to each follower. At the start all are listened to.
        case listen(AccountKey, isOn: Bool)
        /// Another peer of an account of this one can be reached again. What it was told meanwhile of who follows the account stands in
        /// the directory, too: read that.
        case readEdges(AccountKey)
        /// One more peer has said that it holds an entry that was written here.
        case held(AccountKey, DeviceKey, UInt64, holders: Int)
    }

    /// A peer that serves an account, or holds its feed.
    public struct Contact: Hashable, Sendable {
        public let account: AccountKey
        public let node: NodeKey
        public let endpoints: [Endpoint]
        /// The account itself is served there; not only its feed.
        public let isHome: Bool

        public init(account: AccountKey, node: NodeKey, endpoints: [Endpoint], isHome: Bool) {
            self.account = account
            self.node = node
            self.endpoints = endpoints
            self.isHome = isHome
        }
    }

    /// An entry that the peer of `recipient` has yet to acknowledge.
    public struct Debt: Hashable, Sendable {
        public let entry: Entry
        public let recipient: AccountKey

        public init(entry: Entry, recipient: AccountKey) {
            self.entry = entry
            self.recipient = recipient
        }
    }

    /// A range of one log: that is asked for, and then at most `Limits.batchEntriesMax` long; or that the sender holds from now on.
    public struct LogRange: Hashable, Sendable {
        public let account: AccountKey
        public let device: DeviceKey
        public let range: ClosedRange<UInt64>

        public init(account: AccountKey, device: DeviceKey, range: ClosedRange<UInt64>) {
            self.account = account
            self.device = device
            self.range = range
        }
    }

    public struct FeedState: Hashable, Sendable {
        public enum Interest: Hashable, Sendable {
            /// Send me what is new from now on.
            case subscribe
            case unsubscribe
            /// No change: this says what I hold.
            case none
        }

        public let account: AccountKey
        public let interest: Interest
        public let held: [DeviceKey: SequenceSet]

        public init(account: AccountKey, interest: Interest, held: [DeviceKey: SequenceSet]) {
            self.account = account
            self.interest = interest
            self.held = held
        }

        static func unsubscribing(_ account: AccountKey) -> FeedState { FeedState(account: account, interest: .unsubscribe, held: [:]) }
    }

    /// The answer to a subscriber that gets no eager pushes: others that may give them.
    public struct Referral: Hashable, Sendable {
        public let account: AccountKey
        /// There is no subscription at all, not even a lazy one.
        public let isRefused: Bool
        public let peers: [Peer]

        public struct Peer: Hashable, Sendable {
            public let node: NodeKey
            public let endpoints: [Endpoint]

            public init(node: NodeKey, endpoints: [Endpoint]) {
                self.node = node
                self.endpoints = endpoints
            }
        }

        public init(account: AccountKey, isRefused: Bool, peers: [Peer]) {
            self.account = account
            self.isRefused = isRefused
            self.peers = peers
        }
    }

    /// What two replicas say to each other.
    public enum Message: Sendable {
        case have([FeedState])
        case announce([LogRange])
        /// Push the feed here whole and at once.
        case graft(AccountKey)
        /// Only announce the feed here.
        case prune(AccountKey)
        case refer(Referral)
        case equivocation(Equivocation)
        /// All that is wanted and held here, as one number.
        case digest(UInt64)
        /// What is remembered of the other side, by buckets; none: nothing is.
        case buckets([UInt64])
        case want(LogRange)
        /// Entries of one device, ascending. `answers` tells an answer from a push.
        case entries([Entry], answers: LogRange?)
        case delivery(Debt)
        case receipt(EntryID, recipient: AccountKey, isUnknown: Bool)
    }
}
