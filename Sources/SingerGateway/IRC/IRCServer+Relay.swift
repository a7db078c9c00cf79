internal import NIOCore
internal import SingerCore

#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// What one client says in one channel while nobody in it is sent anything else: bytes that all members share, rendered once for
/// each set of capabilities that changes them. What is said next is added there, so that a member costs nothing more.
struct IRCRun {
    struct Part {
        let capabilities: IRCCapabilities
        let bytes: ClientOutput.Shared
    }

    let channel: IRCChannel
    let speaker: IRCClient
    var parts: [Part] = []
}

/// Where a client spoke last, for whoever says one thing after the other.
struct IRCSpeech {
    let channel: IRCChannel
    /// Of the channel, when the client was heard there.
    let changes: Int
    let speaker: IRCSaid.Speaker
    /// `PRIVMSG #channel :` as the client writes it.
    let typed: [UInt8]
    /// `:source PRIVMSG #channel :` as it is sent.
    let sent: [UInt8]

    init(to target: String, _ channel: IRCChannel, _ user: IRCUser) {
        self.channel = channel
        changes = channel.changes
        speaker = IRCSaid.Speaker(user, in: channel)
        typed = Array("PRIVMSG \(target) :".utf8)
        sent = Array(":\(user.source) PRIVMSG \(channel.name) :".utf8)
    }
}

extension IRCServer {
    /// Sends what a client says to all other connections in a channel.
    func relay(in channel: IRCChannel, from speaker: IRCClient, _ write: (IRCCapabilities, inout ByteBuffer) -> Void) {
        if let run, run.channel === channel, run.speaker === speaker, !run.parts.isEmpty, run.parts.allSatisfy({ !$0.bytes.isSent }) {
            for part in run.parts { part.bytes.append { write(part.capabilities, &$0) } }
            return
        }
        var new = IRCRun(channel: channel, speaker: speaker)
        for member in channel.members.values {
            for client in member.user.clients where client !== speaker && !client.isGone {
                let capabilities = client.capabilities.intersection(.saying)
                let part = new.parts.first { $0.capabilities == capabilities } ?? IRCRun.Part(capabilities: capabilities, bytes: ClientOutput.Shared())
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

    /// Takes the short way with what most lines of a lively channel are: one more PRIVMSG, without tags, to where its client spoke last.
    ///
    /// - Returns: whether it was one. If not, nothing was done.
    func relay(_ line: UnsafeRawBufferPointer, from client: IRCClient, at time: Milliseconds) -> Bool {
        guard let speech = client.speech, let user = client.user, line.count > speech.typed.count, line.count <= IRCMessage.bytesMax,
            line.begins(with: speech.typed), speech.speaker.isStill(user), speech.channel.changes == speech.changes,
            !client.capabilities.contains(.echoMessage)
        else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: line[speech.typed.count...])
        guard speech.sent.count + bytes.count <= IRCMessage.bytesMax, !bytes.contains(byte: 0), !bytes.contains(byte: 13),
            let text = String(utf8: bytes)
        else { return false }
        let said = IRCSaid(speaker: speech.speaker, id: messageIDs.next(), time: time, text: text)
        user.lastActive = said.time
        speech.channel.history.append(said)
        relay(in: speech.channel, from: client) { capabilities, buffer in
            if !capabilities.isDisjoint(with: .tagged) {
                let item = said.item
                var tags = item.outgoing(nil)
                if capabilities.contains(.messageTags) { tags.messageID = item.messageID }
                tags.writeTags(for: capabilities, to: &buffer)
            }
            buffer.writeBytes(speech.sent)
            buffer.writeBytes(bytes)
            buffer.writeStaticString("\r\n")
        }
        return true
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
