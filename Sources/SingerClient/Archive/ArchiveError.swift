/// Why an archive is not taken, or not written. One line for a person.
package struct ArchiveError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ why: String) { description = "\(path): \(why)" }

    /// With the line that is to blame.
    init(_ path: String, line: Int, _ why: String) { description = "\(path):\(line): \(why)" }
}
