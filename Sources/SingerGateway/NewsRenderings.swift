internal import NIOCore
internal import SingerCore

/// News as bytes, made once for all sessions that are sent the same in the same way. Lives on the event loop of the gateway.
final class NewsRenderings<Way: Hashable> {
    private struct Kept {
        let news: News
        let way: Way
        let bytes: ClientOutput.Shared
    }

    /// Sessions that were woken together come one after the other, and there are few ways.
    private static var keptMax: Int { 8 }

    private var kept: [Kept] = []

    func bytes(of news: News, as way: Way, _ write: (inout ByteBuffer) -> Void) -> ClientOutput.Shared {
        if let known = kept.last(where: { $0.news === news && $0.way == way }) { return known.bytes }
        let bytes = ClientOutput.Shared()
        bytes.append(write)
        if kept.count == Self.keptMax { kept.removeFirst() }
        kept.append(Kept(news: news, way: way, bytes: bytes))
        return bytes
    }
}

/// What changes the bytes of news for sessions that are none of IRC.
struct LineWay: Hashable {
    let dialect: Dialect
    let ending: LineDecoder.Ending
}

/// What changes the bytes of news in `&home`.
struct IRCWay: Hashable {
    let capabilities: IRCCapabilities
    let idStyle: IRCClient.IDStyle
    /// As the client wrote it.
    let channel: String
}
