/// A device of an account, as its owner is shown it.
public struct DeviceView: Hashable, Sendable {
    public let device: DeviceKey
    /// The shortest prefix of the key, of eight characters or more, that no other device of the account has.
    public let shown: String
    public let certified: Milliseconds
    /// It is the one of this peer.
    public let isThis: Bool
    /// Entries of its log that are held here.
    public let entries: Int
    /// When its peer last said that it is there.
    public let lastSeen: Milliseconds?
    /// When it was revoked; `nil` if it was not.
    public let revoked: Milliseconds?

    public init(
        device: DeviceKey, shown: String, certified: Milliseconds, isThis: Bool, entries: Int, lastSeen: Milliseconds?, revoked: Milliseconds?
    ) {
        self.device = device
        self.shown = shown
        self.certified = certified
        self.isThis = isThis
        self.entries = entries
        self.lastSeen = lastSeen
        self.revoked = revoked
    }
}

extension DeviceKey {
    /// The shortest prefix of the key in hexadecimal, of `Limits.deviceCharactersShown` or more, that none of the others has.
    public func shown(among others: some Sequence<DeviceKey>) -> String {
        let text = description
        let shared = others.filter { $0 != self }.map { zip(text, $0.description).prefix { $0 == $1 }.count }.max() ?? 0
        return String(text.prefix(max(Limits.deviceCharactersShown, shared + 1)))
    }

    /// Whether this is what somebody may mean who typed a prefix of it.
    public func matches(typed: String) -> Bool {
        typed.utf8.count >= Limits.idCharactersMin && description.hasPrefix(typed.lowercased())
    }
}
