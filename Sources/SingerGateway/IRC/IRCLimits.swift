internal import SingerCore

/// Bounds of the IRC dialect, each with its reason.
enum IRCLimits {
    /// The longest name of an account must fit.
    static let nickBytesMax = Limits.nameCharactersMax
    static let userBytesMax = 16
    /// Of one line. Twice what any client may send is dropped with an error; whoever sends more is cut.
    static let floodBytes = 16_384
    static let channelBytesMax = Limits.clientNameBytesMax
    static let topicBytesMax = 390
    static let awayBytesMax = 390
    static let realNameBytesMax = 150
    static let kickBytesMax = 255
    /// Room for everything that a client may ask for at once, and for a burst; who is further behind does not read.
    static let sendQueueBytesMax = 4 << 20
    static let channelsPerUserMax = Limits.clientChannelsMax
    static let channelsMax = 10_000
    static let monitorMax = 100
    static let targetsMax = 8
    /// Of ordinary channels and private messages; views keep theirs in the store.
    static let historyMessagesMax = 500
    /// More than so many messages of one full line have; those of many lines, or with tags as long as lines, have less room.
    static let historyBytesMax = 512 << 10
    /// Of all histories together: 10,000 channels may not take 5 GiB. When they are full, what is said pushes out what was said before it in the same place.
    static let historiesBytesMax = 64 << 20
    /// Invitations to one channel of users who are not here any more.
    static let invitedMax = 64
    /// About a screen.
    static let viewPostsShown = 20
    static let historyConversationsMax = 50
    static let historyRowsMax = 100
    /// Posts of a view whose deletion is told there; who deletes later reaches only &home and &@name.
    static let shownMax = 200
    static let multilineBytesMax = 4_096
    static let multilineLinesMax = 32
    static let subscriptionsMax = 50
    static let metadataKeysMax = Limits.metadataKeysMax
    static let metadataKeyBytesMax = Limits.clientNameBytesMax
    static let metadataValueBytesMax = Limits.metadataValueBytesMax
    /// A post that is older is shown with its time to clients that would show the time at which it came.
    static let untoldTimeMax: Milliseconds = 2 * 60 * 1_000
    static let whowasMax = 1_000
    /// SASL answers come in pieces of this size; the last one is shorter.
    static let authenticateBytesMax = 400
    static let authenticateTotalBytesMax = 2_000
    /// How long clients shall insist on TLS: as long as a certificate is usually renewed well within.
    static let secureTransportSeconds = 30 * 86_400
    /// REGISTER holds a passphrase, which may be longer than what else stands in a line.
    static let registerBytesMax = 1_024
}
