internal import SingerCore

/// What users do, as others are told of it; in ordinary channels it is kept with what is said (IRCv3 draft/event-playback).
extension IRCServer {
    /// All commands of a user have the tags that say when, from which account, and whether by a bot (IRCv3 account-tag, bot-mode).
    nonisolated func action(of user: IRCUser, _ command: String, _ parameters: [String] = [], text: String? = nil) -> IRCOutgoing {
        var message = IRCOutgoing(command, parameters, source: user.source, text: text)
        message.time = now
        message.account = user.account?.name
        message.isBot = user.isBot
        return message
    }

    /// Something that the history of channels keeps, with an id by which it is known there.
    func event(of user: IRCUser, _ command: String, _ parameters: [String] = [], text: String? = nil) -> IRCOutgoing {
        var message = action(of: user, command, parameters, text: text)
        message.messageID = newMessageID()
        return message
    }

    /// - Parameter extended: what clients with extended-join see instead.
    func keep(_ event: IRCOutgoing, extended: IRCOutgoing? = nil, of user: IRCUser, in channel: IRCChannel) {
        guard let messageID = event.messageID, let time = event.time else { return }
        channel.history.append(
            IRCHistoryItem(
                messageID: .given(messageID), time: time, source: user.source, party: user.key, account: event.account, isBot: event.isBot,
                command: event.command, target: channel.name, lines: [], clientTags: [], event: IRCHistoryItem.Event(message: event, extended: extended)))
    }
}

extension IRCHistoryItem {
    /// Without draft/event-playback a client is shown what was said, and nothing else.
    func isShown(to capabilities: IRCCapabilities) -> Bool {
        switch command {
        case "PRIVMSG", "NOTICE": true
        case "TAGMSG": capabilities.isSuperset(of: [.eventPlayback, .messageTags])
        default: capabilities.contains(.eventPlayback)
        }
    }
}
