internal import NIOCore
internal import SingerCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// What one client says in one channel while nobody in it is sent anything else: bytes that all members share, rendered once for
/// each set of capabilities that changes them. What is said next is added there, so that a member costs nothing more.
final class IRCRun {
    struct Part {
        let capabilities: IRCCapabilities
        let bytes = ClientOutput.Shared()
    }

    let channel: IRCChannel
    let speaker: IRCClient
    fileprivate var parts: [Part] = []

    init(channel: IRCChannel, speaker: IRCClient) {
        self.channel = channel
        self.speaker = speaker
    }

    /// Whether somebody gets it, and nobody has got it yet.
    var isOpen: Bool { !parts.isEmpty && parts.allSatisfy { !$0.bytes.isSent } }

    func add(_ write: (IRCCapabilities, inout ByteBuffer) -> Void) {
        for part in parts { part.bytes.append { write(part.capabilities, &$0) } }
    }
}

/// Where a client spoke last, for whoever says one thing after the other.
final class IRCSpeech {
    let channel: IRCChannel
    /// Of the channel, when the client was heard there.
    private let changes: Int
    private let speaker: IRCSaid.Speaker
    /// `PRIVMSG #channel :` as the client writes it.
    private let typed: [UInt8]
    /// `:source PRIVMSG #channel :` as it is sent.
    private let sent: [UInt8]

    init(to target: String, _ channel: IRCChannel, _ user: IRCUser) {
        self.channel = channel
        changes = channel.changes
        speaker = IRCSaid.Speaker(user, in: channel)
        typed = Array("PRIVMSG \(target) :".utf8)
        sent = Array(":\(user.source) PRIVMSG \(channel.name) :".utf8)
    }

    /// Whether what was true when the client was heard is true now.
    func isStill(_ user: IRCUser) -> Bool { changes == channel.changes && speaker.isStill(user) }

    /// What a line says, if it is one more PRIVMSG, without tags, to where the client spoke last.
    func text(of line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard line.count > typed.count, line.count <= IRCMessage.bytesMax, line.begins(with: typed) else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: line[typed.count...])
        guard sent.count + text.count <= IRCMessage.bytesMax, !text.contains(byte: 0), !text.contains(byte: 13) else { return nil }
        return text
    }

    func said(_ text: String, _ id: IRCMessageID, at time: Milliseconds) -> IRCSaid { IRCSaid(speaker: speaker, id: id, time: time, text: text) }

    func write(_ said: IRCSaid, for capabilities: IRCCapabilities, to buffer: inout ByteBuffer) {
        if !capabilities.isDisjoint(with: .tagged) {
            let item = said.item
            var tags = item.outgoing(nil)
            if capabilities.contains(.messageTags) { tags.messageID = item.messageID }
            tags.writeTags(for: capabilities, to: &buffer)
        }
        buffer.writeBytes(sent)
        buffer.writeString(said.text)
        buffer.writeStaticString("\r\n")
    }
}

extension IRCServer {
    /// Sends what a client says to all other connections in a channel.
    func relay(in channel: IRCChannel, from speaker: IRCClient, _ write: (IRCCapabilities, inout ByteBuffer) -> Void) {
        if let run, run.channel === channel, run.speaker === speaker, run.isOpen {
            return run.add(write)
        }
        let new = IRCRun(channel: channel, speaker: speaker)
        for member in channel.members.values {
            for client in member.user.clients where client !== speaker && !client.isGone {
                let capabilities = client.capabilities.intersection(.saying)
                let part = new.parts.first { $0.capabilities == capabilities } ?? IRCRun.Part(capabilities: capabilities)
                if part.bytes.isEmpty {
                    part.bytes.append { write(capabilities, &$0) }
                    new.parts.append(part)
                }
                client.output.append(part.bytes)
            }
        }
        run = new
    }

    /// Whoever is sent anything else must see it after what was said before.
    func endRun(for client: IRCClient) {
        if let run, run.speaker !== client { self.run = nil }
    }

    /// Takes the short way with what most lines of a lively channel are: those that say something, one after the other, where their client spoke last.
    /// The first that does anything else is left.
    func relay(_ lines: inout LineDecoder, from client: IRCClient, at time: Milliseconds) {
        guard let speech = client.speech, let user = client.user, speech.isStill(user), !client.capabilities.contains(.echoMessage) else { return }
        let history = speech.channel.history
        var hasSpoken = false
        while lines.take({ line in
            guard let text = speech.text(of: line).flatMap({ String(utf8: $0) }) else { return false }
            let said = speech.said(text, messageIDs.next(), at: time)
            history.append(said)
            if hasSpoken, let run {
                run.add { speech.write(said, for: $0, to: &$1) }
            } else {
                relay(in: speech.channel, from: client) { speech.write(said, for: $0, to: &$1) }
                hasSpoken = true
            }
            return true
        }) {}
        if hasSpoken { user.lastActive = time }
    }
}

extension IRCServer {
    private static let ping = Array("PING ".utf8)

    /// Takes the short way with what every client sends most often: `PING` and one word, without tags.
    ///
    /// - Returns: whether it was that. If not, nothing was done.
    func pong(_ line: UnsafeRawBufferPointer, to client: IRCClient) -> Bool {
        guard line.begins(with: Self.ping), line.count > Self.ping.count, pongStart.count + line.count <= IRCMessage.bytesMax else { return false }
        let word = UnsafeRawBufferPointer(rebasing: line[Self.ping.count...])
        guard word[0] != UInt8(ascii: ":"), word.allSatisfy({ (0x21...0x7e).contains($0) }) else { return false }
        send(to: client) {
            $0.writeBytes(pongStart)
            $0.writeBytes(word)
            $0.writeStaticString("\r\n")
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func begins(with bytes: [UInt8]) -> Bool {
        guard count >= bytes.count, let baseAddress else { return bytes.isEmpty }
        return memcmp(baseAddress, bytes, bytes.count) == 0
    }

    fileprivate func contains(byte: UInt8) -> Bool { baseAddress.map { memchr($0, Int32(byte), count) != nil } ?? false }
}
