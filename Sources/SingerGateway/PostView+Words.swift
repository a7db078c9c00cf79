internal import SingerCore

extension PostView {
    /// What it says in lines for people, and the id beside it: `♺ <andre> Hello — worth reading` and `zz4ta>k7f3q`.
    var words: (text: String, id: String) {
        if isDeleted { return ("(deleted)", id.shown) }
        if let original = forward {
            let comment = text.isEmpty ? "" : " — \(text)"
            return ("♺ <\(original.author.name)> \(original.isDeleted ? "(deleted)" : original.text)\(comment)", id.shown + ">" + original.id.shown)
        }
        return (text, id.shown + (replyTo.map { ">" + $0.shown } ?? ""))
    }
}
