internal import SingerCore

/// What LIST is narrowed down to: names or masks, of which one must match, and conditions, all of which must hold.
///
/// The conditions are those of 005 `ELIST=CMNTU`: `!mask`, `<members`, `>members`, and in minutes `C<age`, `C>age` of the channel and
/// `T<age`, `T>age` of its topic. A word that is none of them is a name.
struct IRCListFilter {
    /// What is known of a channel when it is asked for.
    struct Facts {
        let name: String
        let members: Int
        let created: Milliseconds
        let topicSet: Milliseconds?
    }

    /// Numbers strictly between two bounds.
    private struct Between {
        private var above = -1
        private var below = Int.max

        mutating func narrow(_ word: Substring) {
            guard let bound = Int(word.dropFirst()) else { return }
            if word.first == "<" { below = min(below, bound) } else { above = max(above, bound) }
        }

        var isNarrow: Bool { above >= 0 || below < .max }
        func contains(_ number: Int) -> Bool { number > above && number < below }
    }

    private var masks: [String] = []
    private var excluded: [String] = []
    private var members = Between()
    private var age = Between()
    private var topicAge = Between()

    init(_ words: [String]) {
        for word in words {
            switch word.prefix(2).uppercased() {
            case "C<", "C>": age.narrow(word.dropFirst())
            case "T<", "T>": topicAge.narrow(word.dropFirst())
            case let start where start.hasPrefix("<") || start.hasPrefix(">"): members.narrow(word[...])
            case let start where start.hasPrefix("!"): excluded.append(String(word.dropFirst()))
            default: masks.append(word)
            }
        }
    }

    func admits(_ channel: Facts, now: Milliseconds) -> Bool {
        func minutes(since then: Milliseconds) -> Int { Int(max(0, now - then) / 60_000) }
        return (masks.isEmpty || masks.contains { IRCName.matches(channel.name, mask: $0) })
            && !excluded.contains { IRCName.matches(channel.name, mask: $0) }
            && members.contains(channel.members) && age.contains(minutes(since: channel.created))
            && (!topicAge.isNarrow || channel.topicSet.map { topicAge.contains(minutes(since: $0)) } == true)
    }
}
