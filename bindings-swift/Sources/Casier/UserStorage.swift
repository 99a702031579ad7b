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

    /// A link to read a file. It is signed here: the store is not asked, not even whether there is
    /// such a file.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - expiresIn: How long it should live, in seconds, 1 to 604800. Defaults to the setting
    ///     ``Casier/Settings/linkSeconds``. A link longer than the tier allows is shortened, and
    ///     the answer says how long it really lives.
    ///   - downloadAs: The name under which browsers save the file. Without it, what a browser can
    ///     show is shown: png, jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf, txt.
    /// - Throws: `invalid-request` for the life, `invalid-filename` for `downloadAs`.
    public func presignedUrl(
        _ key: String, expiresIn: Int? = nil, downloadAs: String? = nil
    ) async throws(CasierError) -> Link {
        try await wait {
            try await Link(
                core.presignedUrl(
                    key: key, expiresIn: expiresIn.map(UInt64.init(clamping:)),
                    downloadAs: downloadAs, cancellation: $0))
        }
    }

    /// Whose files they are.
    public var description: String { "UserStorage(\(scope))" }
}
