/// What LIST is narrowed down to: names or masks, of which one must match, and conditions, all of which must hold (005 ELIST=MNU).
struct IRCListFilter {
    private var masks: [String] = []
    private var excluded: [String] = []
    private var above: Int?
    private var below: Int?

    init(_ words: [String]) {
        for word in words {
            let rest = String(word.dropFirst())
            switch word.utf8.first {
            case UInt8(ascii: "<"): below = Int(rest).map { Swift.min($0, below ?? $0) } ?? below
            case UInt8(ascii: ">"): above = Int(rest).map { Swift.max($0, above ?? $0) } ?? above
            case UInt8(ascii: "!"): excluded.append(rest)
            default: masks.append(word)
            }
        }
    }

    func admits(_ name: String, members: Int) -> Bool {
        (masks.isEmpty || masks.contains { IRCName.matches(name, mask: $0) }) && !excluded.contains { IRCName.matches(name, mask: $0) }
            && members > above ?? -1 && members < below ?? .max
    }
}
