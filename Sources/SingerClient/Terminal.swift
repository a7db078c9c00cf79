internal import Glibc

package enum Terminal { package static var isInteractive: Bool { false } }
package struct Interactive { package init(_ settings: ClientSettings) {}; package func run() -> Int32 { 0 } }
