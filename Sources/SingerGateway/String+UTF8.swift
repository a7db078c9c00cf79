#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

extension String {
    /// The text of bytes that are UTF-8; `nil` if they are not.
    ///
    /// As `String(validating:as:)`, which is not specialised: it looks up its generic types each time, and that costs more than all else.
    init?(utf8 bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes, as: UTF8.self)
        // What is not UTF-8 was replaced.
        guard utf8.count == bytes.count else { return nil }
        let isSame = withUTF8 { text in
            guard let start = bytes.baseAddress, let text = text.baseAddress else { return true }
            return memcmp(text, start, bytes.count) == 0
        }
        guard isSame else { return nil }
    }
}
