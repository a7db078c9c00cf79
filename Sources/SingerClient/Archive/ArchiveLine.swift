internal import Foundation
internal import SingerCore

/// The first line of an archive: whose it is, and what that account needs to be at home at another peer.
struct ArchiveHeader {
    let name: Username
    let account: AccountKey
    /// The claim to the name, as base64.
    let claim: String
    /// The root key, sealed under the passphrase that the account had when the archive was begun.
    let sealed: String

    /// Takes what IDENTITY gave, or the fields of a line. Throws words for what is wrong.
    init(name: String, account: String, claim: String, sealed: String) throws(Objection) {
        guard let bytes = Data(base64Encoded: claim), let read = try? NameClaim(reading: Envelope(.nameClaim, verifying: bytes)) else {
            throw Objection("the claim to the name was not signed as it is")
        }
        guard read.account.description == account, read.name.text == name else { throw Objection("the claim is not that of the account") }
        guard SealedSecret(text: sealed) != nil else { throw Objection("the sealed key is none") }
        self.name = read.name
        self.account = read.account
        self.claim = claim
        self.sealed = sealed
    }

    init(line: String) throws(Objection) {
        guard let value = JSONValue(line), value["singer"]?.string == "archive" else { throw Objection("not an archive of Singer") }
        guard value["version"]?.int == 1 else { throw Objection("an archive of another version") }
        func field(_ name: String) -> String { value[name]?.string ?? "" }
        try self.init(name: field("name"), account: field("account"), claim: field("claim"), sealed: field("sealed"))
    }

    var line: String {
        // Nothing in it needs escaping.
        #"{"singer":"archive","version":1,"name":"\#(name.text)","account":"\#(account)","claim":"\#(claim)","sealed":"\#(sealed)"}"#
    }
}

struct Objection: Error {
    let why: String

    init(_ why: String) { self.why = why }
}

/// Any other line: an entry as it was signed, and for readers what it says.
enum ArchiveLine {
    /// The same for the same entry always.
    static func text(of entry: Entry) -> String {
        let header = entry.header
        var line = #"{"log":"\#(header.device)","seq":\#(header.seq),"id":"\#(Base32.encode(entry.id.bytes))","created_ms":\#(header.created),"#
        line += #""kind":"\#(word(for: header.kind))""#
        for (name, value) in words(of: entry) { line += #","\#(name)":"\#(escaped(value))""# }
        return line + #","entry":"\#(entry.encoded.base64EncodedString())"}"#
    }

    /// Verifies a line: signatures, and that what it shows is what was signed.
    static func entry(_ line: String) throws(Objection) -> Entry {
        guard let value = JSONValue(line), let encoded = value["entry"]?.string, let bytes = Data(base64Encoded: encoded) else {
            throw Objection("it is no entry")
        }
        let entry: Entry
        do {
            entry = try Entry(encoded: bytes)
        } catch {
            throw Objection("it \(error.wordsOfEntry)")
        }
        guard JSONValue(text(of: entry)) == value else { throw Objection("it shows something else than what was signed") }
        return entry
    }

    private static func words(of entry: Entry) -> [(name: String, value: String)] {
        func id(_ reference: EntryReference) -> String { Base32.encode(reference.entry.bytes) }
        switch entry.content {
        case .post(let post):
            return [("text", post.text.string)] + (post.replyTo.map { [("reply_to", id($0))] } ?? [])
                + (post.forward.map { [("forward", Base32.encode($0.id.bytes))] } ?? [])
        case .follow(let who), .unfollow(let who): return [("user", who.name.text)]
        case .profile(let profile): return [("field", profile.field), ("text", profile.text.string)]
        case .like(let reference), .unlike(let reference), .delete(let reference): return [("target", id(reference))]
        case .revoke(let revocation): return [("device", revocation.device.description), ("last", String(revocation.lastSeq))]
        // A post that was deleted before it was exported, or what only a later version can read.
        case .unknown, nil: return []
        }
    }

    private static func word(for kind: Entry.Kind) -> String {
        if case .unknown(let number) = kind { return "\(number)" }
        return "\(kind)"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        // The rest of what could drive a terminal, for whoever looks at the file.
        return Sanitised.json(out)
    }
}
