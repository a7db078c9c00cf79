import SingerCore

extension Replica {
    /// What is known of one account's logs, and who has them.
    struct Feed: Sendable {
        /// An account of this peer: what its other devices write is wanted, too.
        var isHosted = false
        /// The device of a hosted account that writes here.
        var own: DeviceKey?
        var isFollowed = false
        /// Somebody looks at it, until then.
        var visitedUntil: Milliseconds = 0
        var logs: [DeviceKey: Log] = [:]
        /// When that last changed, or whether it is wanted: in changes of the whole replica.
        var changed: UInt64 = 0
        /// Peers that serve the account itself.
        var homes: Set<NodeKey> = []
        /// Peers that are said to hold the feed, homes among them.
        var holders: Set<NodeKey> = []
        /// What waits for the receipt of the account's peer.
        var debts: [EntryID: DebtState] = [:]
        /// Those that were sent over the link that is up, and are not acknowledged.
        var debtsUnderWay: Set<EntryID> = []
        /// More is owed than `debts`: the store knows what.
        var owesMore = false
        var lookup = Retry()
        var isLookingUp = false
        /// Subscribers that get news whole and at once; all others are told of it.
        var eager: Set<NodeKey> = []
        /// Who was the first to push the latest news.
        var parent: NodeKey?
        /// What lazy links have yet to be told of.
        var unannounced: [DeviceKey: SequenceSet] = [:]
        /// Holders that others were so kind as to name, latest last.
        var referred: [NodeKey] = []
        /// Homes that have enough subscribers without this peer.
        var refusals: Set<NodeKey> = []
        /// When others than the homes are dialled again, after one that could be reached and did not give the feed.
        var search = Retry()
        /// Since when a link is wanted that is not up.
        var seekingSince: Milliseconds?
        /// What peers said they hold of a hosted feed.
        var witnesses: [NodeKey: [DeviceKey: SequenceSet]] = [:]

        func isWanted(at now: Milliseconds) -> Bool { isHosted || isFollowed || visitedUntil > now }

        /// Whether something may be noted of a device: so many logs of one account are followed. Its owner could certify devices without end.
        func hasRoom(for device: DeviceKey) -> Bool { logs[device] != nil || logs.count < Limits.devicesMax || device == own }
    }

    struct Log: Sendable {
        var held = SequenceSet()
        /// The lowest sequence number that is wanted; older entries come when they are asked for. `nil` until a holder
        /// says how long the log is.
        var floor: UInt64?
        /// Ranges that were asked for and have not come.
        var asked: [LogRange: Asked] = [:]
        /// Ranges that have come and are being committed: not asked for again, unless the store does not take them.
        var coming: [ClosedRange<UInt64>: Asked] = [:]
        /// Ranges that were announced: an eager link has until the deadline to bring them, then they are asked for.
        var awaited: [ClosedRange<UInt64>: Asked] = [:]
        /// Posts that are held without their bodies, although nobody is known to have deleted them: asked for again.
        var bodiless = SequenceSet()
        /// The device wrote two logs: nothing more of it is fetched, taken or passed on.
        var proof: Equivocation?

        /// What is held in full: what can be given to others, and need not be asked for.
        var whole: SequenceSet { held.subtracting(bodiless) }

        /// What is held in full, or on its way.
        var covered: SequenceSet {
            var covered = whole
            for range in coming.keys { covered.insert(range) }
            for want in asked.keys { covered.insert(want.range) }
            return covered
        }

        struct Asked: Sendable {
            let node: NodeKey
            let since: Milliseconds
            let deadline: Milliseconds

            init(node: NodeKey, since: Milliseconds, wait: Milliseconds = Replica.answerTimeout) {
                self.node = node
                self.since = since
                deadline = since + wait
            }
        }
    }
}
