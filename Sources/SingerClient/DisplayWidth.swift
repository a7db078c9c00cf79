internal import CReadline

/// How many columns of a terminal something takes: East Asian characters and emoji two, combining marks none.
///
/// The C library knows (wcwidth(3), in a UTF-8 locale), and so do readline and most terminals by the same table. Only sequences that
/// make one emoji of several characters are known here.
package enum DisplayWidth {
    package static func of(_ text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    package static func of(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if scalars.count > 1 {
            // An emoji of several, one that is only an emoji with the selector behind it, a flag.
            if scalars.contains(where: { $0.value == 0x200D || $0.value == 0xFE0F }), first.properties.isEmoji { return 2 }
            if (0x1F1E6...0x1F1FF).contains(first.value) { return 2 }
            if scalars.dropFirst().contains(where: { (0x1F3FB...0x1F3FF).contains($0.value) }) { return 2 }
        }
        return scalars.reduce(0) { $0 + max(0, Int(creadline_width($1.value))) }
    }
}
