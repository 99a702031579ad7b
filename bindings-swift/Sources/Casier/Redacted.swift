/// A value of which no more is ever printed, interpolated or dumped than its ``description``, so
/// that tokens, keys, signed links and personal data stay out of logs.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
