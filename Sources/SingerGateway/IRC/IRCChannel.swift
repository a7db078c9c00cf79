internal import SingerCore

/// An ordinary channel of this peer. It ends with its last member.
final class IRCChannel {
    let name: String
    let created: Milliseconds
    var members: [Int: Member] = [:] {
        didSet { changes += 1 }
    }
    var topic: Topic?
    var modes: Set<Character> = ["n", "t"] {
        didSet { changes += 1 }
    }
    /// How often members and modes changed: as long as it is the same, whoever was heard is heard.
    private(set) var changes = 0
    var key: String?
    var metadata: [String: String] = [:]
    let history: IRCHistory
    /// Those who were invited, by the number of the user.
    var invited: Set<Int> = []

    struct Member {
        let user: IRCUser
        var isOperator = false
        var isVoiced = false

        func prefix(isMulti: Bool) -> String {
            if isOperator { return isMulti && isVoiced ? "@+" : "@" }
            return isVoiced ? "+" : ""
        }
    }

    struct Topic {
        let text: String
        let setBy: String
        let setAt: Milliseconds
    }

    init(name: String, history: IRCHistory, now: Milliseconds) {
        self.name = name
        self.history = history
        created = now
    }

    var sortedMembers: [Member] { members.values.sorted { $0.user.number < $1.user.number } }

    /// Whether somebody may speak here.
    func hears(_ user: IRCUser) -> Bool {
        let member = members[user.number]
        if modes.contains("m"), member?.isOperator != true, member?.isVoiced != true { return false }
        return member != nil || !modes.contains("n")
    }

    func isOperator(_ user: IRCUser) -> Bool { members[user.number]?.isOperator == true }
}
