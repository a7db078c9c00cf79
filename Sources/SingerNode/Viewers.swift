import Synchronization

/// Sessions that look at more than the timeline: anything new may concern them, whoever wrote it.
final class Viewers: Sendable {
    private let logins = Mutex<[ObjectIdentifier: Login]>([:])

    func insert(_ login: Login) { logins.withLock { $0[ObjectIdentifier(login)] = login } }
    func remove(_ login: Login) { logins.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(login)) } }

    func wake() {
        for login in logins.withLock({ Array($0.values) }) { login.wake() }
    }
}
