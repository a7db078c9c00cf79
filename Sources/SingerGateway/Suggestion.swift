internal import SingerCore

/// Finds the word that somebody meant.
enum Suggestion {
    /// The candidate nearest to what was typed, if one is near: a slip or two, or the beginning of just one candidate.
    /// Both are in upper case.
    static func nearest(to typed: String, among candidates: [String]) -> String? {
        guard (2...24).contains(typed.utf8.count) else { return nil }
        let slips = typed.utf8.count <= 4 ? 1 : 2
        let near = candidates.map { (word: $0, distance: editDistance(typed, $0)) }.filter { $0.distance <= slips }
        if let best = near.min(by: { $0.distance < $1.distance }) { return best.word }
        let longer = candidates.filter { $0.hasPrefix(typed) }
        return longer.count == 1 ? longer[0] : nil
    }
}
