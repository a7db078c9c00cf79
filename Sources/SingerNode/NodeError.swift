public import SingerCore
import SingerStore

/// Why a use case was not carried out. Dialects give each its code and its words.
public enum NodeError: Error, Hashable, Sendable {
    case nameTaken(Username)
    /// What was typed can't be a name.
    case invalidName(String)
    case weakPassphrase
    case badLogin
    /// Nobody of that name is known, here or in the network.
    case noSuchUser(String)
    case noSuchPost(String)
    /// The prefix fits more posts than one: the ids of some, in full enough to tell them apart.
    case ambiguousID(String, candidates: [String])
    /// What was typed can't be an id.
    case badID(String)
    case emptyText
    case tooLong(bytes: Int, max: Int)
    case controlCharacter
    case badProfileField(String)
    case profileIsFull
    /// No device of the account begins so.
    case noSuchDevice(String)
    /// What was given of an archive is damaged, forged or somebody else's; the text says what is wrong with it.
    case badArchive(String)
    case alreadyFollowing(UserView)
    case notFollowing(UserView)
    case selfFollow
    case selfMute
    case notYours(ShownID)
    /// The post is there, but its author has deleted it.
    case deleted(ShownID)
    case rateLimited
    case storageFull
    /// Somebody who is needed for this can't be reached now; the text says who, and what to try.
    case unavailable(String)
    case `internal`(String)
}

extension NodeError {
    init(_ error: any Error) {
        switch error {
        case let error as NodeError: self = error
        case StoreError.full: self = .storageFull
        case StoreError.refused(.quarantined):
            self = .unavailable(
                "two logs were written under this device's key (a restored copy?), and it is not heard any more; log out and in again to go on with a new one")
        case StoreError.refused(.revoked): self = .unavailable(Node.revokedWords)
        case StoreError.corrupt(let why): self = .internal("the database is damaged (\(why)). \(StoreError.remedy)")
        case let error as StoreError: self = .internal(String(describing: error))
        case PostText.Objection.empty: self = .emptyText
        case PostText.Objection.tooLong(let bytes, let max): self = .tooLong(bytes: bytes, max: max)
        case PostText.Objection.controlCharacter: self = .controlCharacter
        default: self = .internal(String(describing: error))
        }
    }
}
