internal import SingerCore
internal import SingerNode

extension Failure {
    /// The one place where errors of the node get their codes and words.
    init(_ error: NodeError) {
        switch error {
        case .nameTaken(let name):
            self.init(.nameTaken, "\(name) is taken; choose another name")
        case .invalidName(let typed):
            self.init(
                .invalidName,
                "\(Self.quote(typed)) can't be a name: a letter, then letters, digits, _ or -, at most \(Limits.nameCharactersMax), and not a reserved word")
        case .weakPassphrase:
            self.init(.weakPassphrase, "a passphrase has \(Limits.passphraseCharactersMin) characters or more; choose a longer one")
        case .badLogin:
            self.init(.badLogin, "no such name, or not its passphrase; check both, or REGISTER name")
        case .noSuchUser(let typed):
            self.init(.noSuchUser, "nobody known here is called \(Self.quote(typed)); check the name, or try again when more peers are online")
        case .noSuchPost(let typed):
            self.init(.noSuchPost, "no post known here has the id \(Self.quote(typed)); TIMELINE shows the ids of the latest")
        case .ambiguousID(let typed, let candidates):
            let some = candidates.isEmpty ? "" : ": " + candidates.prefix(8).joined(separator: ", ")
            self.init(.ambiguousID, "more than one id begins with \(Self.quote(typed)); type more of it\(some)")
        case .badID(let typed):
            self.init(
                .badParameter, "\(Self.quote(typed)) can't be an id: it is the \(Limits.idCharactersMin) or more letters and digits shown in [ ] after a post")
        case .emptyText:
            self.init(.emptyText, "there is nothing in it; write some text")
        case .tooLong(let bytes, let max):
            self.init(.tooLong, bytes: bytes, max: max)
        case .controlCharacter:
            self.init(.badParameter, "a text has no control characters but newlines; leave them out")
        case .badProfileField(let typed):
            self.init(
                .badParameter,
                "\(Self.quote(typed)) can't be a field: at most \(Limits.profileFieldCharactersMax) letters, digits or -, and \(Limits.profileFieldsMax) fields in all"
            )
        case .profileIsFull:
            self.init(.badParameter, "a profile has at most \(Limits.profileFieldsMax) fields; PROFILE and a field's name alone removes it")
        case .noSuchDevice(let typed):
            self.init(.badParameter, "no device of yours begins with \(Self.quote(typed)); DEVICES lists them")
        case .badArchive(let why):
            self.init(.badParameter, why)
        case .alreadyFollowing(let user):
            self.init(.alreadyFollowing, "you follow \(user.name) already; UNFOLLOW \(user.name) ends it")
        case .notFollowing(let user):
            self.init(.notFollowing, "you don't follow \(user.name); FOLLOWING shows whom you do")
        case .selfMute: self.init(.badParameter, "nobody mutes themselves: name somebody else")
        case .selfFollow:
            self.init(.selfFollow, "your own posts are in your timeline anyway; follow somebody else")
        case .notYours(let id):
            self.init(.notYours, "\(id.shown) is somebody else's post; only its author can do that")
        case .deleted(let id):
            self.init(.noSuchPost, "\(id.shown) was deleted by its author")
        case .rateLimited:
            self.init(.rateLimited, "too many attempts; wait a minute, then try again")
        case .storageFull:
            self.init(.storageFull, "the peer's disk is full; make room there, then try again")
        case .unavailable(let text):
            self.init(.unavailable, text)
        case .internal:
            // What went wrong inside is for the log of the daemon, not for its users.
            self.init(.internal, "something went wrong in this peer; try again, and see its log")
        }
    }
}
