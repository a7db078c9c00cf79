/// Which posts were shown, so that what comes again after a reconnect is not shown again.
package struct ShownPosts {
    private var hashes: Set<String> = []
    private var order: [String] = []
    /// The time of the newest post that was met.
    package private(set) var newest = ""

    /// Far more than come again: what a peer keeps back for one who was away is 50.
    private static let hashesMax = 4_096

    package init() {}

    /// Notes a post.
    ///
    /// - Returns: false if it was shown before.
    package mutating func note(_ post: Post) -> Bool {
        meet(post.time)
        return note(hash: post.hash)
    }

    @discardableResult
    package mutating func note(hash: String) -> Bool {
        guard hashes.insert(hash).inserted else { return false }
        order.append(hash)
        if order.count > 2 * Self.hashesMax {
            hashes.subtract(order.prefix(Self.hashesMax))
            order.removeFirst(Self.hashesMax)
        }
        return true
    }

    /// A post was there before anything was shown.
    package mutating func meet(_ time: String) { newest = max(newest, time) }

    /// Of a timeline, newest first: what came meanwhile, oldest first.
    package func missed(_ timeline: [Post]) -> [Post] { timeline.filter { $0.time > newest && !hashes.contains($0.hash) }.reversed() }
}
