internal import GRDB
internal import SingerCore
internal import Synchronization

/// The numbers that the store gave to accounts whose sessions ask it often; they never change. As many as have had sessions here.
final class AccountNumbers: Sendable {
    private let known = Mutex<[AccountKey: Int64]>([:])

    func number(of account: AccountKey, _ db: Database) throws -> Int64? {
        if let number = known.withLock({ $0[account] }) { return number }
        let number = try Store.accountID(account, db)
        known.withLock { $0[account] = number }
        return number
    }
}
