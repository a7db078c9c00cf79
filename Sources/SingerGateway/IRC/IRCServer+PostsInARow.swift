internal import SingerCore
internal import SingerNode

/// Posts that come in a row, as bots send them, share a commit, as those of plain sessions do. Each is answered as if it were alone.
extension IRCServer {
    struct PostCall {
        let call: IRCCall
        let text: String
    }

    /// The posts that some lines begin with, as far as they are nothing but texts to `&home`.
    func postsInARow(_ inputs: ArraySlice<Input>, from client: IRCClient) -> [PostCall] {
        guard client.login != nil, client.user != nil, client.multiline == nil else { return [] }
        var posts: [PostCall] = []
        for input in inputs.prefix(Limits.postsPerCommitMax) {
            guard case .line(let line) = input, line.utf8.count <= IRCMessage.bytesMax, let message = try? IRCMessage(parsing: line), message.verb == "PRIVMSG",
                message.tags.isEmpty,
                message.parameters.count == 2, message.parameters[0].ircFolded == Self.home, let first = message.parameters[1].utf8.first,
                first != UInt8(ascii: "."), first != 1
            else { break }
            posts.append(PostCall(call: IRCCall(client: client, message: message), text: message.parameters[1]))
        }
        return posts
    }

    func post(_ posts: [PostCall]) async {
        guard let client = posts.first?.call.client, let login = client.login else { return }
        client.user?.lastActive = now
        let results = await node.post(posts.map(\.text), by: login)
        for (post, result) in zip(posts, results) {
            switch result {
            case .success(let view): await posted(view, in: post.call.parameters[0], login, post.call)
            case .failure(let error):
                refused(Failure(error), in: post.call.parameters[0], post.call)
            }
            finish(post.call)
        }
    }
}
