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

    private let core: CasierInternal.UserStorage

    init(_ core: CasierInternal.UserStorage) throws {
        scope = try Scope(core.scope())
        bucket = try core.bucket()
        self.core = core
    }

    /// Uploads a file from disk, in pieces; memory stays bounded whatever its size. Cancelled,
    /// nothing is stored, unless the store had the whole file already and only its answer was
    /// missing.
    ///
    /// - Parameters:
    ///   - file: The file to upload, a `file:` URL.
    ///   - kind: The kind of file, for example `image`.
    ///   - filename: The name to store it under. Defaults to the last part of the path. It is
    ///     cleaned: the answer tells the name that was stored.
    ///   - metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-` is
    ///     reserved), values in any script, 2 KB together.
    ///   - contentType: The content type. Defaults to that of the filename's extension, else
    ///     `application/octet-stream`.
    ///   - overwrite: Whether a file of the same key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name, before its extension.
    /// - Throws: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `content-mismatch`,
    ///   `file-too-large` for the tier or above 5 GiB, `metadata-too-large`, `invalid-request`,
    ///   `checksum-mismatch`; `file-exists` when it is not to be replaced; `io-failed` when the
    ///   file on disk cannot be read, or changes meanwhile.
    public func uploadFile(
        _ file: URL, kind: String, filename: String? = nil, metadata: [String: String] = [:],
        contentType: String? = nil, overwrite: Bool = true, unguessable: Bool = false
    ) async throws(CasierError) -> StoredFile {
        let options = UploadOptions(
            metadata: metadata, contentType: contentType, overwrite: overwrite,
            unguessable: unguessable, filename: filename)
        return try await wait {
            try await StoredFile(
                core.uploadFile(file: file, kind: kind, options: options, cancellation: $0))
        }
    }

    /// Uploads what is in memory. ``uploadFile(_:kind:filename:metadata:contentType:overwrite:unguessable:)``
    /// streams from disk.
    ///
    /// - Parameters:
    ///   - data: The bytes.
    ///   - filename: The name to store it under. It is cleaned: the answer tells the name that was
    ///     stored.
    ///   - kind: The kind of file, for example `image`.
    ///   - metadata: As for a file from disk, and so are the others.
    ///   - contentType: The content type.
    ///   - overwrite: Whether a file of the same key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name.
    /// - Throws: What an upload from disk throws, less what concerns the disk.
    public func uploadFileObject(
        _ data: Data, filename: String, kind: String, metadata: [String: String] = [:],
        contentType: String? = nil, overwrite: Bool = true, unguessable: Bool = false
    ) async throws(CasierError) -> StoredFile {
        let options = UploadOptions(
            metadata: metadata, contentType: contentType, overwrite: overwrite,
            unguessable: unguessable, filename: nil)
        return try await wait {
            try await StoredFile(
                core.uploadFileObject(
                    contents: Contents(data), filename: filename, kind: kind, options: options,
                    cancellation: $0))
        }
    }

    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// ``Page/nextCursor`` is `nil`.
    ///
    /// - Parameters:
    ///   - kind: Only files of this kind. Defaults to all.
    ///   - limit: The most files of the page, 1 to 1000. Defaults to 1000.
    ///   - cursor: ``Page/nextCursor`` of the page before, with the same kind. Defaults to the
    ///     beginning.
    ///   - withMetadata: Whether content types and user metadata are wanted, which takes one more
    ///     call to the store for each file.
    /// - Throws: `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    public func list(
        kind: String? = nil, limit: Int? = nil, cursor: String? = nil, withMetadata: Bool = false
    ) async throws(CasierError) -> Page {
        try await wait {
            try await Page(
                core.list(
                    kind: kind, limit: limit.map(UInt32.init(clamping:)), cursor: cursor,
                    withMetadata: withMetadata, cancellation: $0))
        }
    }

    /// What is known of a file.
    ///
    /// - Throws: `file-not-found`.
    public func metadata(_ key: String) async throws(CasierError) -> StoredFile {
        try await wait { try await StoredFile(core.metadata(key: key, cancellation: $0)) }
    }

    /// Whether there is such a file.
    public func exists(_ key: String) async throws(CasierError) -> Bool {
        try await wait { try await core.exists(key: key, cancellation: $0) }
    }

    /// Reads a file into memory.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - limit: The most bytes to take. Defaults to 64 MiB.
    /// - Throws: `file-not-found`; `file-too-large` above the limit; `file-archived` when it must
    ///   be restored from its archive first.
    public func read(_ key: String, limit: Int? = nil) async throws(CasierError) -> Data {
        try await wait {
            let limit = limit.map(UInt64.init(clamping:))
            return try await core.read(key: key, limit: limit, cancellation: $0).data()
        }
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced. Cancelled, nothing is left.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - file: Where to write it, a `file:` URL.
    /// - Throws: `file-not-found`; `file-archived` when it must be restored from its archive first;
    ///   `io-failed` when the folder is missing or cannot be written to.
    @discardableResult
    public func download(_ key: String, to file: URL) async throws(CasierError) -> StoredFile {
        try await wait { try await StoredFile(core.download(key: key, file: file, cancellation: $0)) }
    }

    /// Deletes a file. Deleting what is not there succeeds.
    public func delete(_ key: String) async throws(CasierError) {
        try await wait { try await core.delete(key: key, cancellation: $0) }
    }

    /// Deletes up to 1,000 files, and tells of each key, in the order given, what became of it. What
    /// is not there counts as deleted. All together have the deadline of one call and a tenth of a
    /// second more for each key; what is not deleted by then is `timeout`.
    ///
    /// - Throws: Before anything is deleted: `invalid-key` or `not-owner` when one of the keys is,
    ///   `invalid-request` for more than 1,000 keys.
    public func deleteMany(_ keys: [String]) async throws(CasierError) -> [Deletion] {
        try await wait {
            try await core.deleteMany(keys: keys, cancellation: $0).map(Deletion.init)
        }
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
