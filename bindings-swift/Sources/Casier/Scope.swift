internal import CasierInternal

/// One user's place in the bucket. Pure: no network, no bucket.
///
/// Two user ids never share a key, and no scope's prefix begins another's.
public struct Scope: Redacted, Sendable {
    /// The user id that the scope was made of.
    public let userId: String
    /// What every key of the scope starts with, the slash included: `user_abc123/`.
    public let prefix: String

    private let core: CasierInternal.Scope

    /// The scope of a user id, taken as it stands.
    ///
    /// - Throws: `invalid-user-id` when the id is empty, or with `user_` and encoded it takes more
    ///   than 255 bytes.
    public init(userId: String) throws(CasierError) {
        self = try call { try Scope(CasierInternal.Scope(userId: userId)) }
    }

    init(_ core: CasierInternal.Scope) throws {
        userId = try core.userId()
        prefix = try core.prefix()
        self.core = core
    }

    /// The key of a new file: `user_abc123/books/mon_livre_2025.pdf`.
    ///
    /// - Parameters:
    ///   - kind: The kind of file: `a-z`, `0-9` and `-`, 1 to 32 of them.
    ///   - filename: Its name, at most 255 bytes. Folders and what S3 advises against are taken out
    ///     of it.
    /// - Throws: `invalid-kind`, `invalid-filename`.
    public func key(kind: String, filename: String) throws(CasierError) -> String {
        try call { try core.key(kind: kind, filename: filename) }
    }

    /// Like ``key(kind:filename:)``, with 128 random bits before the extension.
    ///
    /// - Throws: `invalid-kind`, `invalid-filename`.
    public func unguessableKey(kind: String, filename: String) throws(CasierError) -> String {
        try call { try core.unguessableKey(kind: kind, filename: filename) }
    }

    /// Takes a key apart, if it is one of this scope. Only the string decides, whatever is stored.
    ///
    /// - Throws: `invalid-key` when nobody could read such a key; `not-owner` when it belongs to
    ///   somebody else.
    public func parse(_ key: String) throws(CasierError) -> ParsedKey {
        try call { try ParsedKey(core.parse(key: key)) }
    }

    /// The user id.
    public var description: String { "Scope(userId: \(userId))" }
}

/// A key of a scope, taken apart.
public struct ParsedKey: Sendable {
    /// The kind; `nil` for a file that lies in no folder of a kind.
    public let kind: String?
    /// The last part of the key.
    public let filename: String

    init(_ parsed: CasierInternal.ParsedKey) {
        kind = parsed.kind
        filename = parsed.filename
    }
}
