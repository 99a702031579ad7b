import Foundation
internal import CasierInternal

extension UserStorage {
    /// A link to read a file. It is signed here, on the thread that asks: the store is not asked,
    /// not even whether there is such a file.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - expiresIn: How long it should live, in seconds, 1 to 604800. Defaults to the setting
    ///     ``Casier/Settings/linkSeconds``. A link longer than the tier allows is shortened, and
    ///     the answer says how long it really lives.
    ///   - downloadAs: The name under which browsers save the file. Without it, what a browser can
    ///     show is shown: png, jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf, txt.
    ///   - reuse: Whether an earlier link for the same key, name and life is handed out again while
    ///     at least three quarters of its life are left, so that browsers find what they have kept
    ///     under its address. The answer then says how much is left.
    /// - Throws: `invalid-request` for the life, `invalid-filename` for `downloadAs`.
    public func presignedUrl(
        _ key: String, expiresIn: Int? = nil, downloadAs: String? = nil, reuse: Bool = false
    ) async throws(CasierError) -> Link {
        let options = LinkOptions(
            expiresIn: expiresIn.map(UInt64.init(clamping:)), downloadAs: downloadAs, reuse: reuse)
        return try await wait {
            try await Link(core.presignedUrl(key: key, options: options, cancellation: $0))
        }
    }

    /// Links to read several files, in the order of their keys. With a key among them that is not
    /// one's own, none is signed.
    ///
    /// - Parameters:
    ///   - keys: The full keys of the files.
    ///   - expiresIn: As for one link, and so are the others.
    ///   - downloadAs: The name under which browsers save the files.
    ///   - reuse: Whether earlier links are handed out again.
    /// - Throws: What ``presignedUrl(_:expiresIn:downloadAs:reuse:)`` throws.
    public func presignedUrls(
        _ keys: [String], expiresIn: Int? = nil, downloadAs: String? = nil, reuse: Bool = false
    ) async throws(CasierError) -> [Link] {
        let options = LinkOptions(
            expiresIn: expiresIn.map(UInt64.init(clamping:)), downloadAs: downloadAs, reuse: reuse)
        return try await wait {
            try await core.presignedUrls(keys: keys, options: options, cancellation: $0)
                .map(Link.init)
        }
    }
}

/// A link to a file. Whoever has the address can read the file until the link ends: treat it as a
/// secret. Printing the link does not show it.
public struct Link: Redacted, Sendable {
    /// The address.
    public let url: URL
    /// How long it really lives, in seconds.
    public let expiresIn: UInt64
    /// When it ends.
    public let expiresAt: Date

    init(_ link: CasierInternal.Link) throws {
        url = try address(link.url)
        expiresIn = link.expiresIn
        expiresAt = link.expiresAt
    }

    /// How long it lives.
    public var description: String { "Link(expiresIn: \(expiresIn))" }
}

/// What the core has signed is an address.
func address(_ text: String) throws -> URL {
    guard let url = URL(string: text) else { throw CasierError.fault }
    return url
}
