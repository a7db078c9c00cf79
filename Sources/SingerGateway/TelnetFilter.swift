#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// Takes Telnet's commands out of a stream of bytes (RFC 854, RFC 855). They may be split across reads.
///
/// What a Telnet client asks is never answered: silence refuses every option, and text without options is what we want.
struct TelnetFilter {
    private enum State {
        case text
        /// After IAC.
        case command
        /// After WILL, WONT, DO or DONT: the option is still to come.
        case option
        /// After SB, up to IAC SE.
        case parameters(bytes: Int)
        case parametersCommand(bytes: Int)
    }

    /// No option that a client may send by itself is nearly this long; beyond it the client does not speak Telnet.
    static let parametersBytesMax = 1_024

    private static let interpretAsCommand: UInt8 = 255
    private static let optionCommands: ClosedRange<UInt8> = 251...254
    private static let parametersBegin: UInt8 = 250
    private static let parametersEnd: UInt8 = 240
    private static let commandsBegin: UInt8 = 240

    private var state = State.text

    /// Appends the text among `bytes` to `text`.
    mutating func pass(_ bytes: some Collection<UInt8>, to text: inout [UInt8]) {
        if case .text = state, !Self.hasCommand(bytes) {
            text.append(contentsOf: bytes)
            return
        }
        for byte in bytes { pass(byte, to: &text) }
    }

    private static func hasCommand(_ bytes: some Collection<UInt8>) -> Bool {
        let found = bytes.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, Int32(interpretAsCommand), bytes.count) != nil } ?? false
        }
        return found ?? bytes.contains(interpretAsCommand)
    }

    private mutating func pass(_ byte: UInt8, to text: inout [UInt8]) {
        switch state {
        case .text:
            if byte == Self.interpretAsCommand { state = .command } else { text.append(byte) }
        case .command:
            switch byte {
            case Self.interpretAsCommand:
                state = .text
                text.append(byte)
            case Self.optionCommands: state = .option
            case Self.parametersBegin: state = .parameters(bytes: 0)
            case Self.commandsBegin...: state = .text
            default:
                // No Telnet: a byte that is no UTF-8, and whatever comes behind it, the end of the line perhaps.
                state = .text
                text += [Self.interpretAsCommand, byte]
            }
        case .option:
            state = .text
            // No option: the end of the line belongs to the text.
            if byte == UInt8(ascii: "\n") { text.append(byte) }
        case .parameters(let bytes):
            if byte == Self.interpretAsCommand {
                state = .parametersCommand(bytes: bytes)
            } else {
                state = bytes < Self.parametersBytesMax ? .parameters(bytes: bytes + 1) : .text
            }
        case .parametersCommand(let bytes):
            state = byte == Self.parametersEnd ? .text : .parameters(bytes: bytes)
        }
    }
}
