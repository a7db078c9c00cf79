/// What a word may become when Tab is pressed: commands, names, ids just shown.
package struct Completion {
    /// Usages as HELP gives them, by verb: `FEED` → `FEED name [count] [BEFORE id]`.
    private var usages: [String: String] = [:]
    private var names: [String: String] = [:]
    /// The latest last.
    private var ids: [String] = []

    /// More than anybody looks through.
    static let candidatesMax = 200
    private static let idsMax = 500
    /// About as many as a screen shows.
    static let likelyIDsMax = 24
    private static let namesMax = 20_000

    package init() {}

    package mutating func learn(usage: String) {
        let verb = usage.prefix { $0 != " " }
        if !verb.isEmpty, verb.allSatisfy({ $0.isASCII && $0.isLetter }) { usages[verb.uppercased()] = usage }
    }

    package mutating func learn(name: String) {
        // A name that could not be one is nothing to type.
        guard names.count < Self.namesMax, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return }
        names[name.lowercased()] = name
    }

    package mutating func learn(id: String) {
        guard !id.isEmpty, id.utf8.count <= 64, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return }
        if let old = ids.lastIndex(of: id) { ids.remove(at: old) }
        ids.append(id)
        if ids.count > Self.idsMax { ids.removeFirst(ids.count - Self.idsMax) }
    }

    package mutating func learn(_ post: Post) {
        learn(id: post.id)
        learn(name: post.author)
        if let original = post.original { learn(name: original.author) }
    }

    package func isVerb(_ verb: String) -> Bool { usages[verb] != nil }

    /// - Parameters:
    ///   - before: the line up to the word.
    ///   - word: what there is of it.
    package func candidates(before: String, word: String) -> [String] {
        var words = before.split(separator: " ").map(String.init)
        if words.first?.hasPrefix("#") == true { words.removeFirst() }
        guard let typed = words.first else { return verbs(word) }
        let verb = (typed.hasPrefix("/") ? String(typed.dropFirst()) : typed).uppercased()
        if word.hasPrefix("@") { return matching(names.values.sorted().map { "@" + $0 }, word) }
        switch argument(of: verb, at: words.count - 1, after: words.last ?? "") {
        case "name": return matching(names.values.sorted(), word)
        // Before a letter is typed: what is likely meant, and not the screen full of what was shown long ago.
        case "id": return matching(word.isEmpty ? ids.suffix(Self.likelyIDsMax).reversed() : ids.reversed(), word)
        case "command": return verbs(word)
        case let choice? where choice.contains("|"): return matching(choice.split(separator: "|").map(String.init), word)
        default: return []
        }
    }

    /// What HELP calls the argument there.
    private func argument(of verb: String, at index: Int, after previous: String) -> String? {
        guard let usage = usages[verb] else { return nil }
        let arguments = usage.split(separator: " ").dropFirst().map { $0.filter { $0 != "[" && $0 != "]" } }
        if previous.uppercased() == "BEFORE", arguments.contains("BEFORE") { return "id" }
        return index < arguments.count ? arguments[index] : nil
    }

    private func verbs(_ word: String) -> [String] {
        let slash = word.hasPrefix("/") ? "/" : ""
        return matching(usages.keys.sorted().map { slash + $0 }, word)
    }

    private func matching(_ all: some Sequence<String>, _ word: String) -> [String] {
        let word = word.lowercased()
        return Array(all.lazy.filter { $0.lowercased().hasPrefix(word) }.prefix(Self.candidatesMax))
    }
}
