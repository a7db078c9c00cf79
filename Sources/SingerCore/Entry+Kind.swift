extension Entry.Kind: RawRepresentable, CaseIterable {
    /// Those that this version knows, by their numbers in a header, from 1 on.
    public static let allCases: [Self] = [.post, .follow, .unfollow, .profile, .like, .unlike, .delete, .revoke]

    /// `nil` for what no version uses: numbers of kinds take one byte.
    public init?(rawValue: Int) {
        if Self.allCases.indices.contains(rawValue - 1) {
            self = Self.allCases[rawValue - 1]
        } else if rawValue > 0, let number = UInt8(exactly: rawValue) {
            self = .unknown(number)
        } else {
            return nil
        }
    }

    public var rawValue: Int {
        switch self {
        case .post: 1
        case .follow: 2
        case .unfollow: 3
        case .profile: 4
        case .like: 5
        case .unlike: 6
        case .delete: 7
        case .revoke: 8
        case .unknown(let number): Int(number)
        }
    }

    /// Whether an entry may come without its body: it is deleted, or somebody keeps it back.
    var mayLackBody: Bool {
        switch self {
        case .post, .unknown: true
        case .follow, .unfollow, .profile, .like, .unlike, .delete, .revoke: false
        }
    }
}
