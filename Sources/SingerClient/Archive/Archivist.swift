internal import Foundation
internal import SingerCore

/// Carries an account's own entries between a peer and a file.
package struct Archivist {
    private let settings: ClientSettings
    private let progress = ProgressLine()

    package init(_ settings: ClientSettings) { self.settings = settings }

    // MARK: Export

    /// Writes to the file what it lacks. Returns words for what was done.
    package func export(to path: String) throws -> String {
        defer { progress.end() }
        guard let user = settings.user else { throw ArchiveError(path, "whose entries? --user says it, or SINGER_USER") }
        let passphrase = try passphrase(of: user, path)
        let peer = try connect()
        try ask(peer, "LOGIN \(user) \(passphrase)")
        var file = try ArchiveFile(writing: path)
        defer { file.close() }
        var chain: ArchiveChain
        var devices: [String: DeviceKey] = [:]
        if let contents = try ArchiveContents(&file, progress: progress) {
            chain = contents.chain
            devices = contents.devices
            let account = try fields(of: peer, passphrase)["account"] ?? ""
            guard contents.header.account.description == account else { throw ArchiveError(path, "an archive of another account, \(contents.header.name)") }
            try file.truncate()
        } else {
            let fields = try fields(of: peer, passphrase)
            let header: ArchiveHeader
            do {
                header = try ArchiveHeader(
                    name: fields["name"] ?? "", account: fields["account"] ?? "", claim: fields["claim"] ?? "", sealed: fields["sealed"] ?? "")
            } catch {
                throw ArchiveError(path, "the peer gave no identity: \(error.why)")
            }
            chain = ArchiveChain(account: header.account)
            try file.truncate()
            try file.append([header.line])
        }
        let before = chain.entries
        for log in try logs(of: peer) { try export(log, after: devices[log.device].map(chain.level) ?? 0, from: peer, to: file, &chain) }
        return "\(path): \(Self.counted(chain.entries)), \(chain.entries - before) new"
    }

    private func export(_ log: Log, after level: UInt64, from peer: Dialogue, to file: ArchiveFile, _ chain: inout ArchiveChain) throws {
        var last = level
        while true {
            var lines: [String] = []
            let rows = try ask(peer, "EXPORT \(log.device) \(Limits.rowsMax) AFTER \(last)").rows
            guard !rows.isEmpty else { return }
            for row in rows {
                guard let bytes = Data(base64Encoded: String(row.dropFirst(2))), let entry = try? Entry(encoded: bytes),
                    entry.header.device.description == log.device,
                    entry.header.seq > last
                else { throw ArchiveError(file.path, "the peer gave something that is no entry of \(log.device)") }
                last = entry.header.seq
                if chain.holds(entry.header) { continue }
                do {
                    try chain.take(entry)
                } catch {
                    throw ArchiveError(file.path, "the peer gave \(error)")
                }
                lines.append(ArchiveLine.text(of: entry))
            }
            try file.append(lines)
            progress.show("\(file.path): \(Self.counted(chain.entries))")
        }
    }

    // MARK: Import

    /// Verifies the file and connects to nobody. Returns words for what is in it.
    package static func check(_ path: String) throws -> String {
        let progress = ProgressLine()
        defer { progress.end() }
        var file = try ArchiveFile(reading: path)
        defer { file.close() }
        let contents = try whole(&file, progress)
        return "\(path): \(contents.header.name), key \(Fingerprint(contents.header.account)), \(counted(contents.chain.entries)), all verified"
    }

    /// Brings what is in the file to the peer. Returns words for what was done.
    package func `import`(from path: String) throws -> String {
        defer { progress.end() }
        var file = try ArchiveFile(reading: path)
        defer { file.close() }
        // First the whole file: nothing of one that was changed goes anywhere.
        let header = try Self.whole(&file, progress).header
        if let user = settings.user, Username(user) != header.name { throw ArchiveError(path, "an archive of \(header.name), not of \(user)") }
        let passphrase = try passphrase(of: header.name.text, path)
        let peer = try connect()
        let login = try peer.ask("LOGIN \(header.name) \(passphrase)")
        if !login.isDone {
            guard login.last.hasPrefix("ERR BAD_LOGIN ") else { throw ClientError.refused(Sanitised.line(login.last)) }
            try ask(peer, "ADOPT \(header.claim) \(header.sealed) \(passphrase)")
        }
        // What an import that was cut off has brought is there already.
        let complete = Dictionary(try logs(of: peer).filter(\.isWhole).map { ($0.device, $0.last) }) { $1 }
        file.rewind()
        _ = try file.next()
        var counts = (new: 0, known: 0)
        var batch = Batch()
        while case .line(let line) = try file.next() {
            guard let entry = try? ArchiveLine.entry(line) else { throw ArchiveError(path, line: file.line, "it was changed meanwhile") }
            if let last = complete[entry.header.device.description], entry.header.seq <= last {
                counts.known += 1
                continue
            }
            let encoded = entry.encoded.base64EncodedString()
            if !batch.hasRoom(for: encoded) { try send(&batch, to: peer, &counts) }
            batch.add(encoded)
        }
        try send(&batch, to: peer, &counts)
        return "\(path): \(Self.counted(counts.new + counts.known)) of \(header.name), \(counts.new) new here"
    }

    /// Entries of one IMPORT, within its limits.
    private struct Batch {
        private(set) var lines: [String] = []
        private var bytes = 0

        /// With room for what breaks a long entry into lines.
        private static let pieceBytesMax = Limits.lineBytesMax - 16

        func hasRoom(for entry: String) -> Bool {
            lines.count + 1 + entry.utf8.count / Self.pieceBytesMax < Limits.multilineLinesMax && bytes + entry.utf8.count + 8 < Limits.importBytesMax
        }

        mutating func add(_ entry: String) {
            var rest = entry[...]
            while rest.utf8.count > Self.pieceBytesMax {
                lines.append(rest.prefix(Self.pieceBytesMax) + "\\")
                rest = rest.dropFirst(Self.pieceBytesMax)
            }
            lines.append(String(rest))
            bytes += entry.utf8.count + 8
        }
    }

    private func send(_ batch: inout Batch, to peer: Dialogue, _ counts: inout (new: Int, known: Int)) throws {
        guard !batch.lines.isEmpty else { return }
        let reply = try peer.ask(["IMPORT"] + batch.lines + ["."]) { _ in }
        guard reply.isDone else { throw ClientError.refused(Sanitised.line(reply.last)) }
        // OK imported 12, 3 known
        let numbers = reply.last.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 2 else { throw ClientError.refused("the peer does not say how many it took: \(Sanitised.excerpt(reply.last))") }
        counts.new += numbers[0]
        counts.known += numbers[1]
        batch = Batch()
        progress.show("\(Self.counted(counts.new + counts.known)) imported")
    }

    // MARK: Both

    private static func whole(_ file: inout ArchiveFile, _ progress: ProgressLine) throws(ArchiveError) -> ArchiveContents {
        guard let contents = try ArchiveContents(&file, progress: progress) else { throw ArchiveError(file.path, "not an archive of Singer") }
        guard !contents.isCut else { throw ArchiveError(file.path, line: file.line + 1, "the file ends inside an entry; export to it again") }
        return contents
    }

    private static func counted(_ entries: Int) -> String { "\(entries) \(entries == 1 ? "entry" : "entries")" }

    private func passphrase(of user: String, _ path: String) throws -> String {
        guard let passphrase = settings.environment.passphrase ?? HiddenQuestion.ask("Passphrase of \(user): ") else {
            throw ArchiveError(path, "there is no passphrase for \(user); put it into SINGER_PASSPHRASE")
        }
        return passphrase
    }

    private func connect() throws(ClientError) -> Dialogue {
        try Dialogue(with: settings.endpoint, format: .text, password: settings.environment.gatewayPassword, progress: progress)
    }

    @discardableResult
    private func ask(_ peer: Dialogue, _ command: String) throws(ClientError) -> Dialogue.Reply {
        let reply = try peer.ask(command)
        guard reply.isDone else { throw .refused(Sanitised.line(reply.last)) }
        return reply
    }

    private func fields(of peer: Dialogue, _ passphrase: String) throws(ClientError) -> [String: String] {
        let rows = try ask(peer, "IDENTITY \(passphrase)").rows.map { $0.split(separator: " ", maxSplits: 1) }
        return Dictionary(rows.filter { $0.count == 2 }.map { (String($0[0]), String($0[1])) }) { $1 }
    }

    private struct Log {
        /// As the peer lists it: its key in hexadecimal.
        let device: String
        let last: UInt64
        /// Nothing before the last is missing at the peer.
        let isWhole: Bool
    }

    /// `  29ac… 12 entries, last 12`
    private func logs(of peer: Dialogue) throws(ClientError) -> [Log] {
        var logs: [Log] = []
        for row in try ask(peer, "EXPORT").rows {
            let words = row.split { $0 == " " || $0 == "," }
            guard words.count == 5, let entries = UInt64(words[1]), let last = UInt64(words[4]) else {
                throw .refused("the peer lists a log in words that this client does not know: \(Sanitised.excerpt(row))")
            }
            logs.append(Log(device: String(words[0]), last: last, isWhole: entries == last))
        }
        return logs
    }
}
