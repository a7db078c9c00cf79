import ArgumentParser
import SingerClient
import SingerCore

/// The client: a conversation with a peer for people, one command after the other for scripts.
@main
struct Singer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "singer",
        abstract: "Talk to a peer of Singer, the timeline that no server owns.",
        usage: """
            singer [--host <host>] [--port <port>] [--user <name>] [-e <command>]... [--json] [--color <auto|always|never>]
            singer export [<options>] <file>
            singer import [--check] [<options>] <file>
            """,
        discussion: """
            Without a command and at a terminal it logs you in, or makes your account, and shows what is new. Type HELP there.

            EXAMPLES
              singer                                   read and write
              singer --user andre -e 'POST hi'         post, and leave
              uptime | singer --user andre -e 'POST -' post what a program says
              echo 'TIMELINE 5' | singer --user andre  commands from a pipe
              singer --user andre --json -e 'TIMELINE 5' | jq -r '.post.text // empty'

            A post is at most 2,000 bytes. Lines that the peer sends by itself are shown at a terminal only.

            ENVIRONMENT
              SINGER_USER             as --user
              SINGER_PASSPHRASE       its passphrase, for scripts
              SINGER_GATEWAY_PASSWORD what the peer asks of every client, if it does
              PAGER                   shows replies longer than the screen; less, if it is not set
              NO_COLOR, TERM=dumb     no colour, unless --color says otherwise
              XDG_STATE_HOME          where the history is; ~/.local/state, if it is not set

            EXIT STATUS
              0 done, 1 a command failed, 2 no peer was reached, 64 wrong usage
            """,
        version: singerVersion,
        subcommands: subcommands)

    @OptionGroup var peer: PeerOptions

    @Option(
        name: .customShort("e"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Run a command and print its reply; may be given again.", valueName: "command"))
    var commands: [String] = []

    @Flag(help: "Print replies as JSON lines.")
    var json = false

    @Option(help: ArgumentHelp("Colour at a terminal.", valueName: "auto|always|never"))
    var color: ColorChoice = .auto

    func run() throws {
        StandardOutput.reserve()
        let settings = try peer.settings(color: color)
        let source: Script.Source
        if !commands.isEmpty {
            source = .commands(commands)
        } else if json || !Terminal.isInteractive {
            source = .standardInput
        } else {
            throw ExitCode(Interactive(settings).run())
        }
        var script = Script(settings, source, format: json ? .json : .text)
        throw ExitCode(script.run())
    }
}

extension ColorChoice: ExpressibleByArgument {}
