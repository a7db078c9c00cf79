/// Every bound that Singer keeps, each with its reason. What is outside is refused, never cut short.
public enum Limits {
    // MARK: What people write

    /// A post. Long enough for a thought with a link in it; whole in one packet of any transport that counts.
    public static let textBytesMax = 2_000
    /// Fits every IRC client's nick column.
    public static let nameCharactersMax = 24
    public static let profileFieldsMax = 16
    public static let profileFieldCharactersMax = 24
    public static let profileTextBytesMax = 500
    /// Shorter passphrases fall to a laptop in a day, scrypt or not.
    public static let passphraseCharactersMin = 8
    /// From here on a passphrase may guard a key that anybody can fetch from the DHT.
    public static let passphraseCharactersStrong = 16
    /// Bounds what scrypt is fed.
    public static let passphraseBytesMax = 1_024

    // MARK: Entries

    /// A post of the largest text that forwards another of the same size, with room for keys and framing.
    public static let bodyBytesMax = 8_192
    public static let headerBytesMax = 256
    public static let certificateBytesMax = 256
    /// Two keys and two numbers: about 90 bytes.
    public static let revocationBytesMax = 128
    /// Clocks differ; an entry dated further ahead than this waits until its time has come.
    public static let clockSkewMax: Milliseconds = 10 * 60 * 1_000
    /// How far the dates of posts may run ahead of the clock when several are written in a millisecond: no longer than anybody notices.
    public static let datesAheadMax: Milliseconds = 1_000
    /// Beyond any honest log; keeps every sum of sequence numbers far from overflow.
    public static let sequenceMax: UInt64 = 1 << 48
    /// Unix milliseconds in the year 9999; keeps dates printable in four digits.
    public static let timeMax: Milliseconds = 253_402_300_799_999

    // MARK: Ids

    /// Shortest prefix of an id that is accepted from a person.
    public static let idCharactersMin = 4
    /// Shortest prefix of an id that is shown.
    public static let idCharactersShown = 5
    /// Shortest prefix of a device's key that is shown; as long as to tell apart what one account has, and to be compared by eye.
    public static let deviceCharactersShown = 8

    // MARK: The gateway

    /// An IRC line with its tags (IRCv3 message-tags: 8,191 + 512).
    public static let lineBytesMax = 8_191 + 512
    public static let rowsDefault = 20
    public static let rowsMax = 200
    /// Lines of one multi-line POST, before its text is measured.
    public static let multilineLinesMax = 200
    /// Consecutive POSTs of one session that share a commit: signing them takes a hundredth of a second.
    public static let postsPerCommitMax = 256
    /// Entries of one IMPORT of several lines: as many as one commit takes without holding up others for long.
    public static let importBytesMax = 512 << 10
    /// Rows of FOLLOWERS, FOLLOWING, THREAD and PEERS.
    public static let listRowsMax = 10_000
    /// Posts pushed to a session that was away, and pushed from the past of an author just followed.
    public static let unseenPostsMax = 50
    public static let backlogPostsMax = 20
    /// Entries that a login looks through for what its account has not seen: a few hundredths of a second, however long it was away.
    public static let unseenEntriesMax = 10_000
    /// Views that one session may have open, besides the timeline.
    public static let viewsMax = 100
    /// Notices that do not come from the store (online, offline), kept for a session that reads slowly.
    public static let noticesMax = 256
    /// What is kept for the clients of one account. A marker is 100 bytes; nobody follows more conversations than this.
    public static let readMarkersMax = 1_000
    public static let metadataKeysMax = 20
    public static let metadataValueBytesMax = 300
    /// As many channels as a user may be in.
    public static let clientChannelsMax = 100
    /// The name of a channel, a view, a nick or a key.
    public static let clientNameBytesMax = 64
    /// Connections to the gateway at one time.
    public static let sessionsMax = 20_000
    /// Wrong passphrases are answered at most this fast for each name.
    public static let loginsPerMinuteMax = 10
    /// Each derivation takes 128 MiB for a third of a second: one runs at a time, this many wait.
    public static let derivationsWaitingMax = 32

    // MARK: The peer link

    public static let frameBytesMax = 1 << 20
    /// Entries frames are filled up to this, so that one long answer does not keep live posts waiting.
    public static let batchBytesMax = 128 << 10
    public static let batchEntriesMax = 256
    /// Frames waiting for a slow link; when it is full the link is closed, and catches up when it is back.
    public static let linkQueueFramesMax = 4_096
    public static let linkQueueBytesMax = 8 << 20
    public static let linksMax = 1_024
    /// Feeds that one Have may name.
    public static let haveFeedsMax = 1_000
    public static let rangesMax = 64
    /// Devices of one account whose logs are told of; more than anybody has.
    public static let devicesMax = 64
    /// Feeds of which one link may ask for the news.
    public static let subscriptionsPerLinkMax = 20_000
    /// Ranges of logs that one link may offer, all feeds together: several for each feed of a full link, and 1 MiB.
    public static let offeredRangesMax = 65_536
    public static let endpointsMax = 8

    // MARK: Replication

    /// Entries fetched at once when a feed is new here; older ones come when they are asked for.
    public static let recentEntriesMax: UInt64 = 200
    /// Links of one feed that get every new entry whole and at once: what a post costs its author, however many follow.
    public static let eagerLinksMax = 8
    /// Subscribers of one feed at one peer, lazy ones included; more are referred to these.
    public static let feedLinksMax = 32
    /// Peers that one referral names: enough to find one with room.
    public static let referralsMax = 8
    /// Peers remembered as holders of one feed, to be dialled.
    public static let holdersMax = 128
    /// Announcements in one frame.
    public static let announcementsMax = 1_000
    /// Feeds of peers whose links are gone, remembered so that a new link costs only what has changed.
    public static let rememberedFeedsMax = 50_000
    /// Holders counted for the entries of one account.
    public static let witnessesMax = 1_024
    /// Requests for ranges under way, over one link.
    public static let wantsPerLinkMax = 8
    public static let outboxBackoffMax: Milliseconds = 10 * 60 * 1_000
    public static let dialBackoffMin: Milliseconds = 500
    public static let dialBackoffMax: Milliseconds = 5 * 60 * 1_000

    // MARK: The DHT

    /// OpenDHT refuses values over 64 KiB; the tail must leave room for the rest of the record.
    public static let tailBytesMax = 8 << 10
    public static let recordBytesMax = 16 << 10
    /// A root key with its name, sealed: about 100 bytes. Anybody may put such records, so there is room for nothing else in them.
    public static let sealedIdentityBytesMax = 256
    /// Passphrases of one account that are kept from leading to its key again; more changes than in a life.
    public static let withdrawalsMax = 64
    /// Values read under one key; more are not looked at.
    public static let recordsPerKeyMax = 1_024
    public static let onlineLease: Milliseconds = 90 * 1_000
    /// Followers under one key before they are spread over twice as many: 200 take up to a second to read.
    public static let edgesPerShard = 128
    public static let followerShardsMax: UInt32 = 64
    /// Follower edges that one peer puts again, its own first. The followers of somebody with more put their own.
    public static let edgesRenewedMax = 2_000
}

/// Unix time, or a span of it, in milliseconds.
public typealias Milliseconds = Int64
