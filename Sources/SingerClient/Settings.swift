internal import Glibc

/// What the client was told when it was started.
package struct ClientSettings {
    package var endpoint: Endpoint
    package var user: String?
    package var environment: ClientEnvironment
    package var color: ColorChoice = .auto

    package init(endpoint: Endpoint, user: String?, environment: ClientEnvironment, color: ColorChoice) {
        self.endpoint = endpoint
        self.user = user ?? environment.user
        self.environment = environment
        self.color = color
    }
}

/// The environment, as far as the client looks at it.
package struct ClientEnvironment {
    /// SINGER_USER, SINGER_PASSPHRASE: who logs in.
    package var user: String?
    package var passphrase: String?
    /// SINGER_GATEWAY_PASSWORD: what the peer itself may ask of every client.
    package var gatewayPassword: String?
    package var home: String?
    package var stateHome: String?
    package var pager: String?
    package var term: String?
    package var colorTerm: String?
    package var noColor: String?

    package init() {}

    package static var current: ClientEnvironment {
        func value(_ name: String) -> String? {
            guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
            return value
        }
        var environment = ClientEnvironment()
        environment.user = value("SINGER_USER")
        environment.passphrase = value("SINGER_PASSPHRASE")
        environment.gatewayPassword = value("SINGER_GATEWAY_PASSWORD")
        environment.home = value("HOME")
        environment.stateHome = value("XDG_STATE_HOME")
        environment.pager = getenv("PAGER").map { String(cString: $0) }
        environment.term = value("TERM")
        environment.colorTerm = value("COLORTERM")
        environment.noColor = value("NO_COLOR")
        return environment
    }

    /// Where the client keeps what is not worth a backup (XDG Base Directory Specification). A relative path there is not valid.
    package var stateDirectory: String? {
        if let stateHome, stateHome.hasPrefix("/") { return stateHome + "/singer" }
        return home.map { $0 + "/.local/state/singer" }
    }
}

/// `--color`
package enum ColorChoice: String, CaseIterable {
    case auto
    case always
    case never
}
