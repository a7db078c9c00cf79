import SingerCore

internal import struct Foundation.Data

/// A device that writes, with keys that follow from a number.
struct Author: Sendable {
    let device: DeviceSecret
    let certificate: Certificate
    let home: Int
    let isHostile: Bool

    var account: AccountKey { certificate.account }
    var followee: Followee { Followee(account: account, name: certificate.name) }

    /// - Parameter ordinal: which device of the account.
    init(_ number: Int, device ordinal: Int = 0, home: Int, isHostile: Bool) {
        func secret(_ text: String) -> Data { EntryID.sha256(Data(text.utf8)).data }
        guard let root = RootKey(secret: secret("root \(number)")), let device = DeviceSecret(secret: secret("device \(number) \(ordinal)")),
            let name = Username("user\(number)")
        else { preconditionFailure("no author \(number)") }
        self.device = device
        self.home = home
        self.isHostile = isHostile
        certificate = Certificate(device: device.publicKey, name: name, root: root, now: Scenario.start)
    }

    /// The next entry of the log on a disk, as a store writes it.
    func write(_ content: Entry.Content, on disk: Disk, now: Milliseconds) -> Entry {
        let log = disk.logs[device.publicKey]?.entries ?? [:]
        let last = log.keys.max().flatMap { log[$0]?.copy.entry }
        return Entry(content, after: last.map { ($0.id, $0.header.seq, $0.header.created) }, by: device, certificate: certificate, now: now)
    }
}
