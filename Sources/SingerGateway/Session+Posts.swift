internal import SingerCore
internal import SingerNode

/// POSTs that come in a row, as scripts send them, share a commit. Each is answered as if it were alone, in its turn.
extension Session {
    struct WaitingPost {
        let text: String
        let tag: String?
    }

    /// Keeps back a POST with its text until everything has been looked at that was read with it.
    ///
    /// - Returns: `false` if this is something else.
    func holdBack(_ request: Request) async throws -> Bool {
        guard login != nil, request.verb.asciiUppercased == "POST", !request.arguments.isEmpty else { return false }
        waitingPosts.append(WaitingPost(text: request.arguments.text, tag: request.tag))
        if waitingPosts.count >= Limits.postsPerCommitMax { try await writeWaitingPosts() }
        return true
    }

    /// Writes what was kept back. Its replies come before any other.
    func writeWaitingPosts() async throws {
        guard !waitingPosts.isEmpty, let login else { return }
        let posts = waitingPosts
        waitingPosts = []
        isReplying = true
        defer { endReply() }
        let context = CommandContext(node: gateway.node, login: login, arguments: Arguments(""), logger: gateway.logger)
        var lines: [String] = []
        for (post, result) in zip(posts, await gateway.node.post(posts.map(\.text), by: login)) {
            let reply: Reply
            do {
                reply = Reply(.posted(try await context.ask { _ throws(NodeError) in try result.get().id }))
            } catch {
                reply = Reply(failure: error)
            }
            lines += dialect.lines(of: reply, tag: post.tag)
        }
        try await write(lines.text(ending))
    }
}
