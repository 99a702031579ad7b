import Foundation
internal import CasierInternal

extension UserStorage {
    /// Uploads a file from disk: small ones in one request, large ones in parts, several at a time.
    /// Memory stays bounded whatever the size. An upload that fails or is cancelled is aborted at
    /// the store.
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
    ///   - tags: Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256.
    ///   - storageClass: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
    ///     ``Casier/Settings/storageClass``.
    ///   - progress: Tells how far it has come.
    ///   - onBegin: Is called with the id of an upload in parts as soon as there is one: keep it,
    ///     and ``resumeUpload(_:file:progress:deadline:)`` goes on after a restart. With it, a
    ///     failure that may pass (`storage-unavailable`, `timeout`) keeps what was sent.
    ///   - deadline: How long the whole call may take, in seconds. Defaults to 30 seconds and one
    ///     more for each 128 KiB.
    /// - Throws: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `content-mismatch`,
    ///   `file-too-large`, `metadata-too-large`, `invalid-request`, `checksum-mismatch`;
    ///   `file-exists` when it is not to be replaced; `io-failed` when the file on disk cannot be
    ///   read, or changes meanwhile.
    public func uploadFile(
        _ file: URL, kind: String, filename: String? = nil, metadata: [String: String] = [:],
        contentType: String? = nil, overwrite: Bool = true, unguessable: Bool = false,
        tags: [String: String] = [:], storageClass: String? = nil,
        progress: TransferProgress? = nil, onBegin: (@Sendable (String) -> Void)? = nil,
        deadline: TimeInterval? = nil
    ) async throws(CasierError) -> StoredFile {
        let options = UploadOptions(
            metadata: metadata, tags: tags, contentType: contentType, overwrite: overwrite,
            unguessable: unguessable, storageClass: storageClass, deadline: deadline,
            filename: filename)
        return try await watched(by: progress) { listener, cancellation in
            try await StoredFile(
                core.uploadFile(
                    file: file, kind: kind, options: options, progress: listener,
                    begin: onBegin.map(Beginning.init), cancellation: cancellation))
        }
    }

    /// Uploads what is in memory.
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
    ///   - tags: Tags of the object.
    ///   - storageClass: The storage class.
    ///   - progress: Tells how far it has come.
    ///   - deadline: How long the whole call may take, in seconds.
    /// - Throws: What an upload from disk throws, less what concerns the disk.
    public func uploadFileObject(
        _ data: Data, filename: String, kind: String, metadata: [String: String] = [:],
        contentType: String? = nil, overwrite: Bool = true, unguessable: Bool = false,
        tags: [String: String] = [:], storageClass: String? = nil,
        progress: TransferProgress? = nil, deadline: TimeInterval? = nil
    ) async throws(CasierError) -> StoredFile {
        let options = UploadOptions(
            metadata: metadata, tags: tags, contentType: contentType, overwrite: overwrite,
            unguessable: unguessable, storageClass: storageClass, deadline: deadline,
            filename: nil)
        return try await watched(by: progress) { listener, cancellation in
            try await StoredFile(
                core.uploadFileObject(
                    contents: Contents(data), filename: filename, kind: kind, options: options,
                    progress: listener, cancellation: cancellation))
        }
    }

