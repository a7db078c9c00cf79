/// Lists that take as many lines as they need.
extension IRCServer {
    /// Leaves room in a line for its source, its numeric, the receiver's nick and a channel's name.
    static let listBytesMax = 380

    /// Words in lines that fit, as many to a line as there is room for, and at most `itemsMax`.
    static func packed(_ words: [String], bytesMax: Int = listBytesMax, itemsMax: Int = .max) -> [[String]] {
        var lines: [[String]] = []
        var bytes = 0
        for word in words {
            if lines.isEmpty || bytes + word.utf8.count > bytesMax || lines[lines.count - 1].count == itemsMax {
                lines.append([])
                bytes = 0
            }
            lines[lines.count - 1].append(word)
            bytes += word.utf8.count + 1
        }
        return lines
    }
}
