internal import GRDB
internal import SingerCore
internal import Synchronization

/// Reads what is new for many sessions together: those that a commit wakes ask at about the same time, and are answered out
/// of one snapshot. One at a time is under way; who asks meanwhile is answered by the next, which sees all that was committed before.
final class NewsReader: Sendable {
    private struct Waiting: Sendable {
        let question: Store.NewsQuestion
        let continuation: CheckedContinuation<Store.Arrivals, any Error>
    }

    private struct State {
        /// At most one of each session.
        var waiting: [Waiting] = []
        var isReading = false
    }

    /// Questions that share a snapshot: bounds how long the first of them waits for its answer.
    private static let questionsMax = 1_024

    private let readers: Readers
    private let state = Mutex(State())
    /// The numbers of accounts that asked; they never change. As many as have had sessions here.
    private let numbers = Mutex<[AccountKey: Int64]>([:])

    init(_ readers: Readers) { self.readers = readers }

    func ask(_ question: Store.NewsQuestion) async throws(StoreError) -> Store.Arrivals {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let starts = state.withLock { state in
                    state.waiting.append(Waiting(question: question, continuation: continuation))
                    defer { state.isReading = true }
                    return !state.isReading
                }
                if starts { read() }
            }
        } catch {
            throw StoreError(error)
        }
    }

    private func read() {
        readers.run { [self] pool in
            let asked = take()
            do {
                // The snapshot begins after the questions were taken, so that none is answered with what was before its wake.
                let answers = try pool.read { db in try answer(asked.map(\.question), db) }
                for (one, answer) in zip(asked, answers) { one.continuation.resume(returning: answer) }
            } catch {
                for one in asked { one.continuation.resume(throwing: error) }
            }
            let goesOn = state.withLock { state in
                state.isReading = !state.waiting.isEmpty
                return state.isReading
            }
            if goesOn { read() }
        }
    }

    private func take() -> [Waiting] {
        state.withLock { state in
            let asked = Array(state.waiting.prefix(Self.questionsMax))
            state.waiting.removeFirst(asked.count)
            return asked
        }
    }

    private func answer(_ questions: [Store.NewsQuestion], _ db: Database) throws -> [Store.Arrivals] {
        let end = try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(id), 0) FROM entry")) ?? 0
        let numbers = try questions.map { try number(of: $0.account, db) }
        var shared = SharedNews(for: numbers.compactMap(\.self), upTo: end, db)
        return try zip(questions, numbers).map { question, number in
            guard let number, end > question.cursor else { return Store.Arrivals(news: News([]), places: [], cursor: question.cursor) }
            return try shared.arrivals(question, for: number) ?? Store.arrivals(question, for: number, upTo: end, db)
        }
    }

    private func number(of account: AccountKey, _ db: Database) throws -> Int64? {
        if let known = numbers.withLock({ $0[account] }) { return known }
        let number = try Store.accountID(account, db)
        numbers.withLock { $0[account] = number }
        return number
    }
}
