internal import Synchronization

/// Signatures that were found good, or made here, so that what comes once more is not checked once more: a post comes over a link and out of
/// the DHT, and the tail of an account's record says the same entries again and again. That a value of `Mark` is here proves what checking proves.
enum GoodSignatures {
    /// The SHA-256 of a public key, a signature and what was signed.
    typealias Mark = Bytes32<GoodSignatures>

    private struct State {
        var latest: Set<Mark> = []
        var older: Set<Mark> = []
    }

    private static let state = Mutex(State())
    /// The latest so many are known, and up to as many before them: half a megabyte. They are for what comes again within seconds.
    private static let countMax = 4_096

    static func contains(_ mark: Mark) -> Bool { state.withLock { $0.latest.contains(mark) || $0.older.contains(mark) } }

    static func insert(_ mark: Mark) {
        state.withLock { state in
            if state.latest.count >= countMax {
                swap(&state.latest, &state.older)
                state.latest.removeAll(keepingCapacity: true)
            }
            state.latest.insert(mark)
        }
    }
}
