import Foundation
import SingerTesting

/// A library made of C for a test. A process that loads it before all others calls what it defines instead of the system's.
enum PreloadedLibrary {
    /// - Returns: the path of the library, in the directory of the test program; `nil` where it cannot be made, for want of a compiler or of Linux.
    static func make(_ name: String, _ source: String) -> String? {
        #if os(Linux)
            // Swift brings the first.
            guard let compiler = ClientProcess.path(of: "clang") ?? ClientProcess.path(of: "cc") else { return nil }
            let directory = PeerProcess.executable.deletingLastPathComponent()
            let file = directory.appending(path: name + ".c")
            let library = directory.appending(path: name + ".so")
            let process = Process()
            process.executableURL = URL(filePath: compiler)
            process.arguments = ["-shared", "-fPIC", "-O1", "-o", library.path, file.path]
            do {
                try source.write(to: file, atomically: true, encoding: .utf8)
                try process.run()
            } catch {
                return nil
            }
            process.waitUntilExit()
            return process.terminationStatus == 0 ? library.path : nil
        #else
            return nil
        #endif
    }
}
