internal import SingerCore
internal import SingerNode

/// Lines for people at `nc`, and for scripts that cut them up.
///
/// Every line leaves through `safe`, so that nothing anybody wrote can break a line in two or drive a terminal.
enum PlainDialect {
    static func lines(of reply: Reply, tag: String?) -> [String] {
        let tag = tag.map { " #" + $0 } ?? ""
        let end: String
        switch reply.end {
        case .done(let done):
            let words = words(of: done)
            end = "OK" + tag + (words.isEmpty ? "" : " " + words)
        case .failed(let failure):
            end = "ERR" + tag + " " + failure.code.rawValue + " " + failure.text
        }
        return reply.rows.map { safe("  " + text(of: $0)) } + [safe(end)]
    }

    static func line(of push: Push) -> String {
        switch push {
        case .post(let post, in: _): safe("* " + text(of: post))
        case .deleted(let id, by: _, in: _): safe("* deleted \(id.shown)")
        case .follow(let user): safe("* follow \(user.name)")
        case .unfollow(let user): safe("* unfollow \(user.name)")
        case .like(let user, let id): safe("* like \(user.name) \(id.shown)")
        case .online(let user): safe("* online \(user.name)")
        case .offline(let user): safe("* offline \(user.name)")
        case .held(let id, let peers): "* held \(id.shown) \(peers)"
        case .rival(let rival): safe("* notice \(words(of: rival))")
        case .notice(let text): safe("* notice \(text)")
        }
    }

    /// One line, whatever is in it: newlines as ` ⏎ `, other control characters as U+FFFD.
    static func safe(_ line: String) -> String {
        // Most lines are plain ASCII.
        guard !line.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return line }
        var scalars = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            if scalar == "\n" {
                scalars.append(contentsOf: " ⏎ ".unicodeScalars)
            } else {
                scalars.append(scalar)
            }
        }
        return String(scalars).withoutTerminalControls
    }

    /// What the owner of a name is told when another key claims it too; in every dialect.
    static func words(of rival: RivalClaim) -> String {
        let key = Fingerprint(rival.rival).mark.prefix(4)
        return
            "another key claims the name \(rival.name): \(key)…, since \(Timestamp.local(rival.since)); followers who met it first see you as \(rival.shownAs)."
    }

    private static func words(of done: Done) -> String {
        switch done {
        case .registered(let name, let key, _, let generated?):
            "registered \(name), key \(key), passphrase \(generated) (shown this once: keep it; it opens the account from any peer)"
        case .registered(let name, let key, isStrong: true, nil): "registered \(name), key \(key). The passphrase opens it from any peer."
        case .registered(let name, let key, isStrong: false, nil):
            "registered \(name), key \(key). Kept on this peer only: choose \(Limits.passphraseCharactersStrong) characters or more to log in from others."
        case .loggedIn(let name, let key, let unseen):
            "logged in as \(name), key \(key)" + (unseen > 0 ? ", \(counted(unseen, .posts)) since you left" : "")
        case .loggedOut: "logged out"
        case .passphraseChanged: "passphrase changed"
        case .revoked(let device):
            "revoked \(device.shown)" + (device.isThis ? ", this device: LOGIN name passphrase makes this peer a new one" : "")
        case .posted(let id): "posted \(id.shown)"
        case .deleted(let id): "deleted \(id.shown)"
        case .liked(let id): "liked \(id.shown)"
        case .unliked(let id): "unliked \(id.shown)"
        case .following(let user): "following \(user.name)"
        case .unfollowed(let user): "unfollowed \(user.name)"
        case .muted(let user): "muted \(user.name)"
        case .unmuted(let user): "unmuted \(user.name)"
        case .profileSet(let field): "profile \(field) set"
        case .profileRemoved(let field): "profile \(field) removed"
        case .imported(let new, let known): "imported \(new), \(known) known"
        case .listed(let count, let noun): counted(count, noun)
        case .shown: ""
        case .receipts(let isOn): "receipts \(isOn ? "on" : "off")"
        case .format(let dialect): "format \(dialect.rawValue)"
        case .pong(let token): token.isEmpty ? "pong" : "pong \(token)"
        case .bye: "bye"
        }
    }

    private static func counted(_ count: Int, _ noun: Done.Noun) -> String {
        let word =
            switch noun {
            case .posts: count == 1 ? "post" : "posts"
            case .followers: count == 1 ? "follower" : "followers"
            case .following: "following"
            case .peers: count == 1 ? "peer" : "peers"
            case .devices: count == 1 ? "device" : "devices"
            case .commands: count == 1 ? "command" : "commands"
            case .logs: count == 1 ? "log" : "logs"
            case .entries: count == 1 ? "entry" : "entries"
            }
        return "\(count) \(word)"
    }
}
