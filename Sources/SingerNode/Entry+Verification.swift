import SingerCore
import SingerWire

import class Foundation.ProcessInfo

extension Entry {
    /// Few enough that several cores have something to do, and enough that handing them over costs little beside their signatures.
    private static let entriesPerTask = 32

    /// Asked once: on Linux it takes files of the kernel's to be read.
    private static let cores = ProcessInfo.processInfo.activeProcessorCount

    /// Reads and verifies entries of one device, in their order, on all cores where there are many.
    ///
    /// No more than one answer of a link is verified at a time: what others send comes in between.
    @concurrent
    static func verified(_ wire: [WireEntry], certificate: Certificate) async throws(Refusal) -> [Entry] {
        let tasks = min(cores, wire.count / entriesPerTask)
        guard tasks > 1 else { return try read(wire[...], certificate).get() }
        let share = (wire.count + tasks - 1) / tasks
        let parts = await withTaskGroup(of: (Int, Result<[Entry], Refusal>).self) { group in
            for start in stride(from: 0, to: wire.count, by: share) {
                let part = wire[start..<min(start + share, wire.count)]
                group.addTask { (start, read(part, certificate)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var entries: [Entry] = []
        for (_, part) in parts.sorted(by: { $0.0 < $1.0 }) { entries += try part.get() }
        return entries
    }

    private static func read(_ wire: ArraySlice<WireEntry>, _ certificate: Certificate) -> Result<[Entry], Refusal> {
        do throws(Refusal) {
            var entries: [Entry] = []
            for entry in wire { entries.append(try Entry(verifying: entry, certificate: certificate)) }
            return .success(entries)
        } catch {
            return .failure(error)
        }
    }
}
