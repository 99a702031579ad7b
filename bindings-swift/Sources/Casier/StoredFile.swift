import Foundation
internal import CasierInternal

/// A stored file.
public struct StoredFile: Redacted, Sendable {
    /// The full S3 key. Compare keys by their `utf8`: S3 keeps the two spellings of `é` apart, and
    /// Swift's `==` does not.
    public let key: String
    /// The last part of the key.
    public let filename: String
    /// The kind; `nil` when the key lies in no folder of a kind.
    public let kind: String?
    /// The size in bytes.
    public let size: UInt64
    /// The content type; `nil` in a listing without metadata.
    public let contentType: String?
    /// The entity tag, without its quotes. Not always an MD5.
    public let etag: String?
    /// When the file was stored; `nil` after an upload.
    public let lastModified: Date?
    /// The user metadata; empty in a listing without metadata.
    public let metadata: [String: String]
    /// The storage class, where the store names one.
    public let storageClass: String?

    init(_ file: CasierInternal.StoredFile) {
        key = file.key
        filename = file.filename
        kind = file.kind
        size = file.size
        contentType = file.contentType
        etag = file.etag
        lastModified = file.lastModified
        metadata = file.metadata
        storageClass = file.storageClass
    }

    /// The key and the size.
    public var description: String { "StoredFile(key: \(key), size: \(size))" }
}

/// Some files of a scope, in the order of the bytes of their keys.
public struct Page: Sendable {
    /// The files.
    public let items: [StoredFile]
    /// Where the next page begins; `nil` when there is no more.
    public let nextCursor: String?
    /// How many objects were left out because their keys cannot be read: folders that consoles
    /// make, objects of other tools.
    public let skipped: UInt64

    init(_ page: CasierInternal.Page) {
        items = page.items.map(StoredFile.init)
        nextCursor = page.nextCursor
        skipped = page.skipped
    }
}

/// What became of one key of ``UserStorage/deleteMany(_:)``.
public struct Deletion: Sendable {
    /// The key, as it was given.
    public let key: String
    /// Why the file could not be deleted; `nil` when it is gone.
    public let error: CasierError?

    init(_ deletion: CasierInternal.Deletion) {
        key = deletion.key
        error = deletion.error.map(CasierError.init)
    }
}
