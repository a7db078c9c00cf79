/// How lines are coloured, if they are.
package struct Palette: Hashable {
    package enum Depth: Hashable {
        case none
        /// The eight of every colour terminal.
        case basic
        case full
    }

    package enum Ink: Hashable {
        case plain
        case faint
        case error
        case mention
        case name(String)
    }

    package let depth: Depth

    package init(depth: Depth) { self.depth = depth }

    /// `--color` decides; without it colour is for terminals that can do it, unless NO_COLOR is set (no-color.org).
    package init(_ choice: ColorChoice, isTerminal: Bool, _ environment: ClientEnvironment) {
        let term = environment.term ?? "dumb"
        let isOn: Bool =
            switch choice {
            case .always: true
            case .never: false
            case .auto: isTerminal && environment.noColor == nil && term != "dumb"
            }
        let isRich = term.contains("256color") || term.contains("direct") || environment.colorTerm != nil
        depth = !isOn ? .none : isRich ? .full : .basic
    }

    package func paint(_ text: String, _ ink: Ink) -> String {
        guard depth != .none, !text.isEmpty, let code = code(of: ink) else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    /// The same for a prompt: readline must know what takes no room.
    package func paintPrompt(_ text: String, _ ink: Ink) -> String {
        guard depth != .none, let code = code(of: ink) else { return text }
        return "\u{1}\u{1b}[\(code)m\u{2}\(text)\u{1}\u{1b}[0m\u{2}"
    }

    private func code(of ink: Ink) -> String? {
        switch ink {
        case .plain: nil
        case .faint: "2"
        case .error: "31"
        case .mention: "1;7"
        case .name(let name): hue(of: name)
        }
    }

    /// The same name always has the same hue, on every machine. All can be read on black and on white.
    private static let fullHues = [25, 31, 37, 64, 71, 98, 104, 130, 133, 136, 161, 166, 168, 172, 173, 96]
    private static let basicHues = [31, 32, 33, 34, 35, 36]

    func hue(of name: String) -> String? {
        // FNV-1a: Swift's own hash differs from run to run.
        var hash: UInt32 = 2_166_136_261
        for byte in name.lowercased().utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return switch depth {
        case .none: nil
        case .basic: "\(Self.basicHues[Int(hash % UInt32(Self.basicHues.count))])"
        case .full: "38;5;\(Self.fullHues[Int(hash % UInt32(Self.fullHues.count))])"
        }
    }
}
