/// What a line of a peer is, in either dialect: all that a script needs to know.
package enum ReplyLine: Hashable {
    case row
    case done
    case failed
    /// It came by itself, between replies.
    case pushed
    /// Not of a peer.
    case foreign

    package init(_ line: String) {
        func begins(_ mark: String) -> Bool { line.utf8.starts(with: mark.utf8) }
        if begins("  ") || begins(#"{"row":"#) {
            self = .row
        } else if line == "OK" || begins("OK ") || begins(#"{"ok":"#) {
            self = .done
        } else if begins("ERR ") || begins(#"{"error":"#) {
            self = .failed
        } else if begins("* ") || begins(#"{"event":"#) || begins("NOTICE ") {
            self = .pushed
        } else {
            self = .foreign
        }
    }

    /// Whether a line answers what came after `PASS` at a peer that has no password: it takes its client for one of IRC then.
    static func isOfPeerWithoutPassword(_ line: String) -> Bool { line.utf8.first == UInt8(ascii: ":") && line.contains(" 451 ") }
}
