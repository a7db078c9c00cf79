internal import SingerCore
internal import SingerNode

/// LIST: the ordinary channels, and for those who have logged in the views that they have open or may open at any time.
extension IRCServer {
    func list(_ call: IRCCall) async {
        let filter = IRCListFilter(call.parameters.prefix(2).flatMap { Self.targets($0) })
        numeric(.listStart, call, ["Channel"], "Users  Name")
        if let login = call.client.login { await listViews(filter, login, call) }
        for channel in channels.values.sorted(by: { $0.name < $1.name }) where isVisible(channel, to: call.client.user) {
            let facts = IRCListFilter.Facts(
                name: channel.name, members: channel.members.count, created: channel.created, topicSet: channel.topic?.setAt)
            guard filter.admits(facts, now: now) else { continue }
            numeric(.list, call, [channel.name, String(channel.members.count)], channel.topic?.text ?? "")
        }
        numeric(.listEnd, call, [], "End of /LIST")
    }

    private func listViews(_ filter: IRCListFilter, _ login: Login, _ call: IRCCall) async {
        var views = call.client.views
        for (channel, view) in [(Self.home, View.home), ("&mentions", .mentions)] where views[channel] == nil {
            views[channel] = IRCView(view: view, channel: channel, opened: now)
        }
        for view in views.values.sorted(by: { $0.channel < $1.channel }) {
            let followed = view.view == .home ? (try? await node.followed(by: login).count) ?? 0 : 0
            let topic = await topic(of: view, login, call.client)
            let facts = IRCListFilter.Facts(name: view.channel, members: followed + 1, created: view.opened, topicSet: topic?.setAt)
            guard filter.admits(facts, now: now) else { continue }
            numeric(.list, call, [view.channel, String(followed + 1)], topic?.text ?? "")
        }
    }
}
