import Foundation
internal import CasierInternal

extension UserStorage {
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

    /// Copies a file inside the scope, at the store. What the policy says of uploads holds for the
    /// copy. Copied onto itself, a file gets other metadata, tags or another content type.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - filename: The copy's name. Defaults to the original's.
    ///   - kind: The copy's kind. Defaults to the original's.
    ///   - overwrite: Whether a file of the copy's key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name, before its extension.
    ///   - metadata: User metadata in place of the original's.
    ///   - contentType: Defaults to the original's while the extension stays the same, and to the
    ///     one of the new extension otherwise.
    ///   - tags: Tags in place of the original's.
    /// - Throws: `file-not-found`; `file-exists` when it is not to be replaced; `conflict` when the
    ///   original is replaced meanwhile; what an upload throws.
    public func copy(
        _ key: String, filename: String? = nil, kind: String? = nil, overwrite: Bool = true,
        unguessable: Bool = false, metadata: [String: String]? = nil, contentType: String? = nil,
        tags: [String: String]? = nil
    ) async throws(CasierError) -> StoredFile {
        let options = CopyOptions(
            filename: filename, kind: kind, overwrite: overwrite, unguessable: unguessable,
            metadata: metadata, contentType: contentType, tags: tags)
        return try await wait {
            try await StoredFile(core.copy(key: key, options: options, cancellation: $0))
        }
    }

    /// Moves a file inside the scope: copies it, and deletes the original once the copy is there.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - filename: As for a copy, and so are the others.
    ///   - kind: The new kind.
    ///   - overwrite: Whether a file of the new key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name.
    ///   - metadata: User metadata in place of the original's.
    ///   - contentType: The content type.
    ///   - tags: Tags in place of the original's.
    /// - Throws: What a copy throws; `conflict` also when the original is replaced after it was
    ///   copied: both are there then.
    public func move(
        _ key: String, filename: String? = nil, kind: String? = nil, overwrite: Bool = true,
        unguessable: Bool = false, metadata: [String: String]? = nil, contentType: String? = nil,
        tags: [String: String]? = nil
    ) async throws(CasierError) -> StoredFile {
        let options = CopyOptions(
            filename: filename, kind: kind, overwrite: overwrite, unguessable: unguessable,
            metadata: metadata, contentType: contentType, tags: tags)
        return try await wait {
            try await StoredFile(core.moveTo(key: key, options: options, cancellation: $0))
        }
    }

    /// Gives a file another name, in the folder of its kind.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - filename: The new name. It is cleaned: the answer tells the name that was stored.
    ///   - overwrite: Whether a file of that name is replaced.
    /// - Throws: What a move throws.
    public func rename(
        _ key: String, filename: String, overwrite: Bool = true
    ) async throws(CasierError) -> StoredFile {
        try await wait {
            try await StoredFile(
                core.rename(key: key, filename: filename, overwrite: overwrite, cancellation: $0))
        }
    }

    /// Deletes a file. Deleting what is not there succeeds.
    public func delete(_ key: String) async throws(CasierError) {
        try await wait { try await core.delete(key: key, cancellation: $0) }
    }

    /// Deletes files, 1,000 in a request, and tells of each key, in the order given, what became of
    /// it. What is not there counts as deleted.
    ///
    /// - Throws: Before anything is deleted: `invalid-key` or `not-owner` when one of the keys is.
    public func deleteMany(_ keys: [String]) async throws(CasierError) -> [Deletion] {
        try await wait {
            try await core.deleteMany(keys: keys, cancellation: $0).map(Deletion.init)
        }
    }

    /// Deletes everything in the scope: files with all their versions, also those whose keys cannot
    /// be read, and unfinished uploads. Safe to call again: what is gone is gone.
    @discardableResult
    public func deleteAll() async throws(CasierError) -> Receipt {
        try await wait { try await Receipt(core.deleteAll(cancellation: $0)) }
    }

    /// How many files the scope holds, and how many bytes. The whole scope is listed for it.
    public func usage() async throws(CasierError) -> Usage {
        try await wait { try await Usage(core.usage(cancellation: $0)) }
    }

    /// The tags of a file.
    ///
    /// - Throws: `file-not-found`; `storage-unsupported` where the store has no tags.
    public func tags(_ key: String) async throws(CasierError) -> [String: String] {
        try await wait { try await core.tags(key: key, cancellation: $0) }
    }

    /// Replaces the tags of a file; no tags remove them.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - tags: 10 at most, names of 1 to 128 characters, values of up to 256.
    /// - Throws: `file-not-found`; `invalid-request` for the tags; `storage-unsupported` where the
    ///   store has none.
    public func setTags(_ key: String, _ tags: [String: String]) async throws(CasierError) {
        try await wait { try await core.setTags(key: key, tags: tags, cancellation: $0) }
    }
}

/// What ``UserStorage/deleteAll()`` has deleted.
public struct Receipt: Sendable {
    /// How many files: the current versions.
    public let files: UInt64
    /// How many older versions.
    public let versions: UInt64
    /// How many delete markers.
    public let deleteMarkers: UInt64
    /// How many unfinished uploads.
    public let uploads: UInt64
    /// The bytes of the files and the older versions.
    public let bytes: UInt64
    /// What is still there, and why; empty when all is gone.
    public let failed: [Deletion]

    init(_ receipt: CasierInternal.Receipt) {
        files = receipt.files
        versions = receipt.versions
        deleteMarkers = receipt.deleteMarkers
        uploads = receipt.uploads
        bytes = receipt.bytes
        failed = receipt.failed.map(Deletion.init)
    }
}

/// What a scope holds.
public struct Usage: Sendable, Equatable {
    /// How many files.
    public let files: UInt64
    /// Their bytes.
    public let bytes: UInt64
    /// The same for each kind. What lies in no kind's folder counts above alone.
    public let byKind: [String: KindUsage]

    init(_ usage: CasierInternal.Usage) {
        files = usage.files
        bytes = usage.bytes
        byKind = usage.byKind.mapValues(KindUsage.init)
    }
}

/// What a scope holds of one kind.
public struct KindUsage: Sendable, Equatable {
    /// How many files.
    public let files: UInt64
    /// Their bytes.
    public let bytes: UInt64

    init(_ usage: CasierInternal.KindUsage) {
        files = usage.files
        bytes = usage.bytes
    }
}
