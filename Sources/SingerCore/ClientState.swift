/// What the clients of an account leave with its peer. It is nobody else's concern: no log holds it, and no other peer.
public struct ClientState: Hashable, Sendable {
    /// How far the account's user has read, by what was read: a channel, a view or a nick, folded. At most `Limits.readMarkersMax`.
    public private(set) var readMarkers: [String: Milliseconds]
    /// What the user says of themselves to clients, by key. At most `Limits.metadataKeysMax`.
    public var metadata: [String: String]
    /// The ordinary channels that the last session was in when its connection was lost.
    public var channels: [String]

    public init(readMarkers: [String: Milliseconds] = [:], metadata: [String: String] = [:], channels: [String] = []) {
        self.readMarkers = readMarkers
        self.metadata = metadata
        self.channels = channels
    }

    /// Moves a marker on; it never goes back. Beyond the limit the oldest is forgotten.
    public mutating func mark(_ target: String, _ time: Milliseconds) {
        readMarkers[target] = max(time, readMarkers[target] ?? time)
        guard readMarkers.count > Limits.readMarkersMax else { return }
        if let oldest = readMarkers.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) { readMarkers[oldest.key] = nil }
    }
}