    /// Uploads what a sequence gives, while it gives it: memory stays bounded whatever its length.
    ///
    /// - Parameters:
    ///   - pieces: The bytes, piece by piece.
    ///   - size: How many bytes there are, where that is known. Of another size, the sequence is
    ///     refused (`upload-incomplete`, `invalid-request`) and nothing is stored.
    ///   - filename: As for what is in memory, and so are the others.
    ///   - kind: The kind of file.
    ///   - metadata: User metadata.
    ///   - contentType: The content type.
    ///   - overwrite: Whether a file of the same key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name.
    ///   - tags: Tags of the object.
    ///   - storageClass: The storage class.
    ///   - progress: Tells how far it has come.
    ///   - deadline: How long the whole call may take, in seconds.
    /// - Throws: What the sequence throws, with nothing stored; else a ``CasierError``, as an upload
    ///   from memory.
    public func uploadFileObject<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, size: UInt64? = nil, filename: String, kind: String,
        metadata: [String: String] = [:], contentType: String? = nil, overwrite: Bool = true,
        unguessable: Bool = false, tags: [String: String] = [:], storageClass: String? = nil,
        progress: TransferProgress? = nil, deadline: TimeInterval? = nil
    ) async throws -> StoredFile where Pieces.Element == Data {
        let options = UploadOptions(
            metadata: metadata, tags: tags, contentType: contentType, overwrite: overwrite,
            unguessable: unguessable, storageClass: storageClass, deadline: deadline,
            filename: nil)
        let pipe = try call { try UploadPipe(size: size) }
        // What the sequence throws; the upload then fails by it.
        let source = Task { try await pipe.fill(from: pieces) }
        do {
            return try await watched(by: progress) { listener, cancellation in
                try await StoredFile(
                    core.uploadPipe(
                        pipe: pipe, filename: filename, kind: kind, options: options,
                        progress: listener, cancellation: cancellation))
            }
        } catch {
            source.cancel()
            // Reading fails by what the sequence throws, and by nothing else.
            if error.code == "io-failed", case .failure(let thrown) = await source.result {
                throw thrown
            }
            throw error
        }
    }

    /// Goes on with an upload in parts that broke off, from what the store holds of it and is as in
    /// the file.
    ///
    /// - Parameters:
    ///   - uploadId: What `onBegin` was called with.
    ///   - file: The file that was being uploaded.
    ///   - progress: Tells how far it has come, what the store already holds included.
    ///   - deadline: How long the whole call may take, in seconds.
    /// - Throws: `upload-not-found` when the id is forged, another's, has expired, or is of an upload
    ///   that was given up; what an upload from disk throws.
    public func resumeUpload(
        _ uploadId: String, file: URL, progress: TransferProgress? = nil,
        deadline: TimeInterval? = nil
    ) async throws(CasierError) -> StoredFile {
        try await watched(by: progress) { listener, cancellation in
            try await StoredFile(
                core.resumeUpload(
                    uploadId: uploadId, file: file, deadline: deadline, progress: listener,
                    cancellation: cancellation))
        }
    }

    /// How far an upload in parts has come.
    ///
    /// - Parameter uploadId: What `onBegin` was called with, or ``BegunUpload/uploadId``.
    /// - Throws: `upload-not-found`.
    public func uploadState(_ uploadId: String) async throws(CasierError) -> UploadState {
        try await wait {
            try await UploadState(core.uploadState(uploadId: uploadId, cancellation: $0))
        }
    }

    /// Gives up an upload in parts: what the store holds of it goes. One that is over already,
    /// completed or given up, stays as it is.
    ///
    /// - Parameter uploadId: What `onBegin` was called with, or ``BegunUpload/uploadId``.
    /// - Throws: `upload-not-found` when the id is forged, another's, or has expired.
    public func abortUpload(_ uploadId: String) async throws(CasierError) {
        try await wait { try await core.abortUpload(uploadId: uploadId, cancellation: $0) }
    }

    /// Aborts the uploads in parts of this scope whose ids have expired: what crashes have left. By
    /// the store's own clock, so that no live upload is swept.
    public func sweepUploads() async throws(CasierError) -> SweptUploads {
        try await wait { try await SweptUploads(core.sweepUploads(cancellation: $0)) }
    }
}

/// How far an upload in parts has come.
public struct UploadState: Redacted, Sendable {
    /// The full S3 key that the file will have.
    public let key: String
    /// The last part of the key.
    public let filename: String
    /// The kind.
    public let kind: String?
    /// The size of the file in bytes.
    public let size: UInt64
    /// The bytes of each part but the last.
    public let partSize: UInt64
    /// How many parts the file has.
    public let partCount: UInt32
    /// The numbers of the parts that the store holds, from 1 on.
    public let parts: [UInt32]
    /// The bytes that the store holds.
    public let sent: UInt64
    /// When the id of the upload ends.
    public let expiresAt: Date

    init(_ state: CasierInternal.UploadState) {
        key = state.key
        filename = state.filename
        kind = state.kind
        size = state.size
        partSize = state.partSize
        partCount = state.partCount
        parts = state.parts
        sent = state.sent
        expiresAt = state.expiresAt
    }

    /// The key, and how much of it is sent.
    public var description: String { "UploadState(key: \(key), sent: \(sent), size: \(size))" }
}

/// What ``UserStorage/sweepUploads()`` has found.
public struct SweptUploads: Sendable {
    /// How many uploads have been aborted.
    public let aborted: UInt64
    /// How many may still be completed, and were left alone.
    public let live: UInt64

    init(_ swept: CasierInternal.SweptUploads) {
        aborted = swept.aborted
        live = swept.live
    }
}

private final class Beginning: BeginListener {
    private let tell: @Sendable (String) -> Void

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    func begun(uploadId: String) { tell(uploadId) }
}

extension UploadPipe {
    /// Sends what the sequence gives, as fast as the upload takes it.
    fileprivate func fill<Pieces: AsyncSequence>(from pieces: Pieces) async throws
    where Pieces.Element == Data {
        do {
            for try await piece in pieces {
                var rest = piece[...]
                while !rest.isEmpty {
                    guard try await push(piece: Data(rest.prefix(Contents.pieceSize))) else { return }
                    rest = rest.dropFirst(Contents.pieceSize)
                }
            }
            // A sequence whose task is cancelled may end as if it were over.
            try Task.checkCancellation()
            try finish()
        } catch {
            try? await fail()
            throw error
        }
    }
}
