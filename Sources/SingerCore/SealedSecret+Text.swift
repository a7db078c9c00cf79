internal import Foundation

/// A sealed secret as it stands in files and lines, in the way of the PHC string format:
/// `$scrypt$ln=17,r=8,p=1$salt$box`, both in base64 without padding.
extension SealedSecret {
    public var text: String { "$scrypt$ln=\(workLog2),r=8,p=1$\(Self.bare(salt))$\(Self.bare(box))" }

    /// `nil` unless it is one that this peer may open: a stranger's work factor must not fill its memory.
    public init?(text: some StringProtocol) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = Self.padded(parts[3]), let box = Self.padded(parts[4]) else { return nil }
        let factors = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard factors.count == 3, factors[0].hasPrefix("ln="), factors[1] == "r=8", factors[2] == "p=1", let workLog2 = Int(factors[0].dropFirst(3)),
            (1...Self.workLog2Default).contains(workLog2), (8...64).contains(salt.count), box.count <= Self.boxBytesMax
        else { return nil }
        self.init(salt: salt, workLog2: workLog2, box: box)
    }

    /// A nonce, a tag, and more than any key.
    private static let boxBytesMax = 256

    private static func bare(_ data: Data) -> String { data.base64EncodedString().replacing("=", with: "") }

    private static func padded(_ text: some StringProtocol) -> Data? {
        guard !text.contains("=") else { return nil }
        return Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
