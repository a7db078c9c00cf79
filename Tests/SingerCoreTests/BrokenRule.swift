import SingerCore
import Testing

/// One rule broken in a message that is otherwise in order, and the refusal that must come of it.
struct BrokenRule<Message: Sendable>: Sendable, CustomTestStringConvertible {
    let what: String
    let refusal: Refusal
    let edit: @Sendable (inout Message) -> Void

    init(_ what: String, _ refusal: Refusal, _ edit: @escaping @Sendable (inout Message) -> Void) {
        self.what = what
        self.refusal = refusal
        self.edit = edit
    }

    var testDescription: String { what }
}
