import Foundation
internal import CasierInternal

/// Everything inside one scope. No call reaches outside it, whatever its arguments hold.
///
/// Calls have a deadline (`timeout`), and are given up when their task is cancelled (`cancelled`).
/// A key that belongs to somebody else is `not-owner`, one that nobody could read `invalid-key`;
/// only the string decides, and nothing is sent. A store that does not answer is
/// `storage-unavailable`, one that refuses our credentials `storage-denied`.
public struct UserStorage: Redacted, Sendable {
    /// The scope that this storage is confined to.
    public let scope: Scope
    /// The bucket that the scope lies in.
    public let bucket: String

    let core: CasierInternal.UserStorage

    init(_ core: CasierInternal.UserStorage) throws {
        scope = try Scope(core.scope())
        bucket = try core.bucket()
        self.core = core
    }

    /// Whose files they are.
    public var description: String { "UserStorage(\(scope))" }
}
