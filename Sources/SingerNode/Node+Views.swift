public import SingerCore
import SingerStore

/// Views and their history, for sessions that look at more than the timeline.
extension Node {
    /// A piece of a view, oldest first, at most `limit` posts. A bound that is not known gives nothing.
    public func history(of view: View, _ login: Login, _ range: HistoryRange, limit: Int) async throws(NodeError) -> [PostView] {
        do {
            return try await store.history(of: view, for: login.account, range, limit: limit)
        } catch {
            throw NodeError(error)
        }
    }

    /// Which of some views a post belongs to.
    public func views(_ views: Set<View>, containing id: ShownID, _ login: Login) async throws(NodeError) -> [View] {
        do {
            return try await store.views(views, containing: id.hash, for: login.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// Whom the login's account follows, in alphabetical order, and whether they follow back.
    public func followed(by login: Login) async throws(NodeError) -> [(user: UserView, followsBack: Bool)] {
        do {
            return try await store.followed(by: login.account)
        } catch {
            throw NodeError(error)
        }
    }

    /// Whether one account follows another, as far as is known here.
    public func isFollowing(_ follower: AccountKey, _ followee: AccountKey) async -> Bool {
        (try? await store.isFollowing(follower, followee)) == true
    }

    /// The account that a name means, here or in the network.
    public func user(named name: String) async throws(NodeError) -> UserView {
        do {
            return try await find(name)
        } catch {
            throw NodeError(error)
        }
    }
}
