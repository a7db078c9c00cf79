/// Finds the word that somebody meant.
enum Suggestion {
    /// The candidate nearest to what was typed, if one is near: a slip or two, or the beginning of just one candidate.
    /// Both are in upper case.
    static func nearest(to typed: String, among candidates: [String]) -> String? {
        let typed = Array(typed.utf8)
        guard (2...24).contains(typed.count) else { return nil }
        let slips = typed.count <= 4 ? 1 : 2
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(typed, Array(candidate.utf8))
            if distance <= slips, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        if let best { return best.word }
        let longer = candidates.filter { $0.utf8.starts(with: typed) }
        return longer.count == 1 ? longer[0] : nil
    }

    /// Optimal string alignment: how many letters to put in, take out, change, or swap with their neighbour.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
