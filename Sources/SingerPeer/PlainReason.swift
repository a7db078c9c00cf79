internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a network error says to a person, in a few words and without the names of functions.
func plainReason(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        if let first = error.connectionErrors.first { return plainReason(first.error) }
        return "the name \(error.host) has no address"
    case let error as IOError:
        return strerror(error.errnoCode).map { String(cString: $0).lowercased() } ?? "error \(error.errnoCode)"
    case let error as SocketAddressError:
        return error.isUnknownHost ? "the name has no address" : "not an address"
    case ChannelError.connectTimeout: return "it does not answer"
    case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof, NIOSSLError.uncleanShutdown:
        return "the connection was closed"
    case NIOSSLError.handshakeFailed(let error): return plainReason(error)
    case let error as BoringSSLError: return "TLS failed, \(boringSSLReason("\(error)") ?? "the connection was closed")"
    default: return "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// `wrong version number` out of `…SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at …`.
private func boringSSLReason(_ text: String) -> String? {
    let parts = text.split(separator: "OPENSSL_internal:", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    return parts[1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }.lowercased().split(separator: "_").joined(separator: " ")
}

extension SocketAddressError {
    fileprivate var isUnknownHost: Bool {
        if case .unknown = self { true } else { false }
    }
}
