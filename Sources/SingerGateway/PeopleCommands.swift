internal import SingerCore
internal import SingerNode

/// FOLLOW, UNFOLLOW, FOLLOWERS, FOLLOWING, WHOIS, PROFILE, MUTE, UNMUTE.
enum PeopleCommands {
    static let all: [Command] = [
        Command(
            "FOLLOW name", "get somebody's posts", meaning: "Their posts come into your timeline, and to this session as they are written.",
            example: "FOLLOW diogo", argumentsMin: 1,
            handler: .named(Done.following) { node, name, login throws(NodeError) in try await node.follow(name, by: login) }),
        Command(
            "UNFOLLOW name", "get them no more", meaning: "The opposite of FOLLOW.", example: "UNFOLLOW diogo", argumentsMin: 1,
            handler: .named(Done.unfollowed) { node, name, login throws(NodeError) in try await node.unfollow(name, by: login) }),
        Command(
            "FOLLOWERS [name]", "who follows somebody, or you", meaning: "As far as this peer knows, in alphabetical order.",
            example: "FOLLOWERS diogo", handler: .account(followers)),
        Command(
            "FOLLOWING [name]", "whom somebody follows, or you", meaning: "As far as this peer knows, in alphabetical order.",
            example: "FOLLOWING diogo", handler: .account(following)),
        Command(
            "WHOIS name", "what is known of somebody",
            meaning: "Key, address, whether they are online, how many follow them, their last post and their profile.",
            example: "WHOIS diogo", argumentsMin: 1, handler: .account(whois)),
        Command(
            "PROFILE [field text]", "show or change your profile",
            meaning: "Alone it shows what you tell of yourself. With a field and a text it sets that field, with a field alone it removes it.",
            example: "PROFILE bio I write about birds", handler: .account(profile)),
        Command(
            "MUTE name", "hide somebody's posts", meaning: "They and forwards of them are hidden from your timeline and your sessions; nobody is told.",
            example: "MUTE diogo", argumentsMin: 1, handler: .named(Done.muted) { node, name, login throws(NodeError) in try await node.mute(name, by: login) }),
        Command(
            "UNMUTE name", "hide them no more", meaning: "The opposite of MUTE.", example: "UNMUTE diogo", argumentsMin: 1,
            handler: .named(Done.unmuted) { node, name, login throws(NodeError) in try await node.unmute(name, by: login) }),
    ]

    private static func followers(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let name = optionalName(context)
        let users = try await context.ask { node throws(NodeError) in try await node.followers(of: name, login) }
        return .done(.listed(users.count, .followers), rows: users.map(Row.user))
    }

    private static func following(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let name = optionalName(context)
        let users = try await context.ask { node throws(NodeError) in try await node.following(of: name, login) }
        return .done(.listed(users.count, .following), rows: users.map(Row.user))
    }

    private static func optionalName(_ context: CommandContext) -> String? {
        context.arguments.isEmpty ? nil : context.arguments.text
    }

    private static func whois(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        let name = context.arguments.text
        return .done(.shown, rows: rows(of: try await context.ask { node throws(NodeError) in try await node.whois(name, login) }))
    }

    private static func profile(_ context: CommandContext, _ login: Login) async throws(Failure) -> Outcome {
        var arguments = context.arguments
        guard let field = arguments.word() else {
            let fields = try await context.ask { node throws(NodeError) in try await node.profile(login) }
            return .done(.shown, rows: fields.map { .field($0.field, .text($0.text.string)) })
        }
        let text = arguments.text
        try await context.ask { node throws(NodeError) in try await node.setProfile(field, text, by: login) }
        return .done(text.isEmpty ? .profileRemoved(field: field.lowercased()) : .profileSet(field: field.lowercased()))
    }

    /// What WHOIS shows.
    static func rows(of whois: WhoIs) -> [Row] {
        let known: [Field] = [
            Field(name: "name", value: .text(whois.user.name)),
            Field(name: "key", value: .text(whois.fingerprint.description)),
            Field(name: "address", value: whois.address.map { .text($0.description) } ?? .none),
            Field(name: "online", value: .presence(whois.presence)),
            Field(name: "followers", value: .number(whois.followers)),
            Field(name: "following", value: .number(whois.following)),
            Field(name: "last", value: whois.lastPost.map(Field.Value.id) ?? .none),
        ]
        // A profile may say anything, but not in the name of what this peer has verified.
        let taken = Set(known.map(\.name))
        let told = whois.profile.map { field in
            Field(name: taken.contains(field.field) ? "profile-" + field.field : field.field, value: .text(field.text.string))
        }
        return (known + told).map(Row.field)
    }
}
